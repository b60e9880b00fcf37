/** Text. */
import type { Serde } from '../model/index.js'

/** UTF-8 by default; any encoding of Node's Buffer, e.g. 'latin1'. */
export function string(encoding: BufferEncoding = 'utf8'): Serde<string> {
  return {
    name: 'string',
    serialize(value) {
      if (typeof value !== 'string') throw new TypeError(`the string serde got a value of type ${typeof value}`)
      return Buffer.from(value, encoding)
    },
    deserialize: (data) => data.toString(encoding),
  }
}
