/**
 * Reading and writing big-endian bytes, as Kafka has them everywhere.
 *
 * A `Reader` never reads past its end: a short or lying buffer gives one `MalformedError` naming the place, and no count
 * is trusted before the bytes that it claims are seen to be there. A `Writer` grows as needed.
 * int64 values are numbers: reading saturates at ±Number.MAX_SAFE_INTEGER, writing clamps.
 */

export class MalformedError extends Error {
  override readonly name: string = 'MalformedError'
}

const TWO_32 = 4_294_967_296
const ZERO_UUID = Buffer.alloc(16)

export function readInt64(buffer: Buffer, at: number): number {
  const value = buffer.readInt32BE(at) * TWO_32 + buffer.readUInt32BE(at + 4)
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER
  if (value < -Number.MAX_SAFE_INTEGER) return -Number.MAX_SAFE_INTEGER
  return value
}

export function writeInt64(buffer: Buffer, value: number, at: number): void {
  const clamped = Math.min(Math.max(value, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
  const high = Math.floor(clamped / TWO_32)
  buffer.writeInt32BE(high, at)
  buffer.writeUInt32BE(clamped - high * TWO_32, at + 4)
}

/** Bytes that an unsigned varint takes. */
export function uvarintSize(value: number): number {
  let size = 1
  for (let left = value; left > 0x7f; left = Math.floor(left / 128)) size++
  return size
}

/** Bytes that a zigzag varint takes. */
export function varintSize(value: number): number {
  return uvarintSize(((value << 1) ^ (value >> 31)) >>> 0)
}

/** Bytes that a zigzag varlong takes. */
export function varlongSize(value: number): number {
  const magnitude = value < 0 ? -value - 1 : value
  let size = 1
  for (let left = Math.floor(magnitude / 64); left > 0; left = Math.floor(left / 128)) size++
  return size
}

export class Reader {
  private at: number

  constructor(
    readonly buffer: Buffer,
    start = 0,
    private readonly end = buffer.length,
  ) {
    this.at = start
  }

  get position(): number {
    return this.at
  }

  get remaining(): number {
    return this.end - this.at
  }

  /** Moves on by `length` and gives the place before; the one bounds check that all reads share. */
  private take(length: number, what: string): number {
    const from = this.at
    if (length < 0 || length > this.end - from) {
      throw new MalformedError(`${what} needs ${length} bytes at ${from}, but only ${this.end - from} are left`)
    }
    this.at = from + length
    return from
  }

  skip(length: number): void {
    this.take(length, 'skip')
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1, 'int8'))
  }

  uint8(): number {
    if (this.at >= this.end) this.take(1, 'uint8')
    return this.buffer[this.at++]!
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2, 'int16'))
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.take(2, 'uint16'))
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4, 'int32'))
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.take(4, 'uint32'))
  }

  int64(): number {
    return readInt64(this.buffer, this.take(8, 'int64'))
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8, 'float64'))
  }

  bool(): boolean {
    return this.buffer[this.take(1, 'bool')] !== 0
  }

  /** A view on the bytes, not a copy: it lives no longer than the buffer's owner lets it. */
  bytes(length: number): Buffer {
    const from = this.take(length, 'bytes')
    return this.buffer.subarray(from, from + length)
  }

  utf8(length: number): string {
    const from = this.take(length, 'string')
    return this.buffer.toString('utf8', from, from + length)
  }

  /** 16 bytes as 22 characters of base64url, the form in which Kafka prints ids; all zero is the zero id. */
  uuid(): string {
    const from = this.take(16, 'uuid')
    return this.buffer.toString('base64url', from, from + 16)
  }

  /** Unsigned varint of at most 5 bytes. */
  uvarint(): number {
    const first = this.uint8()
    // most are short: lengths, deltas, tags
    if (first < 0x80) return first
    // records of 64 bytes to 8 KiB
    const second = this.uint8()
    if (second < 0x80) return (first & 0x7f) | (second << 7)
    let value = (first & 0x7f) | ((second & 0x7f) << 7)
    for (let shift = 14; shift < 35; shift += 7) {
      const byte = this.uint8()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break
        return value
      }
    }
    throw new MalformedError(`varint at ${this.at} is longer than 5 bytes or exceeds 32 bits`)
  }

  /** Zigzag varint, as record fields have it. */
  varint(): number {
    const raw = this.uvarint()
    return (raw >>> 1) ^ -(raw & 1)
  }

  /** Zigzag varlong of at most 10 bytes, saturated to a safe integer. */
  varlong(): number {
    // the lowest bit is the sign: kept apart, so that the magnitude stays within what a number holds exactly
    const first = this.uint8()
    if (first < 0x80) return (first >>> 1) ^ -(first & 1)
    let magnitude = (first & 0x7f) >>> 1
    let scale = 64
    let byte = first
    for (let i = 1; byte >= 0x80; i++) {
      if (i === 10) throw new MalformedError(`varlong at ${this.at} is longer than 10 bytes`)
      byte = this.uint8()
      magnitude += (byte & 0x7f) * scale
      scale *= 128
    }
    if (magnitude > Number.MAX_SAFE_INTEGER) magnitude = Number.MAX_SAFE_INTEGER
    return first & 1 ? Math.max(-magnitude - 1, -Number.MAX_SAFE_INTEGER) : magnitude
  }
}

