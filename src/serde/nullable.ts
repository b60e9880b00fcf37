/** Topics in which null values, tombstones, are for the handler to see. */
import { KafkaError } from '../model/index.js'
import type { Serde } from '../model/index.js'
import { optionalParts } from './or-error.js'

const NULLABLE: unique symbol = Symbol.for('kts-kafka.nullable')

/**
 * Says that null values (tombstones) are expected: record handlers of the topic are given `null`. Without it a tombstone
 * goes to the error handler, which gives it up at once, as Spring's required `@Payload` does.
 */
export function nullable<T>(serde: Serde<T>): Serde<T | null> {
  const given: Serde<T | null> & { [NULLABLE]: true } = {
    ...optionalParts(serde),
    name: `nullable(${serde.name})`,
    [NULLABLE]: true,
    serialize(value, context) {
      if (value === null) throw new KafkaError('serde', 'null is a tombstone and is never serialized')
      return serde.serialize(value, context)
    },
    deserialize: (data, context) => serde.deserialize(data, context),
  }
  return given
}

export function isNullable(serde: Serde<unknown>): boolean {
  return NULLABLE in serde
}
