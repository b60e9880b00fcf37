/**
 * What a fetch brought for one partition, decoded as it is handed on. Left out are records before the offset that was asked
 * for (a batch is sent whole), control batches, with read_committed the batches of aborted transactions, and a tail that
 * is cut off.
 *
 * Keys and values are views on a copy of their batch: who keeps one keeps no more than that batch in memory.
 */
import { MalformedError } from '../../../base/bytes.js'
import {
  batch,
  controlTypeOf,
  ControlType,
  CorruptBatchError,
  RecordCursor,
  sizeOfBatch,
} from '../../../protocol/index.js'
import { ConsumerRecord } from '../../../model/index.js'
import type { RecordHeader, TopicPartition } from '../../../model/index.js'
import type { IncomingRecord } from '../../port.js'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([])

export class FetchedRecords {
  /** Where reading goes on after what was taken. */
  nextOffset: number
  /** Where reading goes on after all of it. */
  readonly endOffset: number
  /** Leader epoch of the last batch taken from. */
  leaderEpoch = -1
  private at = 0
  private cursor: RecordCursor | undefined
  private batchNextOffset = 0
  private readonly aborted: AbortedTransaction[]
  private readonly abortedProducers = new Set<number>()

  /** @param aborted undefined: uncommitted records are read too */
  constructor(
    private readonly from: TopicPartition,
    private bytes: Buffer,
    private readonly fetchOffset: number,
    readonly highWatermark: number,
    private readonly readCommitted: boolean,
    aborted: readonly AbortedTransaction[] | null,
  ) {
    this.nextOffset = fetchOffset
    this.endOffset = endOf(bytes, fetchOffset)
    this.aborted = [...(aborted ?? [])].sort((a, b) => b.firstOffset - a.firstOffset)
  }

  /** Up to so many records; empty at the end. @throws CorruptBatchError, CompressionError */
  take(limit: number): IncomingRecord[] {
    const records: IncomingRecord[] = []
    const { topic, partition } = this.from
    while (records.length < limit) {
      if (this.cursor === undefined && !this.nextBatch()) break
      const cursor = this.cursor!
      if (!cursor.next()) {
        this.nextOffset = this.batchNextOffset
        this.cursor = undefined
        continue
      }
      const { offset } = cursor
      if (offset < this.fetchOffset) continue
      this.nextOffset = offset + 1
      records.push(
        new ConsumerRecord(
          topic,
          partition,
          offset,
          null,
          null,
          cursor.headersCount === 0 ? NO_HEADERS : cursor.headers(),
          cursor.timestampMs,
          cursor.timestampType,
          this.leaderEpoch,
          cursor.key,
          cursor.value,
        ),
      )
    }
    return records
  }

  /** Of what is not taken yet, but for the batch that is being taken from. */
  get bytesLeft(): number {
    return this.bytes.length - this.at
  }

  /** What is left gets memory of its own, so that it does not keep all that came with it, of other partitions too. */
  detach(): void {
    if (this.bytes.buffer.byteLength <= 2 * this.bytesLeft) return
    this.bytes = Buffer.from(this.bytes.subarray(this.at))
    this.at = 0
  }

  /** Moves to the next batch that has records for us; false at the end. */
  private nextBatch(): boolean {
    const { bytes } = this
    for (let size = sizeOfBatch(bytes, this.at); size > 0; size = sizeOfBatch(bytes, this.at)) {
      const at = this.at
      this.at += size
      const nextOffset = batch.nextOffset(bytes, at)
      if (nextOffset <= this.fetchOffset) continue
      if (!batch.hasValidCrc(bytes, at)) {
        throw new CorruptBatchError(`the batch at offset ${batch.baseOffset(bytes, at)} does not match its checksum`)
      }
      this.leaderEpoch = batch.partitionLeaderEpoch(bytes, at)
      this.batchNextOffset = nextOffset
      if (this.isForUs(at)) {
        const isCompressed = batch.codecId(bytes, at) !== 0
        this.cursor = isCompressed
          ? new RecordCursor(bytes, at)
          : new RecordCursor(Buffer.from(bytes.subarray(at, at + size)))
        return true
      }
      this.nextOffset = nextOffset
    }
    return false
  }

  private isForUs(at: number): boolean {
    const { bytes } = this
    const isControl = batch.isControl(bytes, at)
    if (!this.readCommitted || !batch.isTransactional(bytes, at)) return !isControl
    const lastOffset = batch.lastOffset(bytes, at)
    for (let next = this.aborted.at(-1); next && next.firstOffset <= lastOffset; next = this.aborted.at(-1)) {
      this.abortedProducers.add(next.producerId)
      this.aborted.pop()
    }
    const producerId = batch.producerId(bytes, at)
    if (!isControl) return !this.abortedProducers.has(producerId)
    const marker = new RecordCursor(bytes, at)
    if (marker.next() && controlTypeOf(marker.key) === ControlType.ABORT) this.abortedProducers.delete(producerId)
    return false
  }
}

/** By the headers of its batches; what is not a batch is found when it is read. */
function endOf(bytes: Buffer, fetchOffset: number): number {
  let nextOffset = fetchOffset
  try {
    for (let at = 0, size = sizeOfBatch(bytes, 0); size > 0; size = sizeOfBatch(bytes, at)) {
      nextOffset = batch.nextOffset(bytes, at)
      at += size
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
  }
  return Math.max(nextOffset, fetchOffset)
}
