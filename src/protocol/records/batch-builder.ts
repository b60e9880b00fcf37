/**
 * Builds a record batch. Records go straight into the buffer that becomes the batch, room for the header left in front;
 * with a codec, they are compressed once, at the end. Timestamps are stored relative to the first record's.
 */
import { varintSize, varlongSize, Writer } from '../../base/bytes.js'
import {
  BATCH_HEADER_BYTES,
  CONTROL,
  DELETE_HORIZON,
  LOG_APPEND_TIME,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  TRANSACTIONAL,
  writeBatchHeader,
} from './batch.js'
import { codecNamed, type CodecName } from './codecs.js'

export interface RecordDraft {
  readonly key: Uint8Array | null
  /** null = a tombstone. */
  readonly value: Uint8Array | null
  readonly headers?: readonly { readonly key: string; readonly value: Uint8Array | null }[] | undefined
  readonly timestampMs: number
}

export interface BatchBuilderOptions {
  /** Default `none`. */
  readonly codec?: CodecName | undefined
  /** The codec's own scale; default its default. */
  readonly level?: number | undefined
  /** Offset of the first record; default 0, as producers send it. */
  readonly baseOffset?: number | undefined
  readonly partitionLeaderEpoch?: number | undefined
  readonly control?: boolean | undefined
  /** Set: all records are read as having this timestamp (LogAppendTime). */
  readonly logAppendTimeMs?: number | undefined
  /** When compaction may drop the batch's tombstones. */
  readonly deleteHorizonMs?: number | undefined
}

/** What is known only when a batch is sent. */
export interface ProducerState {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
}

const NO_PRODUCER: ProducerState = {
  producerId: NO_PRODUCER_ID,
  producerEpoch: NO_PRODUCER_EPOCH,
  baseSequence: NO_SEQUENCE,
  transactional: false,
}

const HEADER_ROOM = Buffer.alloc(BATCH_HEADER_BYTES)

export class BatchBuilder {
  private readonly writer: Writer
  private count = 0
  private lastDelta = -1
  private baseTimestamp: number
  private maxTimestamp = NO_TIMESTAMP

  /** @param capacityBytes memory taken at once; grows as needed */
  constructor(
    private readonly options: BatchBuilderOptions = {},
    capacityBytes = 1024,
  ) {
    this.writer = new Writer(Math.max(capacityBytes, BATCH_HEADER_BYTES))
    this.writer.bytes(HEADER_ROOM)
    this.baseTimestamp = options.deleteHorizonMs ?? NO_TIMESTAMP
  }

  get recordsCount(): number {
    return this.count
  }

  /** Bytes of the batch as it stands, not compressed. */
  get sizeInBytes(): number {
    return this.writer.length
  }

  /** Bytes that the batch would have with one more record, not compressed; at most a few too many. */
  sizeWith(record: RecordDraft): number {
    const body = this.bodySize(
      record,
      record.timestampMs - (this.count === 0 ? record.timestampMs : this.baseTimestamp),
      this.lastDelta + 1,
    )
    return this.writer.length + varintSize(body) + body
  }

  /** @param offsetDelta place after the base offset; default the one after the last record. Compaction leaves gaps. */
  append(record: RecordDraft, offsetDelta = this.lastDelta + 1): void {
    if (this.count === 0 && this.options.deleteHorizonMs === undefined) this.baseTimestamp = record.timestampMs
    const timestampDelta = record.timestampMs - this.baseTimestamp
    const { writer } = this
    writer.varint(this.bodySize(record, timestampDelta, offsetDelta))
    writer.int8(0)
    writer.varlong(timestampDelta)
    writer.varint(offsetDelta)
    writeField(writer, record.key)
    writeField(writer, record.value)
    const headers = record.headers ?? []
    writer.varint(headers.length)
    for (const { key, value } of headers) {
      const size = Buffer.byteLength(key)
      writer.varint(size)
      writer.utf8(key, size)
      writeField(writer, value)
    }
    this.count++
    this.lastDelta = offsetDelta
    if (record.timestampMs > this.maxTimestamp) this.maxTimestamp = record.timestampMs
  }

  private bodySize(record: RecordDraft, timestampDelta: number, offsetDelta: number): number {
    const headers = record.headers ?? []
    let size = 1 + varlongSize(timestampDelta) + varintSize(offsetDelta) + varintSize(headers.length)
    size += fieldSize(record.key) + fieldSize(record.value)
    for (const { key, value } of headers) {
      const keySize = Buffer.byteLength(key)
      size += varintSize(keySize) + keySize + fieldSize(value)
    }
    return size
  }

  /**
   * The whole batch. The builder must not be used on.
   *
   * @param lastOffsetDelta default that of the last record; compaction keeps the one that the batch had
   */
  finish(producer: ProducerState = NO_PRODUCER, lastOffsetDelta = this.lastDelta): Buffer {
    const { options } = this
    const codec = codecNamed(options.codec ?? 'none')
    const plain = this.writer.finish()
    let out = plain
    if (codec.id !== 0) {
      const packed = codec.compress(plain.subarray(BATCH_HEADER_BYTES), options.level)
      out = Buffer.allocUnsafe(BATCH_HEADER_BYTES + packed.length)
      packed.copy(out, BATCH_HEADER_BYTES)
    }
    const { logAppendTimeMs, deleteHorizonMs } = options
    writeBatchHeader(out, 0, {
      baseOffset: options.baseOffset ?? 0,
      sizeInBytes: out.length,
      partitionLeaderEpoch: options.partitionLeaderEpoch ?? NO_LEADER_EPOCH,
      attributes:
        codec.id |
        (logAppendTimeMs === undefined ? 0 : LOG_APPEND_TIME) |
        (producer.transactional ? TRANSACTIONAL : 0) |
        (options.control ? CONTROL : 0) |
        (deleteHorizonMs === undefined ? 0 : DELETE_HORIZON),
      lastOffsetDelta,
      baseTimestamp: this.baseTimestamp,
      maxTimestamp: logAppendTimeMs ?? this.maxTimestamp,
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      baseSequence: producer.baseSequence,
      recordsCount: this.count,
    })
    return out
  }
}

function fieldSize(value: Uint8Array | null): number {
  return value === null ? 1 : varintSize(value.length) + value.length
}

function writeField(writer: Writer, value: Uint8Array | null): void {
  if (value === null) return writer.varint(-1)
  writer.varint(value.length)
  writer.bytes(value)
}
