/**
 * Hands the records of a delivery to a batch handler in one transaction. After a rollback all of them come again; when the
 * handler says which record failed, those before it are delivered and committed first, by themselves, so that the one that
 * failed stands at the head of its batch and can be given up alone.
 */
import { BatchListenerFailedException, failedIndex } from '../error/batch-listener-failed-exception.js'
import type { RecordDecision } from '../error/error-handler.js'
import { runFresh } from './async-scope.js'
import { BatchContext } from './batch-context.js'
import { isSettled, refuseMiscounted } from './batch-results.js'
import { BatchInterceptors } from './interceptor-chain.js'
import { ABANDON } from './listener-context.js'
import { ListenerTransactions, RolledBack } from './listener-transactions.js'
import type { AttemptOutcome, TransactionTools } from './listener-transactions.js'
import { PartitionRunner } from './partition-runner.js'
import type { AnyRecord } from './partition-runner.js'
import type { PartitionWorker } from './partition-worker.js'
import type { Delivery } from './record-queue.js'
import { Unreadable } from './record-reader.js'

/** Records of one transaction, or one that never reaches the handler. */
interface Segment {
  readonly records: AnyRecord[]
  /** Why the only record can't be handled. */
  readonly failure: RolledBack | undefined
  /** Committed when they are done. */
  position: number
  attempt: number
}

type Step = readonly Segment[] | 'ended'

export class TransactionalBatchRunner extends PartitionRunner {
  private readonly interceptors: BatchInterceptors
  private readonly transactions: ListenerTransactions
  /** By the handler, at its last attempt. */
  private seen: readonly AnyRecord[] = []

  constructor(worker: PartitionWorker, tools: TransactionTools) {
    super(worker)
    this.interceptors = new BatchInterceptors(worker.host.listener.batchInterceptors, worker.log)
    this.transactions = new ListenerTransactions(worker, tools)
  }

  async run(delivery: Delivery): Promise<boolean> {
    let segments: readonly Segment[] = await this.segmentsOf(delivery)
    while (segments.length > 0) {
      if (this.worker.mustStop) return false
      const [segment, ...rest] = segments as [Segment, ...Segment[]]
      const next = await this.deliver(segment)
      if (next === 'ended') return false
      segments = [...next, ...rest]
    }
    this.seen = []
    return true
  }

  private async segmentsOf({ records, endPosition }: Delivery): Promise<Segment[]> {
    const { listener, counts } = this.worker.host
    const segments: Segment[] = []
    for (const raw of records) {
      const read = await this.reader.read(raw)
      const position = raw.offset + 1
      const last = segments.at(-1)
      let failure: RolledBack | undefined
      if (read instanceof Unreadable) failure = new RolledBack(read.error)
      else {
        try {
          if (listener.discardIf?.(read)) {
            counts.discarded++
            if (last !== undefined) last.position = position
            continue
          }
        } catch (error) {
          failure = new RolledBack(error)
        }
      }
      const record = read instanceof Unreadable ? read.record : read
      if (failure !== undefined) segments.push({ records: [record], failure, position, attempt: 1 })
      else if (last === undefined || last.failure !== undefined)
        segments.push({ records: [record], failure: undefined, position, attempt: 1 })
      else {
        last.records.push(record)
        last.position = position
      }
    }
    const last = segments.at(-1)
    if (last !== undefined) last.position = endPosition
    return segments
  }

  /** What is still to be done of it. */
  private async deliver(segment: Segment): Promise<Step> {
    const { worker } = this
    const { counts } = worker.host
    const { records } = segment
    const outcome = segment.failure ?? (await this.attempt(segment))
    if (outcome === 'ended') return 'ended'
    if (outcome === 'again') return [segment]
    if (outcome === 'done') {
      counts.handled += records.length
      return this.done(segment)
    }
    counts.failed++
    const index = segment.failure === undefined ? this.failedIn(records, outcome.error) : 0
    if (index !== undefined && index > 0) {
      counts.retried++
      const before = { ...segment, records: records.slice(0, index), position: records[index]!.offset, attempt: 1 }
      return [before, { ...segment, records: records.slice(index), attempt: segment.attempt + 1 }]
    }
    if (index === 0) return this.giveUpHead(segment, causeOf(outcome.error))
    return this.giveUpAll(segment, outcome.error)
  }

