/**
 * A batch from `send` to its result. Its records are written one after another into the memory that goes to the broker, where
 * each byte is copied to once, and let go of: they may wait here for long. What is known only when it is first sent, the
 * producer's sequence and the checksum, comes then, and compression with it. It is sent again as the same bytes.
 */
import type { TopicPartition } from '../../../model/index.js'
import { batch, BATCH_HEADER_BYTES, BatchBuilder, RecordCursor, type ProducerState } from '../../../protocol/index.js'
import type { BatchResult, Codec, DriverError, OutgoingBatch, OutgoingRecord } from '../../port.js'
import { joinResults } from './batch-results.js'

/** What a record takes beside its key, value and headers, at most. */
const RECORD_OVERHEAD_BYTES = 24

export class PendingBatch implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly recordsCount: number
  /** undefined until it is first sent. */
  bytes: Buffer | undefined
  /** Sequence of its first record; -1: none yet. */
  sequence = -1
  /** Its place among the partition's batches; -1: it was not sent yet. */
  ordinal = -1
  attempts = 0
  isOnWire = false
  /** Its result was given; what the broker still answers only counts for the sequence. */
  isSettled = false
  /** Clock time before which it is not sent again. */
  notBeforeMs = 0
  lastError: DriverError | undefined
  /** What it was split into: these are sent in its place. */
  parts: readonly PendingBatch[] | undefined
  private builder: BatchBuilder | undefined

  /** @throws for records that are no records */
  constructor(
    { topic, partition, records }: OutgoingBatch,
    codec: Codec,
    readonly enqueuedMs: number,
    readonly deadlineMs: number,
    private readonly done: (result: BatchResult) => void,
  ) {
    this.topic = topic
    this.partition = partition
    this.recordsCount = records.length
    let capacity = BATCH_HEADER_BYTES
    for (const { key, value, headers } of records) {
      capacity += RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
      for (const header of headers) capacity += 10 + header.key.length * 2 + (header.value?.length ?? 0)
    }
    this.builder = new BatchBuilder({ codec }, capacity)
    for (const record of records) this.builder.append(record)
  }

  /** Once, when it is first sent. */
  finish(producer: ProducerState | undefined): void {
    this.bytes = this.builder!.finish(producer)
    this.builder = undefined
    this.sequence = producer?.baseSequence ?? -1
  }

  /** The same records under another identity. */
  renumber(producerId: number, producerEpoch: number, sequence: number): void {
    batch.setProducer(this.bytes!, 0, producerId, producerEpoch, sequence)
    this.sequence = sequence
  }

  settle(result: BatchResult): void {
    if (this.isSettled) return
    this.isSettled = true
    this.done(result)
  }

  /** Two halves of its bytes, which have its place in the sequence; its result is theirs together. */
  split(codec: Codec): readonly PendingBatch[] {
    const bytes = this.bytes!
    const halves = halve(recordsIn(bytes))
    const results: BatchResult[] = []
    let sequence = this.sequence
    this.parts = halves.map((records, i) => {
      const part = new PendingBatch({ ...this.at, records }, codec, this.enqueuedMs, this.deadlineMs, (result) => {
        results[i] = result
        if (this.parts!.every(({ isSettled }) => isSettled)) this.settle(joinResults(this.parts!, results))
      })
      const producerId = batch.producerId(bytes, 0)
      const producerEpoch = batch.producerEpoch(bytes, 0)
      const transactional = batch.isTransactional(bytes, 0)
      part.finish(sequence < 0 ? undefined : { producerId, producerEpoch, baseSequence: sequence, transactional })
      if (sequence >= 0) sequence = batch.addToSequence(sequence, records.length)
      return part
    })
    return this.parts
  }

  get at(): TopicPartition {
    return { topic: this.topic, partition: this.partition }
  }
}

function recordsIn(bytes: Buffer): OutgoingRecord[] {
  const records: OutgoingRecord[] = []
  for (const cursor = new RecordCursor(bytes, 0); cursor.next();) {
    const { key, value, timestampMs } = cursor
    records.push({ key, value, timestampMs, headers: cursor.headers() })
  }
  return records
}

/** At least one record each. */
function halve(records: readonly OutgoingRecord[]): [OutgoingRecord[], OutgoingRecord[]] {
  const sizes = records.map(({ key, value }) => RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0))
  const half = sizes.reduce((sum, size) => sum + size, 0) / 2
  let at = 0
  for (let sum = 0; at < records.length - 1 && sum + sizes[at]! <= half; at++) sum += sizes[at]!
  at = Math.max(at, 1)
  return [records.slice(0, at), records.slice(at)]
}
