/**
 * Sends records, Spring's `KafkaTemplate`. Not generic: what a record holds is the topic's to say. Usable before the
 * runtime is started: it connects with the first record. Nothing here ever throws synchronously.
 */
import type { Log } from '../../base/log.js'
import { KafkaError } from '../../model/index.js'
import type {
  ConsumerRecord,
  HeadersInit,
  ProducerRecord,
  RecordMetadata,
  SendResult,
  Serde,
  Topic,
} from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import { executeInTransaction, participate } from '../transaction/execute.js'
import { scopeOf } from '../transaction/transaction-scope.js'
import type { TransactionScope } from '../transaction/transaction-scope.js'
import type { TransactionalProducers } from '../transaction/transactional-producers.js'
import { operationsIn } from './kafka-operations.js'
import type { ConsumerGroupMetadata, KafkaOperations, OffsetToCommit } from './kafka-operations.js'
import type { RecordAt, RecordReceiver } from './record-receiver.js'
import type { RecordSender } from './record-sender.js'

/** What a record has beside topic and value. */
export interface SendOptions<K = string> {
  /** Left out, or null: the record has none. */
  key?: K | null | undefined
  /** Text is sent as UTF-8; a list gives the header several times. */
  headers?: HeadersInit | undefined
  /** Goes before the partitioner. */
  partition?: number | undefined
  /** Milliseconds since the epoch; left out: the time of the send. */
  timestampMs?: number | undefined
}

/** Of one transaction. */
export interface TransactionOptions {
  /** Longer than this, and it is aborted. Default `producer.transactionTimeoutMs`; no longer than that. */
  timeoutMs?: number | undefined
}

export interface TemplateParts {
  readonly name: string
  readonly defaultTopic: Topic<unknown, unknown> | string | undefined
  readonly closeTimeoutMs: number
  /** For topics that are named as text and not declared. */
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  readonly log: Log
  /** undefined: the template is not transactional. */
  readonly transactions: TransactionalProducers | undefined
  readonly allowNonTransactional: boolean
  readonly receiver: RecordReceiver
  topicNamed(name: string): Topic<unknown, unknown> | undefined
  /** Called once, with the first record. */
  connect(): Promise<RecordSender>
}

type AnyTopic = Topic<unknown, unknown>

/**
 * Sends records, and reads single ones; in transactions when it has a `transactionIdPrefix`. Spring's `KafkaTemplate`.
 */
export class KafkaTemplate implements KafkaOperations {
  private sender: RecordSender | undefined
  private connecting: Promise<RecordSender> | undefined
  /** Records that wait for the connection; later ones must not pass them. */
  private waiting = 0
  private closed = false

  /** Made by the runtime; inject it, or take `kafka(…).template`. */
  constructor(private readonly parts: TemplateParts) {}

  /** By name: the declared topic's serdes, else `producer.key` and `producer.value`. */
  send(topic: string, value: unknown, options?: SendOptions<unknown>): Promise<SendResult<unknown, unknown>>
  send<K, V>(record: ProducerRecord<K, V>): Promise<SendResult<K, V>>
  // last: of a call that fits none, the compiler tells what the last one lacks
  /**
   * Resolves when the broker has the record. Rejects with a KafkaError that carries the record, also for what is wrong with
   * the call itself: `undefined` as a value (null is a tombstone), a value that its serde can't write, a closed template.
   */
  send<K, V>(topic: Topic<K, V>, value: V | null, options?: SendOptions<K>): Promise<SendResult<K, V>>
  send(
    to: AnyTopic | string | ProducerRecord<unknown, unknown>,
    value?: unknown,
    options?: SendOptions<unknown>,
  ): Promise<SendResult<unknown, unknown>> {
    const sent = this.sendTo(to, value, options)
    // a failure is the transaction's: whoever does not wait for the record sees it at the commit
    if (this.inTransaction) sent.catch(() => undefined)
    return sent
  }

