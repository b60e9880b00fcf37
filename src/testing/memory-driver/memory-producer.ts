/** Appends to a `MemoryCluster`. While the cluster is stopped a send waits for it, at most its delivery time-out. */
import { sleep } from '../../base/clock.js'
import {
  DriverError,
  type BatchResult,
  type OutgoingBatch,
  type ProducerOptions,
  type ProducerPort,
} from '../../client/port.js'
import type { MemoryCluster } from './memory-cluster.js'
import type { MemoryTransaction } from './memory-transactions.js'
import { MemoryTransactionPort } from './memory-transaction-port.js'

export class MemoryProducer implements ProducerPort {
  readonly transactions: MemoryTransactionPort | undefined
  private closed = false
  private readonly underWay = new Set<Promise<unknown>>()

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly options: ProducerOptions,
  ) {
    if (options.transactionalId !== undefined) this.transactions = new MemoryTransactionPort(cluster, options)
  }

  async connect(): Promise<void> {
    this.refuseClosed()
    if (!this.cluster.isRunning) throw new DriverError('retriable', 'The memory cluster is stopped.')
  }

  async partitions(topic: string): Promise<number> {
    this.refuseClosed()
    await this.available()
    return this.cluster.existingOrCreated(topic).partitions.length
  }

  async send(batches: readonly OutgoingBatch[]): Promise<readonly BatchResult[]> {
    this.refuseClosed()
    const sent = this.deliver(batches)
    this.underWay.add(sent)
    try {
      return await sent
    } finally {
      this.underWay.delete(sent)
    }
  }

  async close(timeoutMs: number): Promise<void> {
    this.closed = true
    const abort = new AbortController()
    await Promise.race([
      Promise.allSettled(this.underWay),
      sleep(this.cluster.clock, timeoutMs, abort.signal).catch(() => {}),
    ])
    abort.abort(new Error('closed'))
  }

  private async deliver(batches: readonly OutgoingBatch[]): Promise<readonly BatchResult[]> {
    const { transactions } = this
    let transaction: MemoryTransaction | undefined
    try {
      transaction = transactions?.current
      await this.available()
      if (transaction) transactions!.expectSame(transaction)
    } catch (error) {
      return batches.map(() => ({ error: error as DriverError }))
    }
    return batches.map((batch) => {
      const result = this.cluster.produce(batch, transaction)
      transactions?.noteFailed(result)
      return this.options.acks === 'none' && !result.error ? { baseOffset: -1 } : result
    })
  }

  private available(): Promise<void> {
    if (this.cluster.isRunning) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = this.cluster.clock.after(this.options.deliveryTimeoutMs, () => {
        off()
        reject(new DriverError('timeout', `Nothing answered within ${this.options.deliveryTimeoutMs} ms.`))
      })
      const off = this.cluster.onChange(() => {
        if (!this.cluster.isRunning) return
        timer.cancel()
        off()
        resolve()
      })
    })
  }

  private refuseClosed(): void {
    if (this.closed) throw new DriverError('closed', 'The producer is closed.')
  }
}
