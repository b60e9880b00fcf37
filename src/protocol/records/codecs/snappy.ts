/**
 * Snappy, in the two framings that Kafka's clients write: Java's and most others' (a header and blocks, each with its
 * size, as the xerial library has it) and the raw format of a single block (librdkafka). Written as Java does it.
 *
 * Raw format: the decompressed size as varint, then tags. Lowest two bits 0 = literals, 1, 2, 3 = a copy with a distance
 * of 11, 16, 32 bits.
 */
import { CompressionError, DecompressedTooLargeError, type Codec } from './codec.js'
import { copyForwards, findMatches, type MatchSink } from './matches.js'

/** 0x82 SNAPPY 0, version 1, readable by version 1. */
const HEADER = Buffer.from('82534e415050590000000001' + '00000001', 'hex')
const MAGIC_BYTES = 8
const MAGIC_INT = HEADER.readInt32BE(0)
/** The block size of Java's library. */
const BLOCK_BYTES = 32 * 1024
/** A copy of 64 bytes takes at least 3. */
const RATIO_MAX = 22

export const snappy: Codec = {
  name: 'snappy',
  id: 2,
  compress(data) {
    const blocks = Math.ceil(data.length / BLOCK_BYTES)
    const out = Buffer.allocUnsafe(HEADER.length + blocks * 4 + blocks * maxCompressedBytes(BLOCK_BYTES))
    HEADER.copy(out)
    let at = HEADER.length
    for (let from = 0; from < data.length; from += BLOCK_BYTES) {
      const end = compressBlock(data, from, Math.min(from + BLOCK_BYTES, data.length), out, at + 4)
      out.writeInt32BE(end - at - 4, at)
      at = end
    }
    return out.subarray(0, at)
  },
  decompress(data, maxBytes) {
    const view = asBuffer(data)
    if (view.length < HEADER.length || HEADER.compare(view, 0, MAGIC_BYTES, 0, MAGIC_BYTES) !== 0) {
      const out = Buffer.allocUnsafe(decompressedSize(view, 0, view.length, maxBytes))
      decompressBlock(view, 0, view.length, out, 0)
      return out
    }
    return decompressFramed(view, maxBytes)
  },
}

function decompressFramed(data: Buffer, maxBytes: number): Buffer {
  let total = 0
  eachBlock(data, (from, to) => {
    total += decompressedSize(data, from, to, maxBytes - total)
  })
  const out = Buffer.allocUnsafe(total)
  let at = 0
  eachBlock(data, (from, to) => {
    at = decompressBlock(data, from, to, out, at)
  })
  return out
}

function eachBlock(data: Buffer, take: (from: number, to: number) => void): void {
  let at = HEADER.length
  while (at < data.length) {
    if (data.length - at < 4) throw new CompressionError('a snappy frame ends within the size of a block')
    const size = data.readInt32BE(at)
    // streams that were joined have a header between them
    if (size === MAGIC_INT) {
      at += HEADER.length
      continue
    }
    at += 4
    if (size < 0 || size > data.length - at) {
      throw new CompressionError(`a snappy block claims ${size} bytes of ${data.length - at}`)
    }
    take(at, at + size)
    at += size
  }
}

function decompressedSize(data: Buffer, from: number, to: number, maxBytes: number): number {
  const { value } = readSize(data, from, to)
  if (value > maxBytes) throw new DecompressedTooLargeError('snappy', maxBytes)
  if (value > (to - from) * RATIO_MAX) throw new CompressionError(`${to - from} bytes of snappy can't become ${value}`)
  return value
}

function readSize(data: Buffer, from: number, to: number): { value: number; next: number } {
  let value = 0
  for (let at = from, scale = 1; at < to && at < from + 5; at++, scale *= 128) {
    value += (data[at]! & 0x7f) * scale
    if (data[at]! < 0x80) return { value, next: at + 1 }
  }
  throw new CompressionError('a snappy block has no size')
}

/** Gives where the output ends. */
function decompressBlock(data: Buffer, from: number, to: number, out: Buffer, start: number): number {
  const size = readSize(data, from, to)
  const end = start + size.value
  let at = size.next
  let outAt = start
  while (at < to) {
    const tag = data[at++]!
    let length: number
    if ((tag & 3) === 0) {
      length = (tag >>> 2) + 1
      if (length > 60) {
        const sizeBytes = length - 60
        if (at + sizeBytes > to) throw damaged()
        length = data.readUIntLE(at, sizeBytes) + 1
        at += sizeBytes
      }
      if (at + length > to || outAt + length > end) throw damaged()
      copyForwards(out, outAt, data, at, length)
      at += length
    } else {
      let distance: number
      if ((tag & 3) === 1) {
        length = ((tag >>> 2) & 7) + 4
        distance = ((tag >>> 5) << 8) | data[at]!
        at += 1
      } else if ((tag & 3) === 2) {
        length = (tag >>> 2) + 1
        distance = data[at]! | (data[at + 1]! << 8)
        at += 2
      } else {
        length = (tag >>> 2) + 1
        distance = at + 4 <= to ? data.readUInt32LE(at) : 0
        at += 4
      }
      if (at > to || distance === 0 || distance > outAt - start || outAt + length > end) throw damaged()
      copyForwards(out, outAt, out, outAt - distance, length)
    }
    outAt += length
  }
  if (outAt !== end) throw damaged()
  return outAt
}

const damaged = (): CompressionError => new CompressionError('a snappy block is damaged')

function maxCompressedBytes(length: number): number {
  return 5 + length + Math.ceil(length / 60) + 8
}

/** Gives where the output ends. */
function compressBlock(data: Uint8Array, from: number, to: number, out: Buffer, start: number): number {
  let at = start
  let size = to - from
  for (; size > 0x7f; size >>>= 7) out[at++] = (size & 0x7f) | 0x80
  out[at++] = size
  const tags = new Tags(data, out, at)
  const rest = findMatches(data, from, to, tags)
  tags.literals(rest, to)
  return tags.at
}

class Tags implements MatchSink {
  constructor(
    private readonly data: Uint8Array,
    private readonly out: Buffer,
    public at: number,
  ) {}

  sequence(literalFrom: number, matchFrom: number, distance: number, length: number): void {
    this.literals(literalFrom, matchFrom)
    let left = length
    // a copy takes 4 to 64 bytes: never leave less than 4 for the last one
    while (left > 64) {
      const step = left >= 68 ? 64 : left - 4
      this.copy(distance, step)
      left -= step
    }
    this.copy(distance, left)
  }

  literals(from: number, to: number): void {
    const length = to - from
    if (length === 0) return
    const { out } = this
    if (length <= 60) {
      out[this.at++] = (length - 1) << 2
    } else {
      const sizeBytes = length <= 0x100 ? 1 : 2
      out[this.at++] = (59 + sizeBytes) << 2
      out[this.at++] = (length - 1) & 0xff
      if (sizeBytes === 2) out[this.at++] = (length - 1) >>> 8
    }
    copyForwards(out, this.at, this.data, from, length)
    this.at += length
  }

  private copy(distance: number, length: number): void {
    const { out } = this
    if (length <= 11 && distance < 2048) {
      out[this.at++] = 1 | ((length - 4) << 2) | ((distance >>> 8) << 5)
      out[this.at++] = distance & 0xff
    } else {
      out[this.at++] = 2 | ((length - 1) << 2)
      out[this.at++] = distance & 0xff
      out[this.at++] = distance >>> 8
    }
  }
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}
