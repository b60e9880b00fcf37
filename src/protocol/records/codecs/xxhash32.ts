/** xxHash32, the checksum inside LZ4 frames. */
const PRIME1 = 0x9e3779b1
const PRIME2 = 0x85ebca77
const PRIME3 = 0xc2b2ae3d
const PRIME4 = 0x27d4eb2f
const PRIME5 = 0x165667b1

/** Of the bytes from `from` to `to`; an unsigned number. */
export function xxhash32(data: Buffer, from = 0, to = data.length, seed = 0): number {
  let at = from
  let hash: number
  if (to - from >= 16) {
    let a = (seed + PRIME1 + PRIME2) | 0
    let b = (seed + PRIME2) | 0
    let c = seed | 0
    let d = (seed - PRIME1) | 0
    for (; at + 16 <= to; at += 16) {
      a = round(a, data.readInt32LE(at))
      b = round(b, data.readInt32LE(at + 4))
      c = round(c, data.readInt32LE(at + 8))
      d = round(d, data.readInt32LE(at + 12))
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0
  } else {
    hash = (seed + PRIME5) | 0
  }
  hash = (hash + (to - from)) | 0
  for (; at + 4 <= to; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(data.readInt32LE(at), PRIME3)) | 0, 17), PRIME4)
  }
  for (; at < to; at++) hash = Math.imul(rotate((hash + Math.imul(data[at]!, PRIME5)) | 0, 11), PRIME1)
  hash = Math.imul(hash ^ (hash >>> 15), PRIME2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME3)
  return (hash ^ (hash >>> 16)) >>> 0
}

const round = (sum: number, lane: number): number => Math.imul(rotate((sum + Math.imul(lane, PRIME2)) | 0, 13), PRIME1)

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))
