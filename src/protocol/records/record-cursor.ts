/**
 * The records of a batch, one after another, through one cursor that is moved on: no object is made per record, and keys,
 * values and headers are cut out only when they are asked for. What the cursor gives are views on the batch (or on its
 * decompressed records): they live as long as that buffer does.
 *
 *   for (const cursor = new RecordCursor(buffer, at); cursor.next(); ) use(cursor.offset, cursor.value)
 *
 * A record: varint length · int8 attributes · varlong timestamp delta · varint offset delta · varint key length, key ·
 * varint value length, value · varint headers count, each varint key length, key, varint value length, value.
 * Length -1 is null.
 */
import { Reader } from '../../base/bytes.js'
import * as batch from './batch.js'
import { CorruptBatchError } from './batches.js'
import { codecNumbered } from './codecs.js'

export interface RecordHeader {
  readonly key: string
  readonly value: Buffer | null
}

export interface RecordCursorOptions {
  /** Upper bound of a decompressed batch in bytes; default 128 MiB. */
  readonly maxBytes?: number | undefined
}

const DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024

export class RecordCursor {
  readonly baseOffset: number
  readonly recordsCount: number
  readonly timestampType: batch.TimestampType
  private readonly baseTimestamp: number
  private readonly maxTimestamp: number
  private readonly reader: Reader
  private index = -1
  private recordEnd: number

  offsetDelta = 0
  timestampDelta = 0
  private keyAt = 0
  private keyLength = -1
  private valueAt = 0
  private valueLength = -1
  private headersAt = 0
  headersCount = 0

  /**
   * @param at where a whole batch of magic 2 begins
   * @throws CorruptBatchError, CompressionError
   */
  constructor(buffer: Buffer, at = 0, options: RecordCursorOptions = {}) {
    const end = at + batch.sizeInBytes(buffer, at)
    const codec = batch.codecId(buffer, at)
    this.baseOffset = batch.baseOffset(buffer, at)
    this.recordsCount = batch.recordsCount(buffer, at)
    this.timestampType = batch.timestampType(buffer, at)
    this.baseTimestamp = batch.baseTimestamp(buffer, at)
    this.maxTimestamp = batch.maxTimestamp(buffer, at)
    if (this.recordsCount < 0) throw new CorruptBatchError(`a batch of ${this.recordsCount} records`)
    if (codec === 0) {
      this.reader = new Reader(buffer, at + batch.BATCH_HEADER_BYTES, end)
    } else {
      const packed = buffer.subarray(at + batch.BATCH_HEADER_BYTES, end)
      this.reader = new Reader(codecNumbered(codec).decompress(packed, options.maxBytes ?? DECOMPRESSED_BYTES_MAX))
    }
    this.recordEnd = this.reader.position
  }

  /**
   * Moves to the next record; false after the last one.
   *
   * @throws CorruptBatchError, also when bytes are left after the last record
   */
  next(): boolean {
    if (++this.index >= this.recordsCount) {
      const left = this.reader.remaining - (this.recordEnd - this.reader.position)
      if (left !== 0) throw new CorruptBatchError(`${left} bytes follow the last of ${this.recordsCount} records`)
      return false
    }
    const { reader } = this
    reader.skip(this.recordEnd - reader.position)
    const length = reader.varint()
    if (length < 0 || length > reader.remaining) {
      throw new CorruptBatchError(`record ${this.index} claims ${length} bytes of ${reader.remaining}`)
    }
    this.recordEnd = reader.position + length
    reader.skip(1)
    this.timestampDelta = reader.varlong()
    this.offsetDelta = reader.varint()
    this.keyLength = reader.varint()
    this.keyAt = reader.position
    this.skipField(this.keyLength)
    this.valueLength = reader.varint()
    this.valueAt = reader.position
    this.skipField(this.valueLength)
    this.headersCount = reader.varint()
    this.headersAt = reader.position
    if (this.headersCount < 0) throw new CorruptBatchError(`record ${this.index} has ${this.headersCount} headers`)
    if (this.headersAt > this.recordEnd || (this.headersCount === 0 && this.headersAt < this.recordEnd)) {
      throw new CorruptBatchError(`record ${this.index} does not fill its ${length} bytes`)
    }
    return true
  }

  private skipField(length: number): void {
    if (length > 0) this.reader.skip(length)
    else if (length < -1) throw new CorruptBatchError(`record ${this.index} has a field of ${length} bytes`)
  }

  get offset(): number {
    return this.baseOffset + this.offsetDelta
  }

  /** Milliseconds since the epoch; that of the batch when the log gave it (LogAppendTime). */
  get timestampMs(): number {
    return this.timestampType === 'LogAppendTime' ? this.maxTimestamp : this.baseTimestamp + this.timestampDelta
  }

  get hasKey(): boolean {
    return this.keyLength >= 0
  }

  /** False for a tombstone. */
  get hasValue(): boolean {
    return this.valueLength >= 0
  }

  /** A view. */
  get key(): Buffer | null {
    return this.keyLength < 0 ? null : this.reader.buffer.subarray(this.keyAt, this.keyAt + this.keyLength)
  }

  /** A view. */
  get value(): Buffer | null {
    return this.valueLength < 0 ? null : this.reader.buffer.subarray(this.valueAt, this.valueAt + this.valueLength)
  }

  /**
   * Values are views.
   *
   * @throws CorruptBatchError
   */
  headers(): RecordHeader[] {
    if (this.headersCount === 0) return []
    const reader = new Reader(this.reader.buffer, this.headersAt, this.recordEnd)
    const out: RecordHeader[] = []
    for (let i = 0; i < this.headersCount; i++) {
      const keyLength = reader.varint()
      if (keyLength < 0) throw new CorruptBatchError(`a header of record ${this.index} has no key`)
      const key = reader.utf8(keyLength)
      const valueLength = reader.varint()
      out.push({ key, value: valueLength < 0 ? null : reader.bytes(valueLength) })
    }
    if (reader.remaining > 0) throw new CorruptBatchError(`the headers of record ${this.index} do not fill it`)
    return out
  }
}
