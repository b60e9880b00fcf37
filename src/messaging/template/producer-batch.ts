/** Records of one partition on their way together, and who waits for each of them. */
import type { BatchResult, DriverError, OutgoingRecord, RecordResult } from '../../client/port.js'
import type { KafkaError, ProducerRecord, RecordMetadata } from '../../model/index.js'

/** A record ready to be sent, and what becomes of it. */
export interface PendingRecord {
  readonly record: ProducerRecord<unknown, unknown>
  readonly outgoing: OutgoingRecord
  /** What it takes in a batch, about. */
  readonly bytes: number
  succeed(metadata: RecordMetadata): void
  fail(error: KafkaError): void
}

export class ProducerBatch {
  readonly pending: PendingRecord[] = []
  bytes = 0
  /** No more records join it. */
  closed = false
  private waiting: (() => void)[] | undefined

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly createdAtMs: number,
    private readonly sizeBytes: number,
  ) {}

  get isFull(): boolean {
    return this.closed || this.bytes >= this.sizeBytes
  }

  /** false when it does not fit; a batch always takes its first record. */
  tryAppend(record: PendingRecord): boolean {
    if (this.closed) return false
    if (this.pending.length > 0 && this.bytes + record.bytes > this.sizeBytes) {
      this.closed = true
      return false
    }
    this.pending.push(record)
    this.bytes += record.bytes
    return true
  }

  whenDone(): Promise<void> {
    return new Promise((resolve) => (this.waiting ??= []).push(resolve))
  }

  finish(
    result: BatchResult,
    errorOf: (record: ProducerRecord<unknown, unknown>, error: DriverError) => KafkaError,
  ): void {
    for (const [index, { record, outgoing, succeed, fail }] of this.pending.entries()) {
      const own = result.records?.[index] ?? ofBatch(result, index)
      if (own.error) {
        fail(errorOf(record, own.error))
        continue
      }
      succeed({
        topic: this.topic,
        partition: this.partition,
        offset: own.offset,
        timestampMs: own.logAppendTimeMs ?? outgoing.timestampMs,
        serializedKeySize: outgoing.key?.length ?? -1,
        serializedValueSize: outgoing.value?.length ?? -1,
      })
    }
    this.done()
  }

  fail(errorOf: (record: ProducerRecord<unknown, unknown>) => KafkaError): void {
    for (const { record, fail } of this.pending) fail(errorOf(record))
    this.done()
  }

  private done(): void {
    for (const resolve of this.waiting ?? []) resolve()
  }
}

function ofBatch(result: BatchResult, index: number): RecordResult {
  if (result.error) return { error: result.error }
  const { baseOffset, logAppendTimeMs } = result
  return { offset: baseOffset < 0 ? -1 : baseOffset + index, logAppendTimeMs }
}
