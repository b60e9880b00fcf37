/** What a record handler is given beside the value. A class, so that decorated signatures have a value to name. */
import type { Log } from '../../base/log.js'
import type { ConsumerRecord, Headers } from '../../model/index.js'
import { DeadLetter } from '../error/dead-letter.js'
import type { Acknowledgment } from './acknowledgment.js'
import type { ConsumerSeekCallback, Seeking, SeekTo } from './consumer-seek-aware.js'

/** What a context asks of the delivery that it belongs to; the partition's own side. */
export interface RecordDelivery {
  readonly listenerId: string
  readonly groupId: string
  readonly log: Log
  readonly seeks: ConsumerSeekCallback
  acknowledge(record: ConsumerRecord<unknown, unknown>): void
  nack(record: ConsumerRecord<unknown, unknown>, sleepMs: number): void
}

/** The container's key to a context: it gave up waiting for the handler. */
export const ABANDON: unique symbol = Symbol('kts-kafka.abandon')

/**
 * What a handler is given beside the value: the record and its coordinates, acknowledgement, seeking, log and signal.
 *
 * One is made for each record. So it has no base class: `super()` would take as long as all else that is done for a record.
 */
export class ListenerContext<K = string, V = unknown> implements Acknowledgment, Seeking {
  /** Made by the container; tests of handlers may make their own. */
  constructor(
    readonly record: ConsumerRecord<K, V>,
    /** 1 on the first delivery; counts up with each retry of this record. */
    readonly attempt: number,
    private readonly delivery: RecordDelivery,
  ) {}

  private abort: AbortController | undefined

  /** null when the record has none. */
  get key(): K | null {
    return this.record.key
  }
  /** The record's. */
  get headers(): Headers {
    return this.record.headers
  }
  get topic(): string {
    return this.record.topic
  }
  get partition(): number {
    return this.record.partition
  }
  get offset(): number {
    return this.record.offset
  }
  /** Milliseconds since the epoch; of creation or of appending, see `record.timestampType`. */
  get timestampMs(): number {
    return this.record.timestampMs
  }
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
  /** Carries listener, topic, partition and offset. */
  get log(): Log {
    return this.delivery.log.child({ record: this.record.coordinates })
  }
  /**
   * Aborts when the container no longer waits for this handler: its deadline passed (`handlerTimeoutMs`), or the partition
   * or the container is going away and the time for that is over. Pass it on to what you await.
   */
  get signal(): AbortSignal {
    return (this.abort ??= new AbortController()).signal
  }
  [ABANDON](reason: Error): void {
    ;(this.abort ??= new AbortController()).abort(reason)
  }
  /** Why this record was dead-lettered, when it was: read from its `kafka_dlt-*` headers. */
  get deadLetter(): DeadLetter | undefined {
    return DeadLetter.from(this.record)
  }

  /** The record is done. A KafkaError of kind `config` unless ackMode is MANUAL or MANUAL_IMMEDIATE. */
  acknowledge(): void {
    this.delivery.acknowledge(this.record)
  }
  /** Short for `acknowledge()`. */
  ack(): void {
    this.delivery.acknowledge(this.record)
  }
  /**
   * Ask for this record again, `sleepMs` from now (default at once); only its own partition waits. Not a failure: no error
   * handler, no attempt counted. Call it instead of `ack()`, before the handler returns.
   * Throws a KafkaError of kind `config` unless ackMode is MANUAL or MANUAL_IMMEDIATE, and with `asyncAcks`.
   */
  nack(sleepMs = 0): void {
    this.delivery.nack(this.record, sleepMs)
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
