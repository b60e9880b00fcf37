/**
 * CRC-32C (Castagnoli), the checksum of record batches and of Kafka's snapshot files.
 * Own slicing-by-8 below 256 bytes, where a native call costs more than it saves; native above when
 * `@node-rs/crc32` is installed (an optional dependency), our own otherwise.
 */
import { createRequire } from 'node:module'

const POLYNOMIAL = 0x82f63b78
const NATIVE_FROM_BYTES = 256

const tables = ((): Uint32Array[] => {
  const first = new Uint32Array(256)
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ POLYNOMIAL : c >>> 1
    first[n] = c >>> 0
  }
  const all = [first]
  for (let t = 1; t < 8; t++) {
    const previous = all[t - 1]!
    all.push(previous.map((c) => (c >>> 8) ^ first[c & 0xff]!))
  }
  return all
})()
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
]

/** `seed` is the CRC of what came before, so that a sum can be taken in pieces. Unsigned 32-bit result. */
export function crc32cSoftware(data: Uint8Array, seed = 0): number {
  let crc = ~seed
  let i = 0
  const end8 = data.length - (data.length & 7)
  while (i < end8) {
    const low = crc ^ (data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24))
    crc =
      t7[low & 0xff]! ^
      t6[(low >>> 8) & 0xff]! ^
      t5[(low >>> 16) & 0xff]! ^
      t4[low >>> 24]! ^
      t3[data[i + 4]!]! ^
      t2[data[i + 5]!]! ^
      t1[data[i + 6]!]! ^
      t0[data[i + 7]!]!
    i += 8
  }
  while (i < data.length) crc = (crc >>> 8) ^ t0[(crc ^ data[i++]!) & 0xff]!
  return ~crc >>> 0
}

type NativeCrc = (data: Uint8Array, seed?: number) => number

let native: NativeCrc | null | undefined

function loadNative(): NativeCrc | null {
  try {
    return (createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: NativeCrc }).crc32c
  } catch {
    return null
  }
}

export function crc32c(data: Uint8Array, seed = 0): number {
  if (data.length < NATIVE_FROM_BYTES) return crc32cSoftware(data, seed)
  native ??= loadNative()
  return native ? native(data, seed) >>> 0 : crc32cSoftware(data, seed)
}
