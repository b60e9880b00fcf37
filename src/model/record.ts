/** Records as users meet them. */
import { Headers } from './headers.js'
import type { HeadersInit, RecordHeader } from './headers.js'

export interface ProducerRecord<K = string, V = unknown> {
  readonly topic: string
  /** Left out: the partitioner decides. */
  readonly partition?: number | undefined
  readonly key?: K | null | undefined
  /** null is a tombstone. */
  readonly value: V | null
  readonly headers?: HeadersInit | undefined
  /** Milliseconds since the epoch; left out: the time of the send. */
  readonly timestampMs?: number | undefined
}

export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** -1 when the broker gave none (acks=0). */
  readonly offset: number
  readonly timestampMs: number
  readonly serializedKeySize: number
  readonly serializedValueSize: number
}

export interface SendResult<K = string, V = unknown> {
  readonly record: ProducerRecord<K, V>
  readonly metadata: RecordMetadata
}

export type TimestampType = 'CreateTime' | 'LogAppendTime'

/** A consumed record with its key and value read. A class, so that decorated signatures have a value to name. */
export class ConsumerRecord<K = string, V = unknown> {
  #headers: Headers | readonly RecordHeader[]

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly offset: number,
    readonly key: K | null,
    /** null is a tombstone. */
    readonly value: V,
    /** A plain list becomes `Headers` when somebody asks for them. */
    headers: Headers | readonly RecordHeader[],
    readonly timestampMs: number,
    readonly timestampType: TimestampType = 'CreateTime',
    readonly leaderEpoch?: number,
    /** The bytes as they came. */
    readonly rawKey: Buffer | null = null,
    readonly rawValue: Buffer | null = null,
  ) {
    this.#headers = headers
  }

  get headers(): Headers {
    const headers = this.#headers
    return headers instanceof Headers ? headers : (this.#headers = new Headers(headers))
  }

  /** `orders-0@42`, as log lines and messages name a record. */
  get coordinates(): string {
    return `${this.topic}-${this.partition}@${this.offset}`
  }

  /** What a log line or the console shows of it: everything but the raw bytes, header values as text. */
  toJSON(): object {
    const { topic, partition, offset, key, value, timestampMs, timestampType } = this
    return { topic, partition, offset, key, value, headers: this.headers.toJSON(), timestampMs, timestampType }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON()
  }

  /**
   * The same record with another key, value or headers, as an interceptor may give it. Its raw bytes stay what they were:
   * they are what a dead letter is made of. (`{ ...record }` is not a record, and has no headers.)
   */
  with<W = V, L = K>(changes: {
    readonly key?: L | null | undefined
    readonly value?: W | undefined
    readonly headers?: HeadersInit | undefined
  }): ConsumerRecord<L, W> {
    const { topic, partition, offset, timestampMs, timestampType, leaderEpoch, rawKey, rawValue } = this
    const key = 'key' in changes ? (changes.key ?? null) : this.key
    const value = 'value' in changes ? changes.value : this.value
    const headers = changes.headers === undefined ? this.#headers : Headers.from(changes.headers)
    return new ConsumerRecord(
      topic,
      partition,
      offset,
      key as L | null,
      value as W,
      headers,
      timestampMs,
      timestampType,
      leaderEpoch,
      rawKey,
      rawValue,
    )
  }
}
