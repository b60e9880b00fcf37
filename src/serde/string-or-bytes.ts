/** Text as UTF-8 and bytes as they are; what topics without a serde are written with. */
import type { Serde } from '../model/index.js'

/** Reads text. */
export function stringOrBytes(): Serde<string | Uint8Array> {
  return {
    name: 'stringOrBytes',
    serialize(value) {
      if (typeof value === 'string') return Buffer.from(value)
      if (value instanceof Uint8Array) return value
      throw new TypeError(
        `neither text nor bytes but of type ${typeof value}: send to a topic(…) that says how its values are written, or set producer.value`,
      )
    },
    deserialize: (data) => data.toString('utf8'),
  }
}
