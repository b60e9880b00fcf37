/** Lets a handler see what can't be read: a typed value in place of a trip to the error handler. */
import type { Serde } from '../model/index.js'
import { DeserializationError } from './deserialization-error.js'

/** A value that `serde` can't read becomes a `DeserializationError` value, which holds the raw bytes. */
export function orError<T>(serde: Serde<T>): Serde<T | DeserializationError> {
  return {
    ...optionalParts(serde),
    name: `orError(${serde.name})`,
    serialize(value, context) {
      if (value instanceof DeserializationError) return value.data
      return serde.serialize(value, context)
    },
    deserialize(data, context) {
      const failed = (cause: unknown): DeserializationError => new DeserializationError(data, context, cause)
      try {
        const value = serde.deserialize(data, context)
        return value instanceof Promise ? value.catch(failed) : value
      } catch (cause) {
        return failed(cause)
      }
    },
  }
}

/** What a wrapping serde passes on unchanged. */
export function optionalParts(serde: Serde<unknown>): Pick<Serde<unknown>, 'close'> {
  return serde.close === undefined ? {} : { close: () => serde.close!() }
}
