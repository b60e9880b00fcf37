/** TransactionPort on a `MemoryCluster`: the producer's side of its transactions. */
import {
  DriverError,
  type BatchResult,
  type CommitOffset,
  type GroupMetadata,
  type ProducerOptions,
  type TransactionPort,
} from '../../client/port.js'
import type { MemoryCluster } from './memory-cluster.js'
import type { MemoryTransaction } from './memory-transactions.js'

const TRANSACTION_TIMEOUT_MS = 60_000

export class MemoryTransactionPort implements TransactionPort {
  private readonly id: string
  private readonly timeoutMs: number
  private epoch = -1
  private open: MemoryTransaction | undefined
  /** Why the transaction can only be aborted. */
  private failure: DriverError | undefined

  constructor(
    private readonly cluster: MemoryCluster,
    options: ProducerOptions,
  ) {
    this.id = options.transactionalId!
    this.timeoutMs = options.transactionTimeoutMs ?? TRANSACTION_TIMEOUT_MS
  }

  async initialize(): Promise<void> {
    this.available()
    this.epoch = this.cluster.transactions.initialize(this.id)
  }

  async begin(): Promise<void> {
    if (this.epoch < 0) throw this.outOfTurn('begin', 'initialize() was not called')
    // who is fenced is told so, whatever is open
    this.cluster.transactions.current(this.id, this.epoch)
    if (this.open) throw this.outOfTurn('begin', 'a transaction is open')
    this.failure = undefined
    this.open = this.cluster.transactions.begin(this.id, this.epoch, this.timeoutMs)
  }

  async sendOffsets(offsets: readonly CommitOffset[], group: GroupMetadata): Promise<void> {
    const transaction = this.expectOpen('sendOffsets')
    this.available()
    if (this.failure) throw this.failure
    try {
      this.cluster.transactions.current(this.id, this.epoch)
      this.cluster.transactions.sendOffsets(transaction, offsets, group)
    } catch (error) {
      this.failure = error as DriverError
      throw error
    }
  }

  async commit(): Promise<void> {
    this.expectOpen('commit')
    this.available()
    if (this.failure) throw this.failure
    this.cluster.transactions.commit(this.id, this.epoch)
    this.open = undefined
  }

  async abort(): Promise<void> {
    this.expectOpen('abort')
    this.available()
    this.cluster.transactions.abort(this.id, this.epoch)
    this.open = undefined
  }

  // ── the producer's side ──

  /** What a batch is to be part of. @throws DriverError when there is no transaction, or it has failed. */
  get current(): MemoryTransaction {
    const transaction = this.expectOpen('send')
    if (this.failure) throw this.failure
    this.cluster.transactions.current(this.id, this.epoch)
    return transaction
  }

  /** After an await: a batch of a transaction that ended meanwhile is not written. */
  expectSame(transaction: MemoryTransaction): void {
    if (this.open === transaction) return
    throw new DriverError('retriable', 'the transaction was aborted', 'TRANSACTION_ABORTED')
  }

  noteFailed(result: BatchResult): void {
    if (result.error) this.failure ??= result.error
  }

  private expectOpen(call: string): MemoryTransaction {
    if (this.open === undefined) throw this.outOfTurn(call, 'no transaction is open')
    return this.open
  }

  private outOfTurn(call: string, why: string): DriverError {
    return new DriverError('fatal', `Transactional id '${this.id}': ${call}() is not possible while ${why}.`)
  }

  private available(): void {
    if (!this.cluster.isRunning) throw new DriverError('retriable', 'The memory cluster is stopped.')
  }
}
