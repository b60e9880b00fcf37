/** A batch from `send` to its result: encoded when it is first sent, and sent again as the same bytes. */
import type { TopicPartition } from '../../../model/index.js'
import { batch, BATCH_HEADER_BYTES, BatchBuilder, type ProducerState } from '../../../protocol/index.js'
import type { BatchResult, Codec, DriverError, OutgoingBatch, OutgoingRecord } from '../../port.js'

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
  attempts = 0
  isOnWire = false
  /** Its result was given; what the broker still answers only counts for the sequence. */
  isSettled = false
  /** Clock time before which it is not sent again. */
  notBeforeMs = 0
  lastError: DriverError | undefined
  private records: readonly OutgoingRecord[] | undefined

  constructor(
    outgoing: OutgoingBatch,
    readonly enqueuedMs: number,
    readonly deadlineMs: number,
    private readonly done: (result: BatchResult) => void,
  ) {
    this.topic = outgoing.topic
    this.partition = outgoing.partition
    this.records = outgoing.records
    this.recordsCount = outgoing.records.length
  }

  encode(codec: Codec, producer: ProducerState | undefined): void {
    const { records } = this
    let capacity = BATCH_HEADER_BYTES
    for (const { key, value, headers } of records!) {
      capacity += RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
      for (const header of headers) capacity += 10 + header.key.length * 2 + (header.value?.length ?? 0)
    }
    const builder = new BatchBuilder({ codec }, capacity)
    for (const record of records!) builder.append(record)
    this.bytes = builder.finish(producer)
    this.sequence = producer?.baseSequence ?? -1
    this.records = undefined
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
}
