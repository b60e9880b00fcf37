/** Keys or values that are always null, Java's `VoidSerializer`. */
import type { Serde } from '../model/index.js'
import { nullable } from './nullable.js'

/** Only null is ever written; bytes where there should be none can't be read. */
export function none(): Serde<null> {
  const never: Serde<never> = {
    name: 'none',
    serialize() {
      throw new TypeError('nothing but null is sent here')
    },
    deserialize(data) {
      throw new TypeError(`there should be nothing here, but there are ${data.length} bytes`)
    },
  }
  return { ...nullable(never), name: 'none' }
}
