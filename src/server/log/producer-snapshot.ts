/**
 * `<offset>.snapshot`: what was known of producers when the log ended at that offset. Version 1 of Kafka's format, with a
 * CRC-32C over all that follows the checksum.
 */
import { MalformedError, Reader, Writer } from '../../base/bytes.js'
import { crc32c } from '../../base/crc32c.js'

export interface ProducerSnapshotEntry {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1 = none. */
  readonly lastSequence: number
  /** -1 = none. */
  readonly lastOffset: number
  readonly offsetDelta: number
  readonly timestamp: number
  readonly coordinatorEpoch: number
  /** First offset of the open transaction; -1 = none is open. */
  readonly currentTxnFirstOffset: number
}

const VERSION = 1
/** Version and checksum. */
const CHECKED_FROM = 6
const ENTRY_BYTES = 46

export function formatProducerSnapshot(entries: readonly ProducerSnapshotEntry[]): Buffer {
  const writer = new Writer(CHECKED_FROM + 4 + entries.length * ENTRY_BYTES)
  writer.int16(VERSION)
  writer.uint32(0)
  writer.int32(entries.length)
  for (const entry of entries) {
    writer.int64(entry.producerId)
    writer.int16(entry.producerEpoch)
    writer.int32(entry.lastSequence)
    writer.int64(entry.lastOffset)
    writer.int32(entry.offsetDelta)
    writer.int64(entry.timestamp)
    writer.int32(entry.coordinatorEpoch)
    writer.int64(entry.currentTxnFirstOffset)
  }
  const content = writer.finish()
  content.writeUInt32BE(crc32c(content.subarray(CHECKED_FROM)), 2)
  return content
}

/** @throws MalformedError when the file is damaged or of a version that is not known. */
export function parseProducerSnapshot(content: Buffer): ProducerSnapshotEntry[] {
  const reader = new Reader(content)
  const version = reader.int16()
  if (version !== VERSION) throw new MalformedError(`producer snapshot of version ${version}; ${VERSION} is known`)
  const crc = reader.uint32()
  if (crc !== crc32c(content.subarray(CHECKED_FROM))) throw new MalformedError('producer snapshot has a wrong checksum')
  const count = reader.int32()
  if (count < 0 || count * ENTRY_BYTES > reader.remaining) {
    throw new MalformedError(`producer snapshot promises ${count} entries, but has ${reader.remaining} bytes of them`)
  }
  return Array.from({ length: count }, () => ({
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    lastSequence: reader.int32(),
    lastOffset: reader.int64(),
    offsetDelta: reader.int32(),
    timestamp: reader.int64(),
    coordinatorEpoch: reader.int32(),
    currentTxnFirstOffset: reader.int64(),
  }))
}
