/**
 * One transaction, from its first record or offset to its commit or abort.
 *
 * new ─open→ open ─commit/abort→ over
 *              │ a send, an offset or who took part failed, or its time is over: only `abort` is left
 *
 * It takes a producer when there is something to write, and gives it back when it is over. Its time runs from there, so it
 * ends here before the broker ends it.
 */
import type { Timer } from '../../base/clock.js'
import { DriverError } from '../../client/port.js'
import type { CommitOffset, GroupMetadata, TransactionPort } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import type { ProducerRecord, RecordMetadata, Serde } from '../../model/index.js'
import { kafkaErrorFrom } from '../driver-errors.js'
import type { RecordSender } from '../template/record-sender.js'
import type { TransactionalProducer, TransactionalProducers } from './transactional-producers.js'

/** What is wrong with one record or call, and leaves the transaction as it is. */
const HARMLESS: ReadonlySet<string> = new Set(['serde', 'config'])

export class Transaction {
  /** Why it can only be aborted. */
  failure: KafkaError | undefined
  /** A commit was asked for, and no answer tells what became of it. */
  isInDoubt = false
  private opening: Promise<TransactionalProducer> | undefined
  private state: 'new' | 'open' | 'over' = 'new'
  private timer: Timer | undefined
  private onTimeout: ((error: KafkaError) => void) | undefined

  constructor(
    private readonly producers: TransactionalProducers,
    private readonly timeoutMs = producers.timeoutMs,
  ) {}

  get isOver(): boolean {
    return this.state === 'over'
  }

  /** Nothing was written in it. */
  get isEmpty(): boolean {
    return this.opening === undefined
  }

  /** Takes a producer and begins. Again: no effect. */
  async open(): Promise<RecordSender> {
    return (await this.opened()).sender
  }

  /** Waits for the task, but no longer than the transaction may take. */
  async within<T>(task: () => T | PromiseLike<T>): Promise<T> {
    const late = new Promise<never>((_, reject) => (this.onTimeout = reject))
    late.catch(() => undefined)
    if (this.failure !== undefined) throw this.failure
    return Promise.race([(async () => task())(), late])
  }

  async send(
    record: ProducerRecord<unknown, unknown>,
    key: Serde<unknown>,
    value: Serde<unknown>,
  ): Promise<RecordMetadata> {
    this.refuseOver(record)
    try {
      const { sender } = await this.opened()
      this.refuseOver(record)
      return await sender.send(record, key, value)
    } catch (error) {
      if (!(KafkaError.is(error) && HARMLESS.has(error.kind))) this.failed(error, 'a record could not be sent')
      throw error
    }
  }

  /** Committed with the transaction, or not at all. */
  async sendOffsets(offsets: readonly CommitOffset[], group: GroupMetadata): Promise<void> {
    this.refuseOver()
    if (this.failure !== undefined) throw this.failure
    try {
      const { port } = await this.opened()
      this.refuseOver()
      await transactionsOf(port).sendOffsets(offsets, group)
    } catch (error) {
      throw this.failed(error, `offsets of group ${group.groupId} could not be sent to the transaction`)
    }
  }

  /** Its commit is to fail, with this, unless something else failed before. */
  rollBackOnly(error: KafkaError): void {
    if (!this.isOver) this.failure ??= error
  }

  /** Rejects with what failed in it; then it is still to be aborted, unless `isOver`. */
  async commit(): Promise<void> {
    this.refuseOver()
    if (this.opening === undefined) {
      if (this.failure !== undefined) throw this.failure
      return this.end()
    }
    const producer = await this.opened()
    await producer.sender.flush()
    this.refuseOver()
    if (this.failure !== undefined) throw this.failure
    this.timer?.cancel()
    try {
      await transactionsOf(producer.port).commit()
    } catch (error) {
      this.isInDoubt = error instanceof DriverError && (error.kind === 'timeout' || error.kind === 'retriable')
      const words = this.isInDoubt ? 'whether the transaction was committed is not known' : 'the commit failed'
      const failure = this.failed(error, words)
      if (this.isInDoubt || failure.kind === 'fenced') await this.drop(producer, failure)
      throw failure
    }
    this.end()
    this.producers.release(producer)
  }

  /** What was written is never seen by `read_committed`. Never rejects: a producer that can't abort is given up. */
  async abort(): Promise<void> {
    if (this.isOver) return
    this.end()
    const producer = await this.opening?.catch(() => undefined)
    if (producer === undefined) return
    try {
      await transactionsOf(producer.port).abort()
      // what still waits in the accumulator fails, and must be gone before the next transaction
      void producer.sender.flush().then(() => this.producers.release(producer))
    } catch (error) {
      await this.drop(producer, asKafkaError(error, 'the abort failed'))
    }
  }

  private opened(): Promise<TransactionalProducer> {
    return (this.opening ??= this.begin())
  }

  private async begin(): Promise<TransactionalProducer> {
    const producer = await this.producers.acquire()
    try {
      await transactionsOf(producer.port).begin()
    } catch (error) {
      await this.drop(producer, asKafkaError(error, 'the transaction could not begin'))
      throw asKafkaError(error, 'the transaction could not begin')
    }
    if (this.state === 'new') {
      this.state = 'open'
      this.timer = this.producers.clock.after(this.timeoutMs, () => this.timedOut())
    }
    return producer
  }

  private timedOut(): void {
    const error = new KafkaError('transaction', `the transaction took longer than ${this.timeoutMs} ms`, {
      code: 'TRANSACTION_TIMED_OUT',
    })
    this.failure ??= error
    this.onTimeout?.(error)
  }

  private failed(error: unknown, what: string): KafkaError {
    const failure = asKafkaError(error, what)
    this.failure ??= failure
    return failure
  }

  private async drop(producer: TransactionalProducer, error: KafkaError): Promise<void> {
    this.end()
    await this.producers.discard(producer, error.kind === 'fenced', this.isInDoubt)
  }

  private end(): void {
    this.state = 'over'
    this.timer?.cancel()
  }

  private refuseOver(record?: ProducerRecord<unknown, unknown>): void {
    if (!this.isOver) return
    const why = this.failure === undefined ? '' : `: ${this.failure.message}`
    throw new KafkaError('transaction', `the transaction is over, what comes now can't be part of it${why}`, {
      code: 'TRANSACTION_OVER',
      record,
    })
  }
}

function transactionsOf({ transactions }: TransactionalProducer['port']): TransactionPort {
  return transactions!
}

function asKafkaError(error: unknown, what: string): KafkaError {
  if (KafkaError.is(error)) return error
  if (error instanceof DriverError) return kafkaErrorFrom(error, what)
  return new KafkaError('transaction', `${what}: ${String(error)}`, { cause: error })
}
