/** Bytes as they are. */
import type { Serde } from '../model/index.js'

export function bytes(): Serde<Buffer> {
  return {
    name: 'bytes',
    serialize(value) {
      if (!(value instanceof Uint8Array)) throw new TypeError(`the bytes serde got a value of type ${typeof value}`)
      return value
    },
    deserialize: (data) => data,
  }
}
