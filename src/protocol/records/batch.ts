/**
 * A record batch of magic 2, seen in place: functions that read or patch the fields of the batch that starts at `at` in a
 * buffer, without allocating. They trust that the header is there: `sizeOfBatch` in batches.ts finds that out.
 *
 *   0 baseOffset 8 · 8 length 4 · 12 partitionLeaderEpoch 4 · 16 magic 1 · 17 crc 4 · 21 attributes 2
 *   23 lastOffsetDelta 4 · 27 baseTimestamp 8 · 35 maxTimestamp 8 · 43 producerId 8 · 51 producerEpoch 2
 *   53 baseSequence 4 · 57 recordsCount 4 · 61 records, or one compressed block of them
 *
 * The CRC covers everything from the attributes on: base offset, length and leader epoch may be patched without it.
 */
import { readInt64, writeInt64 } from '../../base/bytes.js'
import { crc32c } from '../../base/crc32c.js'

export const MAGIC = 2
/** What a batch's length does not count: the base offset and the length itself. */
export const LENGTH_OVERHEAD = 12
export const BATCH_HEADER_BYTES = 61

const LENGTH = 8
const PARTITION_LEADER_EPOCH = 12
const MAGIC_AT = 16
const CRC = 17
const ATTRIBUTES = 21
const LAST_OFFSET_DELTA = 23
const BASE_TIMESTAMP = 27
const MAX_TIMESTAMP = 35
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const BASE_SEQUENCE = 53
const RECORDS_COUNT = 57

export const NO_TIMESTAMP = -1
export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
export const NO_LEADER_EPOCH = -1
const SEQUENCE_MAX = 0x7fff_ffff

export const CODEC_MASK = 0x07
export const LOG_APPEND_TIME = 0x08
export const TRANSACTIONAL = 0x10
export const CONTROL = 0x20
export const DELETE_HORIZON = 0x40

export type TimestampType = 'CreateTime' | 'LogAppendTime'

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export const baseOffset = (buffer: Buffer, at: number): number => readInt64(buffer, at)

/** All of the batch, header included. */
export const sizeInBytes = (buffer: Buffer, at: number): number => LENGTH_OVERHEAD + buffer.readInt32BE(at + LENGTH)

export const partitionLeaderEpoch = (buffer: Buffer, at: number): number =>
  buffer.readInt32BE(at + PARTITION_LEADER_EPOCH)

export const magic = (buffer: Buffer, at: number): number => buffer.readInt8(at + MAGIC_AT)

export const crc = (buffer: Buffer, at: number): number => buffer.readUInt32BE(at + CRC)

export const attributes = (buffer: Buffer, at: number): number => buffer.readInt16BE(at + ATTRIBUTES)

/** Kept by compaction, so that a batch's offsets end where they did when it was written. */
export const lastOffsetDelta = (buffer: Buffer, at: number): number => buffer.readInt32BE(at + LAST_OFFSET_DELTA)

export const lastOffset = (buffer: Buffer, at: number): number => baseOffset(buffer, at) + lastOffsetDelta(buffer, at)

export const nextOffset = (buffer: Buffer, at: number): number => lastOffset(buffer, at) + 1

/** What the records' timestamps are relative to: the first record's timestamp, or the delete horizon once that is set. */
export const baseTimestamp = (buffer: Buffer, at: number): number => readInt64(buffer, at + BASE_TIMESTAMP)

export const maxTimestamp = (buffer: Buffer, at: number): number => readInt64(buffer, at + MAX_TIMESTAMP)

export const producerId = (buffer: Buffer, at: number): number => readInt64(buffer, at + PRODUCER_ID)

export const producerEpoch = (buffer: Buffer, at: number): number => buffer.readInt16BE(at + PRODUCER_EPOCH)

export const baseSequence = (buffer: Buffer, at: number): number => buffer.readInt32BE(at + BASE_SEQUENCE)

export const recordsCount = (buffer: Buffer, at: number): number => buffer.readInt32BE(at + RECORDS_COUNT)

export function lastSequence(buffer: Buffer, at: number): number {
  const first = baseSequence(buffer, at)
  return first === NO_SEQUENCE ? NO_SEQUENCE : addToSequence(first, lastOffsetDelta(buffer, at))
}

/** Sequences go on at 0 after 2147483647. */
export function addToSequence(sequence: number, count: number): number {
  const sum = sequence + count
  return sum > SEQUENCE_MAX ? sum - SEQUENCE_MAX - 1 : sum
}

export const hasProducerId = (buffer: Buffer, at: number): boolean => producerId(buffer, at) > NO_PRODUCER_ID