  /** The error tells a place among the records that the handler saw; interceptors may have left some out. */
  private failedIn(records: readonly AnyRecord[], error: unknown): number | undefined {
    const index = failedIndex(error, this.seen)
    const found = index === undefined ? -1 : records.findIndex(({ offset }) => offset === this.seen[index]!.offset)
    return found === -1 ? undefined : found
  }

  private async giveUpHead(segment: Segment, error: unknown): Promise<Step> {
    const { worker } = this
    const { counts, listener } = worker.host
    const [record, ...rest] = segment.records as [AnyRecord, ...AnyRecord[]]
    const position = rest[0]?.offset ?? segment.position
    const decision: RecordDecision | 'ended' = await this.transactions.afterRollback(
      error,
      segment.attempt,
      position,
      (failure) => listener.errorHandler.handleRecord({ ...failure, record }),
    )
    if (decision === 'ended' || decision.action === 'stop') return 'ended'
    if (decision.action === 'retry') return this.again(segment, decision)
    if (decision.recovered) counts.recovered++
    else counts.dropped++
    await this.done({ ...segment, records: [record], position })
    return rest.length === 0 ? [] : [{ ...segment, records: rest, attempt: 1 }]
  }

  private async giveUpAll(segment: Segment, error: unknown): Promise<Step> {
    const { counts, listener } = this.worker.host
    const { records, attempt, position } = segment
    const decision = await this.transactions.afterRollback(error, attempt, position, async (failure) => {
      const asked = await listener.errorHandler.handleBatch({ ...failure, records })
      // a part that is given up can't be committed while those before it are to come again
      return asked.action === 'skip' && asked.from < records.length
        ? { action: 'retry' as const, from: 0, delayMs: 0 }
        : asked
    })
    if (decision === 'ended' || decision.action === 'stop') return 'ended'
    if (decision.action === 'retry') return this.again(segment, decision)
    counts.recovered += decision.recovered
    counts.dropped += decision.dropped
    return this.done(segment)
  }

  private async again(
    segment: Segment,
    { delayMs, restart }: { readonly delayMs: number; readonly restart?: boolean | undefined },
  ): Promise<Step> {
    this.worker.host.counts.retried++
    if (!(await this.worker.pause(delayMs))) return 'ended'
    return [{ ...segment, attempt: restart ? 1 : segment.attempt + 1 }]
  }

  private async done({ position, records }: Segment): Promise<readonly Segment[]> {
    const committed = this.worker.advance(position, records.length)
    if (committed !== undefined) await committed
    return []
  }

  private async attempt({ records: given, attempt, position }: Segment): Promise<AttemptOutcome> {
    const { worker } = this
    let records = given
    let ctx = this.contextFor(records, attempt)
    this.seen = given
    const outcome = await this.transactions.attempt(
      given[0]!.offset,
      position,
      async () => {
        const kept = await this.interceptors.intercept(given)
        if (kept === null || kept.length === 0) return
        if (kept !== given) {
          records = kept
          this.seen = kept
          ctx = this.contextFor(records, attempt)
        }
        const result: unknown = await runFresh(worker.host.listener.handler, records.slice(), ctx)
        refuseMiscounted(result, records.length)
        if (isSettled(result)) refuseRejected(result)
        await this.interceptors.success(records, ctx)
      },
      (reason) => ctx[ABANDON](reason),
    )
    if (outcome instanceof RolledBack) await this.interceptors.failure(records, outcome.error, ctx)
    return outcome
  }

  private contextFor(records: readonly AnyRecord[], attempt: number): BatchContext<unknown, unknown> {
    return new BatchContext(records, this.worker.topic, this.worker.partition, attempt, this)
  }
}

/** One record that failed rolls back all: the first of them is told. */
function refuseRejected(results: readonly PromiseSettledResult<unknown>[]): void {
  const index = results.findIndex(({ status }) => status === 'rejected')
  const result = results[index]
  if (result?.status === 'rejected') {
    throw new BatchListenerFailedException(`record ${index} of the batch failed`, index, result.reason)
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof BatchListenerFailedException ? (error.cause ?? error) : error
}
