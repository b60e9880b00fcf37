/**
 * LZ4 in its frame format. Written as Java's client does it: blocks of 64 KiB that do not depend on each other, no content
 * checksum. Read with everything that the format has but dictionaries: larger and dependent blocks, sizes and checksums.
 *
 * A block is a series of: token (literal length, match length - 4), literals, distance (16 bits, little endian).
 */
import { CompressionError, DecompressedTooLargeError, type Codec } from './codec.js'
import { BLOCK_BYTES_MAX, copyForwards, findMatches, type MatchSink } from './matches.js'
import { xxhash32 } from './xxhash32.js'

const MAGIC = 0x184d2204
const VERSION_MASK = 0xc0
const VERSION = 0x40
const INDEPENDENT_BLOCKS = 0x20
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY = 0x01
const BLOCK_SIZE_64K = 4
const UNCOMPRESSED = 0x8000_0000
/** More than a block can become: 255 bytes for each of match length. */
const RATIO_MAX = 255

export const lz4: Codec = {
  name: 'lz4',
  id: 3,
  compress(data) {
    const blocks = Math.ceil(data.length / BLOCK_BYTES_MAX)
    const out = Buffer.allocUnsafe(7 + data.length + blocks * (4 + maxGrowth(BLOCK_BYTES_MAX)) + 4)
    out.writeUInt32LE(MAGIC, 0)
    out[4] = VERSION | INDEPENDENT_BLOCKS
    out[5] = BLOCK_SIZE_64K << 4
    out[6] = descriptorChecksum(out, 4, 6)
    let at = 7
    for (let from = 0; from < data.length; from += BLOCK_BYTES_MAX) {
      at = writeBlock(data, from, Math.min(from + BLOCK_BYTES_MAX, data.length), out, at)
    }
    out.writeUInt32LE(0, at)
    return out.subarray(0, at + 4)
  },
  decompress(data, maxBytes) {
    const source = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    return decompressFrame(source, maxBytes)
  },
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Frame {
  readonly blocksAt: number
  readonly blockBytesMax: number
  readonly blockChecksum: boolean
  readonly contentChecksum: boolean
  readonly contentSize: number | undefined
}

function readDescriptor(data: Buffer): Frame {
  if (data.length < 7 || data.readUInt32LE(0) !== MAGIC)
    throw new CompressionError('not an LZ4 frame: its magic number is missing')
  const flags = data[4]!
  const blockSize = (data[5]! >>> 4) & 7
  if ((flags & VERSION_MASK) !== VERSION) throw new CompressionError('an LZ4 frame of a version that is not known')
  if (flags & DICTIONARY) throw new CompressionError('an LZ4 frame with a dictionary, which Kafka does not use')
  if (blockSize < BLOCK_SIZE_64K) throw new CompressionError(`an LZ4 frame with block size ${blockSize}`)
  const sized = (flags & CONTENT_SIZE) !== 0
  const checksumAt = sized ? 14 : 6
  if (data.length <= checksumAt || data[checksumAt] !== descriptorChecksum(data, 4, checksumAt)) {
    throw new CompressionError('the header of an LZ4 frame does not match its checksum')
  }
  return {
    blocksAt: checksumAt + 1,
    blockBytesMax: 1 << (8 + 2 * blockSize),
    blockChecksum: (flags & BLOCK_CHECKSUM) !== 0,
    contentChecksum: (flags & CONTENT_CHECKSUM) !== 0,
    contentSize: sized ? Number(data.readBigUInt64LE(6)) : undefined,
  }
}

function decompressFrame(data: Buffer, maxBytes: number): Buffer {
  const frame = readDescriptor(data)
  if (frame.contentSize !== undefined && frame.contentSize > maxBytes)
    throw new DecompressedTooLargeError('lz4', maxBytes)
  const out = Buffer.allocUnsafe(Math.min(outputBound(data, frame), maxBytes))
  let outAt = 0
  let at = frame.blocksAt
  for (let size = blockSize(data, at); size !== 0; size = blockSize(data, at)) {
    const from = at + 4
    const length = size & ~UNCOMPRESSED
    const to = from + length
    const outMax = Math.min(out.length, outAt + frame.blockBytesMax)
    if (to > data.length) throw damaged()
    if (size & UNCOMPRESSED) {
      if (length > outMax - outAt) throw tooMuch(out, outAt, frame, maxBytes)
      data.copy(out, outAt, from, to)
      outAt += length
    } else {
      const end = decompressBlock(data, from, to, out, outAt, outMax)
      if (end < 0) throw tooMuch(out, outAt, frame, maxBytes)
      outAt = end
    }
    at = to
    if (frame.blockChecksum) {
      checkSum(data, at, xxhash32(data, from, to), 'block')
      at += 4
    }
  }
  const content = out.subarray(0, outAt)
  if (frame.contentSize !== undefined && frame.contentSize !== outAt) throw damaged()
  if (frame.contentChecksum) checkSum(data, at + 4, xxhash32(content), 'content')
  return content
}

/** Size word of the block at `at`, 0 at the end; unsigned bits, as a signed number. */
function blockSize(data: Buffer, at: number): number {
  if (at + 4 > data.length) throw new CompressionError('an LZ4 frame ends before its end mark')
  return data.readInt32LE(at)
}

/** What the blocks can become at most, by their sizes alone. */
function outputBound(data: Buffer, frame: Frame): number {
  let bound = 0
  let at = frame.blocksAt
  for (let size = blockSize(data, at); size !== 0; size = blockSize(data, at)) {
    const length = size & ~UNCOMPRESSED
    bound += size & UNCOMPRESSED ? length : Math.min(frame.blockBytesMax, length * RATIO_MAX)
    at += 4 + length + (frame.blockChecksum ? 4 : 0)
  }
  return bound
}

/** Gives where the output ends, or -1 when it would go beyond `outMax`. */
function decompressBlock(data: Buffer, from: number, to: number, out: Buffer, start: number, outMax: number): number {
  let at = from
  let outAt = start
  for (;;) {
    const token = data[at++]!
    let literals = token >>> 4
    if (literals === 15) {
      for (let more = 255; more === 255; literals += more) {
        if (at >= to) throw damaged()
        more = data[at++]!
      }
    }
    if (at + literals > to) throw damaged()
    if (outAt + literals > outMax) return -1
    copyForwards(out, outAt, data, at, literals)
    at += literals
    outAt += literals
    // a block ends with literals
    if (at === to) return outAt
    if (at + 2 > to) throw damaged()
    const distance = data[at]! | (data[at + 1]! << 8)
    at += 2
    let length = (token & 15) + 4
    if (length === 19) {
      for (let more = 255; more === 255; length += more) {
        if (at >= to) throw damaged()
        more = data[at++]!
      }
    }
    if (distance === 0 || distance > outAt || at >= to) throw damaged()
    if (outAt + length > outMax) return -1
    copyForwards(out, outAt, out, outAt - distance, length)
    outAt += length
  }
}

function tooMuch(out: Buffer, outAt: number, frame: Frame, maxBytes: number): CompressionError {
  return outAt + frame.blockBytesMax > out.length && out.length === maxBytes
    ? new DecompressedTooLargeError('lz4', maxBytes)
    : damaged()
}

function checkSum(data: Buffer, at: number, sum: number, what: string): void {
  if (at + 4 > data.length || data.readUInt32LE(at) !== sum) {
    throw new CompressionError(`the ${what} of an LZ4 frame does not match its checksum`)
  }
}

const damaged = (): CompressionError => new CompressionError('an LZ4 block is damaged')

const descriptorChecksum = (data: Buffer, from: number, to: number): number => (xxhash32(data, from, to) >>> 8) & 0xff

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const maxGrowth = (length: number): number => Math.ceil(length / 255) + 16

/** Gives where the output ends. What does not get smaller is stored as it is. */
function writeBlock(data: Uint8Array, from: number, to: number, out: Buffer, at: number): number {
  const length = to - from
  const sequences = new Sequences(data, out, at + 4)
  const rest = findMatches(data, from, to, sequences)
  sequences.last(rest, to)
  const size = sequences.at - at - 4
  if (size < length) {
    out.writeUInt32LE(size, at)
    return sequences.at
  }
  out.writeUInt32LE((length | UNCOMPRESSED) >>> 0, at)
  out.set(data.subarray(from, to), at + 4)
  return at + 4 + length
}

class Sequences implements MatchSink {
  constructor(
    private readonly data: Uint8Array,
    private readonly out: Buffer,
    public at: number,
  ) {}

  sequence(literalFrom: number, matchFrom: number, distance: number, length: number): void {
    const { out } = this
    const tokenAt = this.at++
    const literals = matchFrom - literalFrom
    const beyond = length - 4
    out[tokenAt] = (Math.min(literals, 15) << 4) | Math.min(beyond, 15)
    this.literals(literalFrom, literals)
    out[this.at++] = distance & 0xff
    out[this.at++] = distance >>> 8
    if (beyond >= 15) this.rest(beyond - 15)
  }

  last(from: number, to: number): void {
    this.out[this.at++] = Math.min(to - from, 15) << 4
    this.literals(from, to - from)
  }

  private literals(from: number, length: number): void {
    if (length >= 15) this.rest(length - 15)
    copyForwards(this.out, this.at, this.data, from, length)
    this.at += length
  }

  private rest(length: number): void {
    let left = length
    for (; left >= 255; left -= 255) this.out[this.at++] = 255
    this.out[this.at++] = left
  }
}