export class Writer {
  private buffer: Buffer
  private at = 0

  constructor(capacity = 256) {
    this.buffer = Buffer.allocUnsafe(capacity)
  }

  get length(): number {
    return this.at
  }

  /** What was written, without a copy; the writer must not be used on. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.at)
  }

  private room(length: number): number {
    const from = this.at
    const need = from + length
    if (need > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(need, this.buffer.length * 2))
      this.buffer.copy(grown, 0, 0, from)
      this.buffer = grown
    }
    this.at = need
    return from
  }

  int8(value: number): void {
    const at = this.room(1)
    this.buffer.writeInt8(value, at)
  }

  uint8(value: number): void {
    const at = this.room(1)
    this.buffer[at] = value
  }

  int16(value: number): void {
    const at = this.room(2)
    this.buffer.writeInt16BE(value, at)
  }

  uint16(value: number): void {
    const at = this.room(2)
    this.buffer.writeUInt16BE(value, at)
  }

  int32(value: number): void {
    const at = this.room(4)
    this.buffer.writeInt32BE(value, at)
  }

  uint32(value: number): void {
    const at = this.room(4)
    this.buffer.writeUInt32BE(value, at)
  }

  int64(value: number): void {
    const at = this.room(8)
    writeInt64(this.buffer, value, at)
  }

  float64(value: number): void {
    const at = this.room(8)
    this.buffer.writeDoubleBE(value, at)
  }

  bool(value: boolean): void {
    this.uint8(value ? 1 : 0)
  }

  bytes(value: Uint8Array): void {
    const at = this.room(value.length)
    this.buffer.set(value, at)
  }

  /** As `bytes`, for what may be large: a writer that gathers chunks keeps it by reference instead of copying it. */
  payload(value: Uint8Array): void {
    this.bytes(value)
  }

  /** `size` is the string's length in UTF-8, if it is known already. */
  utf8(value: string, size = Buffer.byteLength(value)): void {
    const at = this.room(size)
    this.buffer.write(value, at)
  }

  uuid(value: string): void {
    const at = this.room(16)
    ZERO_UUID.copy(this.buffer, at)
    this.buffer.write(value, at, 16, 'base64url')
  }

  uvarint(value: number): void {
    let left = value
    while (left > 0x7f) {
      this.uint8((left & 0x7f) | 0x80)
      left = Math.floor(left / 128)
    }
    this.uint8(left)
  }

  varint(value: number): void {
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  varlong(value: number): void {
    // zigzag in floating point: exact for safe integers up to half their range, beyond it two limbs are needed
    if (value >= -(2 ** 51) && value < 2 ** 51) return this.uvarint(value < 0 ? -value * 2 - 1 : value * 2)
    const magnitude = value < 0 ? -value - 1 : value
    let low = (magnitude % 64) * 2 + (value < 0 ? 1 : 0)
    let rest = Math.floor(magnitude / 64)
    while (rest > 0) {
      this.uint8(low | 0x80)
      low = rest % 128
      rest = Math.floor(rest / 128)
    }
    this.uint8(low)
  }

  /** Overwrites four bytes written earlier, e.g. a length that was not known yet. */
  patchInt32(at: number, value: number): void {
    this.buffer.writeInt32BE(value, at)
  }
}