/** Number of the compression codec, 0 to 7; codecs.ts knows which. */
export const codecId = (buffer: Buffer, at: number): number => attributes(buffer, at) & CODEC_MASK

export const isTransactional = (buffer: Buffer, at: number): boolean => (attributes(buffer, at) & TRANSACTIONAL) !== 0

export const isControl = (buffer: Buffer, at: number): boolean => (attributes(buffer, at) & CONTROL) !== 0

export const timestampType = (buffer: Buffer, at: number): TimestampType =>
  (attributes(buffer, at) & LOG_APPEND_TIME) === 0 ? 'CreateTime' : 'LogAppendTime'

/** From when on compaction may drop the batch's tombstones; undefined = compaction has not seen the batch yet. */
export const deleteHorizonMs = (buffer: Buffer, at: number): number | undefined =>
  (attributes(buffer, at) & DELETE_HORIZON) === 0 ? undefined : baseTimestamp(buffer, at)

export const computeCrc = (buffer: Buffer, at: number): number =>
  crc32c(buffer.subarray(at + ATTRIBUTES, at + sizeInBytes(buffer, at)))

export const hasValidCrc = (buffer: Buffer, at: number): boolean => crc(buffer, at) === computeCrc(buffer, at)

// ── patching ────────────────────────────────────────────────────────────────────────────────────────────────────────

export function setBaseOffset(buffer: Buffer, at: number, offset: number): void {
  writeInt64(buffer, offset, at)
}

/** Gives the batch its place by its last offset; useful where compaction has left gaps before it. */
export function setLastOffset(buffer: Buffer, at: number, offset: number): void {
  setBaseOffset(buffer, at, offset - lastOffsetDelta(buffer, at))
}

export function setPartitionLeaderEpoch(buffer: Buffer, at: number, epoch: number): void {
  buffer.writeInt32BE(epoch, at + PARTITION_LEADER_EPOCH)
}

/** From now on all records of the batch have this timestamp. Takes a new CRC. */
export function setLogAppendTime(buffer: Buffer, at: number, timestampMs: number): void {
  buffer.writeInt16BE(attributes(buffer, at) | LOG_APPEND_TIME, at + ATTRIBUTES)
  writeInt64(buffer, timestampMs, at + MAX_TIMESTAMP)
  sealCrc(buffer, at)
}

export function setMaxTimestamp(buffer: Buffer, at: number, timestampMs: number): void {
  writeInt64(buffer, timestampMs, at + MAX_TIMESTAMP)
  sealCrc(buffer, at)
}

/** Names the producer anew, e.g. when its epoch was bumped before a retry. Takes a new CRC. */
export function setProducer(buffer: Buffer, at: number, id: number, epoch: number, sequence: number): void {
  writeInt64(buffer, id, at + PRODUCER_ID)
  buffer.writeInt16BE(epoch, at + PRODUCER_EPOCH)
  buffer.writeInt32BE(sequence, at + BASE_SEQUENCE)
  sealCrc(buffer, at)
}

/** Sets the CRC to that of the bytes as they are now. */
export function sealCrc(buffer: Buffer, at: number): void {
  buffer.writeUInt32BE(computeCrc(buffer, at), at + CRC)
}

/** The fields of a header, for writing a whole one. */
export interface BatchHeader {
  readonly baseOffset: number
  readonly sizeInBytes: number
  readonly partitionLeaderEpoch: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordsCount: number
}

/** Writes a header before records that are in the buffer already, CRC included. */
export function writeBatchHeader(buffer: Buffer, at: number, header: BatchHeader): void {
  writeInt64(buffer, header.baseOffset, at)
  buffer.writeInt32BE(header.sizeInBytes - LENGTH_OVERHEAD, at + LENGTH)
  buffer.writeInt32BE(header.partitionLeaderEpoch, at + PARTITION_LEADER_EPOCH)
  buffer.writeInt8(MAGIC, at + MAGIC_AT)
  buffer.writeInt16BE(header.attributes, at + ATTRIBUTES)
  buffer.writeInt32BE(header.lastOffsetDelta, at + LAST_OFFSET_DELTA)
  writeInt64(buffer, header.baseTimestamp, at + BASE_TIMESTAMP)
  writeInt64(buffer, header.maxTimestamp, at + MAX_TIMESTAMP)
  writeInt64(buffer, header.producerId, at + PRODUCER_ID)
  buffer.writeInt16BE(header.producerEpoch, at + PRODUCER_EPOCH)
  buffer.writeInt32BE(header.baseSequence, at + BASE_SEQUENCE)
  buffer.writeInt32BE(header.recordsCount, at + RECORDS_COUNT)
  sealCrc(buffer, at)
}
