/** Hands records to a record handler one by one, each in a transaction of its own. */
import type { IncomingRecord } from '../../client/port.js'
import { runFresh } from './async-scope.js'
import { RecordInterceptors } from './interceptor-chain.js'
import { ABANDON, ListenerContext } from './listener-context.js'
import { ListenerTransactions, RolledBack } from './listener-transactions.js'
import type { AttemptOutcome, TransactionTools } from './listener-transactions.js'
import { PartitionRunner } from './partition-runner.js'
import type { AnyRecord } from './partition-runner.js'
import type { PartitionWorker } from './partition-worker.js'
import type { Delivery } from './record-queue.js'
import { Unreadable, unexpectedTombstone } from './record-reader.js'

export class TransactionalRecordRunner extends PartitionRunner {
  private readonly interceptors: RecordInterceptors
  private readonly transactions: ListenerTransactions

  constructor(worker: PartitionWorker, tools: TransactionTools) {
    super(worker)
    this.interceptors = new RecordInterceptors(worker.host.listener.recordInterceptors, worker.log)
    this.transactions = new ListenerTransactions(worker, tools)
  }

  async run({ records, endPosition }: Delivery): Promise<boolean> {
    for (const [index, raw] of records.entries()) {
      if (this.worker.mustStop) return false
      // with the last one, what follows it and is not shown (markers) is done, too
      const position = index === records.length - 1 ? endPosition : raw.offset + 1
      if (!(await this.deliver(raw, position))) return false
      const committed = this.worker.advance(position)
      if (committed !== undefined) await committed
    }
    return true
  }

  /** true: done with, and committed unless it was discarded. */
  private async deliver(raw: IncomingRecord, position: number): Promise<boolean> {
    const { worker } = this
    const { counts } = worker.host
    const read = await this.reader.read(raw)
    const record = read instanceof Unreadable ? read.record : read
    for (let attempt = 1; ;) {
      const outcome = await this.attempt(read, attempt, position)
      if (outcome === 'again') continue
      if (outcome === 'ended') return false
      if (outcome === 'discarded') {
        counts.discarded++
        return true
      }
      if (outcome === 'done') {
        counts.handled++
        await this.interceptors.afterRecord(record)
        return true
      }
      counts.failed++
      const decision = await this.transactions.afterRollback(outcome.error, attempt, position, (failure) =>
        worker.host.listener.errorHandler.handleRecord({ ...failure, record }),
      )
      if (decision === 'ended') return false
      if (decision.action === 'skip') {
        if (decision.recovered) counts.recovered++
        else counts.dropped++
        await this.interceptors.afterRecord(record)
        return true
      }
      if (decision.action === 'stop') return false
      counts.retried++
      if (!(await worker.pause(decision.delayMs))) return false
      attempt = decision.restart ? 1 : attempt + 1
    }
  }

  private async attempt(
    read: AnyRecord | Unreadable,
    attempt: number,
    position: number,
  ): Promise<AttemptOutcome | 'discarded'> {
    if (read instanceof Unreadable) return new RolledBack(read.error)
    const { listener } = this.worker.host
    try {
      if (listener.discardIf?.(read)) return 'discarded'
    } catch (error) {
      return new RolledBack(error)
    }
    if (read.rawValue === null && !this.reader.acceptsNull) return new RolledBack(unexpectedTombstone(read))
    let ctx = new ListenerContext(read, attempt, this)
    let discarded = false
    const outcome = await this.transactions.attempt(
      read.offset,
      position,
      async () => {
        const record = await this.interceptors.intercept(read)
        if (record === null) {
          discarded = true
          return
        }
        if (record !== read) ctx = new ListenerContext(record, attempt, this)
        await runFresh(listener.handler, record.value, ctx)
        await this.interceptors.success(record, ctx)
      },
      (reason) => ctx[ABANDON](reason),
    )
    if (outcome instanceof RolledBack) await this.interceptors.failure(ctx.record, outcome.error, ctx)
    if (outcome !== 'done' || !discarded) return outcome
    await this.interceptors.afterRecord(read)
    return 'discarded'
  }
}