  private sendTo(
    to: AnyTopic | string | ProducerRecord<unknown, unknown>,
    value: unknown,
    options: SendOptions<unknown> | undefined,
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

  emit(topic: string, value: unknown, options?: SendOptions<unknown>): void
  emit<K, V>(record: ProducerRecord<K, V>): void
  /** Fire and log: as `send`, and a failure is an error log line. */
  emit<K, V>(topic: Topic<K, V>, value: V | null, options?: SendOptions<K>): void
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

  /** Resolves when every record sent so far has its outcome; does not wait for `lingerMs`. In a transaction: its records. */
  async flush(): Promise<void> {
    const scope = this.scope
    if (scope !== undefined) return scope.transaction.isEmpty ? undefined : (await scope.transaction.open()).flush()
    if (this.connecting === undefined) return
    await (await this.connecting).flush()
  }

  // ── transactions ──

  /** Whether it was given a `transactionIdPrefix`: then it sends in transactions only, unless `allowNonTransactional`. */
  get isTransactional(): boolean {
    return this.parts.transactions !== undefined
  }

  /** Whether what is sent here and now is part of a transaction: its own, or a listener's. */
  get inTransaction(): boolean {
    return this.scope !== undefined
  }

  /** Whether it also sends outside of transactions: `template.allowNonTransactional`. */
  get allowNonTransactional(): boolean {
    return this.parts.allowNonTransactional
  }

  /**
   * Begins a transaction with a producer of its own, calls back, and commits. All that the callback sends by `ops`, or by
   * this template in whatever the callback awaits, is part of it. Throwing aborts it, and what was thrown is rejected with.
   *
   * It is independent of a listener's transaction around it; one inside another of the same template is refused. A send
   * that fails makes the commit fail, whether or not the callback cared. Rejects with a KafkaError of kind `config` when
   * the template has no `transactionIdPrefix`; `fenced` when another producer has its id; `transaction` when it took too
   * long (code TRANSACTION_TIMED_OUT); `timeout` when the broker does not answer: with `commit` it is then not known
   * whether it was committed.
   */
  async executeInTransaction<T>(
    callback: (ops: KafkaOperations) => T | PromiseLike<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const transactions = this.transactionsFor('executeInTransaction')
    if (this.scope?.isLocal) {
      throw new KafkaError(
        'config',
        `executeInTransaction of template '${this.parts.name}' inside of another one of the same template: use its operations`,
      )
    }
    const how = { timeoutMs: options.timeoutMs, isLocal: true }
    return executeInTransaction(transactions, how, (scope) => callback(operationsIn(scope, this)))
  }

  /**
   * Calls back in the transaction of this template that runs here: of an outer call of this, of `executeInTransaction`, or
   * of a listener. Where none runs it begins one, and commits or aborts it as `executeInTransaction` does, with the same
   * errors. Spring's propagation REQUIRED; `@Transactional()` is this, for a method.
   *
   * In a transaction that was joined `timeoutMs` says nothing, and what the callback throws leaves it to be rolled back: if
   * it goes on regardless, its commit rejects with a KafkaError of kind `transaction` and code UNEXPECTED_ROLLBACK.
   */
  async joinTransaction<T>(callback: () => T | PromiseLike<T>, options: TransactionOptions = {}): Promise<T> {
    const transactions = this.transactionsFor('joinTransaction')
    const { scope } = this
    if (scope !== undefined && !scope.transaction.isOver) return participate(scope, callback)
    return executeInTransaction(transactions, { timeoutMs: options.timeoutMs, isLocal: false }, callback)
  }

  /**
   * Offsets that are committed with the transaction that this is called in; for reading on one's own. A listener's
   * transaction has its offsets already. Outside of a transaction: a KafkaError of kind `config`.
   */
  async sendOffsetsToTransaction(offsets: readonly OffsetToCommit[], group: ConsumerGroupMetadata): Promise<void> {
    const { scope } = this
    if (scope === undefined) {
      throw new KafkaError('config', `sendOffsetsToTransaction: template '${this.parts.name}' is in no transaction`)
    }
    const { groupId, generationId = -1, memberId = '', groupInstanceId } = group
    await scope.transaction.sendOffsets(offsets, { groupId, generationId, memberId, groupInstanceId })
  }

  /** The container's: the producers whose transactions this template's sends join. */
  get transactionalProducers(): TransactionalProducers | undefined {
    return this.parts.transactions
  }

  private get scope(): TransactionScope | undefined {
    const { transactions } = this.parts
    return transactions === undefined ? undefined : scopeOf(transactions)
  }

  private transactionsFor(what: string): TransactionalProducers {
    const { transactions, name } = this.parts
    if (this.closed) throw new KafkaError('closed', `template '${name}' is closed`)
    if (transactions !== undefined) return transactions
    throw new KafkaError('config', `${what}: template '${name}' is not transactional, set producer.transactionIdPrefix`)
  }

  // ── receiving ──

  /**
   * Reads the one record at this place, without a group. null: there is none (compacted, or deleted), or it did not come
   * within `timeoutMs` (default 5_000). Needs a driver with manual assignment; refused as a KafkaError of kind `config`.
   */
  receive<K, V>(
    topic: Topic<K, V>,
    partition: number,
    offset: number,
    timeoutMs?: number,
  ): Promise<ConsumerRecord<K, V> | null>
  /** By name: the declared topic's serdes, else `consumer.key` and `consumer.value`. */
  receive(
    topic: string,
    partition: number,
    offset: number,
    timeoutMs?: number,
  ): Promise<ConsumerRecord<unknown, unknown> | null>
  /** Those that are there, in the order asked for; records that are not found are left out. */
  receive<K, V>(records: readonly RecordAt<Topic<K, V>>[], timeoutMs?: number): Promise<readonly ConsumerRecord<K, V>[]>
  receive(records: readonly RecordAt[], timeoutMs?: number): Promise<readonly ConsumerRecord<unknown, unknown>[]>
  async receive(
    from: AnyTopic | string | readonly RecordAt[],
    ...rest: readonly number[]
  ): Promise<ConsumerRecord<unknown, unknown> | null | readonly ConsumerRecord<unknown, unknown>[]> {
    const isList = Array.isArray as (value: unknown) => value is readonly RecordAt[]
    if (isList(from)) {
      const found = await this.parts.receiver.receive(from, rest[0])
      return found.filter((record) => record !== null)
    }
    const [partition = 0, offset = 0, timeoutMs] = rest
    const [record = null] = await this.parts.receiver.receive([{ topic: from, partition, offset }], timeoutMs)
    return record
  }

  /** How many partitions a topic has. */
  async partitionsFor(topic: string): Promise<number> {
    const scope = this.scope
    if (scope !== undefined) return (await scope.transaction.open()).partitionCount(topic)
    return (await this.connected()).partitionCount(topic)
  }

  /** The runtime closes its templates when it stops. Records under way are waited for, at most `timeoutMs`. */
  async close(timeoutMs: number = this.parts.closeTimeoutMs): Promise<void> {
    this.closed = true
    await this.parts.transactions?.close(timeoutMs)
    if (this.connecting === undefined) return
    const sender = await this.connecting.catch(() => undefined)
    this.sender = undefined
    this.connecting = undefined
    await sender?.close(timeoutMs)
  }

  /** The runtime's: it starts again after it was stopped. */
  reopen(): void {
    this.closed = false
    this.parts.transactions?.reopen()
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
    if (this.parts.transactions !== undefined) {
      const { scope } = this
      if (scope !== undefined) return scope.transaction.send(record, key, value)
      if (!this.parts.allowNonTransactional) throw this.outsideOfTransaction(record)
    }
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

  private outsideOfTransaction(record: ProducerRecord<unknown, unknown>): KafkaError {
    return new KafkaError(
      'config',
      `template '${this.parts.name}' is transactional, and a record for ${record.topic} is sent outside of a transaction: ` +
        'send it in executeInTransaction or in a transactional listener, or set template.allowNonTransactional',
      { record },
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
