/**
 * Sends records, Spring's `KafkaTemplate`. Not generic: what a record holds is the topic's to say. Usable before the
 * runtime is started: it connects with the first record. Nothing here ever throws synchronously.
 */
import type { Log } from '../../base/log.js'
import { KafkaError } from '../../model/index.js'
import type { HeadersInit, ProducerRecord, RecordMetadata, SendResult, Serde, Topic } from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import type { RecordSender } from './record-sender.js'

export interface SendOptions<K = string> {
  key?: K | null | undefined
  /** Text is sent as UTF-8; a list gives the header several times. */
  headers?: HeadersInit | undefined
  /** Goes before the partitioner. */
  partition?: number | undefined
  /** Milliseconds since the epoch; left out: the time of the send. */
  timestampMs?: number | undefined
}

export interface TemplateParts {
  readonly name: string
  readonly defaultTopic: Topic<unknown, unknown> | string | undefined
  readonly closeTimeoutMs: number
  /** For topics that are named as text and not declared. */
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  readonly log: Log
  topicNamed(name: string): Topic<unknown, unknown> | undefined
  /** Called once, with the first record. */
  connect(): Promise<RecordSender>
}

type AnyTopic = Topic<unknown, unknown>

export class KafkaTemplate {
  private sender: RecordSender | undefined
  private connecting: Promise<RecordSender> | undefined
  /** Records that wait for the connection; later ones must not pass them. */
  private waiting = 0
  private closed = false

  /** Made by the runtime; inject it, or take `kafka(…).template`. */
  constructor(private readonly parts: TemplateParts) {}

  /**
   * Resolves when the broker has the record. Rejects with a KafkaError that carries the record, also for what is wrong with
   * the call itself: `undefined` as a value (null is a tombstone), a value that its serde can't write, a closed template.
   */
  send<K, V>(topic: Topic<K, V>, value: V | null, options?: SendOptions<K>): Promise<SendResult<K, V>>
  /** By name: the declared topic's serdes, else `producer.key` and `producer.value`. */
  send(topic: string, value: unknown, options?: SendOptions<unknown>): Promise<SendResult<unknown, unknown>>
  send<K, V>(record: ProducerRecord<K, V>): Promise<SendResult<K, V>>
  send(
    to: AnyTopic | string | ProducerRecord<unknown, unknown>,
    value?: unknown,
    options?: SendOptions<unknown>,
  ): Promise<SendResult<unknown, unknown>> {
    if (typeof to === 'string') return this.sendRecord({ ...options, topic: to, value }, this.parts.topicNamed(to))
    if ('topic' in to) return this.sendRecord(to, this.parts.topicNamed(to.topic))
    return this.sendRecord({ ...options, topic: to.name, value }, to)
  }

  /** To `template.defaultTopic`; without one it rejects with a KafkaError of kind `config`. */
  sendDefault(value: unknown, options?: SendOptions<unknown>): Promise<SendResult<unknown, unknown>> {
    const { defaultTopic } = this.parts
    if (defaultTopic === undefined) {
      return Promise.reject(
        new KafkaError('config', 'sendDefault: this template has no defaultTopic, set template.defaultTopic'),
      )
    }
    return typeof defaultTopic === 'string'
      ? this.send(defaultTopic, value, options)
      : this.send(defaultTopic, value, options)
  }

  /** Fire and log: as `send`, and a failure is an error log line. */
  emit<K, V>(topic: Topic<K, V>, value: V | null, options?: SendOptions<K>): void
  emit(topic: string, value: unknown, options?: SendOptions<unknown>): void
  emit<K, V>(record: ProducerRecord<K, V>): void
  emit(
    to: AnyTopic | string | ProducerRecord<unknown, unknown>,
    value?: unknown,
    options?: SendOptions<unknown>,
  ): void {
    const sent =
      typeof to === 'string'
        ? this.send(to, value, options)
        : 'topic' in to
          ? this.send(to)
          : this.send(to, value, options)
    sent.catch((error: unknown) => this.parts.log.error(errorMessage(error), { error }))
  }

  /** Resolves when every record sent so far has its outcome; does not wait for `lingerMs`. */
  async flush(): Promise<void> {
    if (this.connecting === undefined) return
    await (await this.connecting).flush()
  }

  /** How many partitions a topic has. */
  async partitionsFor(topic: string): Promise<number> {
    return (await this.connected()).partitionCount(topic)
  }

  /** The runtime closes its templates when it stops. Records under way are waited for, at most `timeoutMs`. */
  async close(timeoutMs: number = this.parts.closeTimeoutMs): Promise<void> {
    this.closed = true
    if (this.connecting === undefined) return
    const sender = await this.connecting.catch(() => undefined)
    this.sender = undefined
    this.connecting = undefined
    await sender?.close(timeoutMs)
  }

  /** The runtime's: it starts again after it was stopped. */
  reopen(): void {
    this.closed = false
  }

  private async sendRecord(
    record: ProducerRecord<unknown, unknown>,
    topic: AnyTopic | undefined,
  ): Promise<SendResult<unknown, unknown>> {
    const problem = this.problemWith(record)
    if (problem !== undefined) throw problem
    const key = topic === undefined ? this.parts.key : (topic.key ?? this.parts.key)
    const value = topic?.value ?? this.parts.value
    const metadata = await this.dispatch(record, key, value)
    return { record, metadata }
  }

  private dispatch(
    record: ProducerRecord<unknown, unknown>,
    key: Serde<unknown>,
    value: Serde<unknown>,
  ): Promise<RecordMetadata> {
    if (this.sender !== undefined && this.waiting === 0) return this.sender.send(record, key, value)
    this.waiting++
    return this.connected().then(
      (sender) => {
        this.waiting--
        return sender.send(record, key, value)
      },
      (error: unknown) => {
        this.waiting--
        throw error
      },
    )
  }

  private problemWith(record: ProducerRecord<unknown, unknown>): KafkaError | undefined {
    if (this.closed) return new KafkaError('closed', `template '${this.parts.name}' is closed`, { record })
    if (record.value === undefined) {
      return new KafkaError('serde', `undefined is not a value for ${record.topic}: send null for a tombstone`, {
        record,
      })
    }
    return undefined
  }

  private connected(): Promise<RecordSender> {
    if (this.connecting !== undefined) return this.connecting
    const connecting = this.parts.connect()
    this.connecting = connecting
    connecting.then(
      (sender) => (this.sender = sender),
      // the next record tries again
      () => (this.connecting = undefined),
    )
    return connecting
  }
}
