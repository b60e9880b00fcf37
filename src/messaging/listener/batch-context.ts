/** What a batch handler is given beside the records: all of one partition, at most `maxPollRecords`. */
import type { Log } from '../../base/log.js'
import type { ConsumerRecord } from '../../model/index.js'
import type { Acknowledgment } from './acknowledgment.js'
import type { ConsumerSeekCallback, Seeking, SeekTo } from './consumer-seek-aware.js'
import { ABANDON } from './listener-context.js'

/** What a batch context asks of the delivery that it belongs to. */
export interface BatchDelivery {
  readonly listenerId: string
  readonly groupId: string
  readonly log: Log
  readonly seeks: ConsumerSeekCallback
  acknowledgeBatch(records: readonly ConsumerRecord<unknown, unknown>[], throughIndex: number): void
  nackBatch(records: readonly ConsumerRecord<unknown, unknown>[], index: number, sleepMs: number): void
}

/** What a batch handler is given beside the records. Manual acknowledgement by `ack` and `nack`. */
export class BatchContext<K = string, V = unknown> implements Acknowledgment, Seeking {
  constructor(
    readonly records: readonly ConsumerRecord<K, V>[],
    readonly topic: string,
    readonly partition: number,
    /** 1 on the first delivery; counts up with each retry. */
    readonly attempt: number,
    private readonly delivery: BatchDelivery,
  ) {}

  private abort: AbortController | undefined

  /** To seek other partitions of the same consumer. */
  get consumer(): ConsumerSeekCallback {
    return this.delivery.seeks
  }
  get listenerId(): string {
    return this.delivery.listenerId
  }
  get groupId(): string {
    return this.delivery.groupId
  }
  get log(): Log {
    return this.delivery.log
  }
  /** As `ListenerContext.signal`. */
  get signal(): AbortSignal {
    return (this.abort ??= new AbortController()).signal
  }
  [ABANDON](reason: Error): void {
    ;(this.abort ??= new AbortController()).abort(reason)
  }

  /** All records are done, as `ack()`. */
  acknowledge(): void {
    this.ack()
  }
  /**
   * All records (or all through `index`) are done. A KafkaError of kind `config` unless ackMode is MANUAL or
   * MANUAL_IMMEDIATE; an index outside the batch is a RangeError.
   */
  ack(index = this.records.length - 1): void {
    this.delivery.acknowledgeBatch(this.records, index)
  }
  /** Records before `index` are done; those from `index` on come again, `sleepMs` from now. Instead of throwing. */
  nack(index: number, sleepMs = 0): void {
    this.delivery.nackBatch(this.records, index, sleepMs)
  }

  seek(offset: SeekTo): void {
    this.consumer.seek(this.topic, this.partition, offset)
  }
  seekToBeginning(): void {
    this.consumer.seekToBeginning([this])
  }
  seekToEnd(): void {
    this.consumer.seekToEnd([this])
  }
  seekRelative(offset: number, toCurrent: boolean): void {
    this.consumer.seekRelative(this.topic, this.partition, offset, toCurrent)
  }
  seekToTimestamp(timestampMs: number): void {
    this.consumer.seekToTimestamp(timestampMs, [this])
  }
}
