/** JSON values. Bytes that are not JSON, or do not fit the schema, are a `DeserializationError` at the listener. */
import type { Serde } from '../model/index.js'
import { validateWith } from './standard-schema.js'
import type { StandardSchema } from './standard-schema.js'

export interface JsonOptions<T> {
  /** Checks values when they are read (and gives what it returns, so defaults and transforms apply). */
  schema?: StandardSchema<never, T> | undefined
  /** Checks values also before they are sent. Default false. */
  validateOnSend?: boolean | undefined
}

/** UTF-8 JSON. `json<Order>()` trusts the bytes; `json(schema)` checks them with any Standard Schema validator. */
export function json<T = unknown>(options?: JsonOptions<T>): Serde<T>
export function json<T>(schema: StandardSchema<never, T>): Serde<T>
export function json<T>(given: JsonOptions<T> | StandardSchema<never, T> = {}): Serde<T> {
  const options: JsonOptions<T> = '~standard' in given ? { schema: given } : given
  const schema = options.schema as StandardSchema<unknown, T> | undefined
  const encode = (value: T): Buffer => {
    const text = JSON.stringify(value) as string | undefined
    if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON form`)
    return Buffer.from(text)
  }
  return {
    name: 'json',
    serialize(value) {
      if (schema === undefined || !options.validateOnSend) return encode(value)
      const checked = validateWith(schema, value)
      return checked instanceof Promise ? checked.then(() => encode(value)) : encode(value)
    },
    deserialize(data) {
      const value: unknown = JSON.parse(data.toString('utf8'))
      return schema === undefined ? (value as T) : validateWith(schema, value)
    },
  }
}
