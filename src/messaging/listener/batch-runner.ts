/**
 * Hands the records of a delivery that it is to see (`BatchAdmission`) to a batch handler in one call; what fails is
 * delivered again, and nothing else.
 */
import { failedIndex } from '../error/batch-listener-failed-exception.js'
import type { BatchDecision } from '../error/error-handler.js'
import { runFresh } from './async-scope.js'
import { BatchContext } from './batch-context.js'
import { BatchAdmission } from './batch-admission.js'
import { decide, decideForRecord } from './failure.js'
import { isSettled, refuseMiscounted } from './batch-results.js'
import { BatchInterceptors } from './interceptor-chain.js'
import { ABANDON } from './listener-context.js'
import { PartitionRunner } from './partition-runner.js'
import type { AnyRecord } from './partition-runner.js'
import type { PartitionWorker } from './partition-worker.js'
import type { Delivery } from './record-queue.js'
import { Abandoned } from './supervised-handler.js'
import { isThenable } from './thenable.js'

/** Records to be delivered together, and how often each of them failed (all alike, unless the handler tells them apart). */
interface Round {
  readonly records: AnyRecord[]
  readonly attempt: number
  /** Of records that failed by themselves. */
  readonly failures: ReadonlyMap<number, number>
}

type Step = { readonly next: Round; readonly delayMs: number } | 'done' | 'ended'

type AnyContext = BatchContext<unknown, unknown>

const NO_FAILURES: ReadonlyMap<number, number> = new Map()

export class BatchRunner extends PartitionRunner {
  private readonly admission: BatchAdmission
  private readonly interceptors: BatchInterceptors | undefined
  /** The batch whose handler is at work. */
  private current: readonly AnyRecord[] | undefined
  private nacked: { index: number; sleepMs: number } | undefined

  constructor(worker: PartitionWorker) {
    super(worker)
    this.admission = new BatchAdmission(worker, this.reader)
    const { batchInterceptors } = worker.host.listener
    if (batchInterceptors.length > 0) this.interceptors = new BatchInterceptors(batchInterceptors, worker.log)
  }

  run(delivery: Delivery): boolean | Promise<boolean> {
    const reading = this.admission.admit(delivery)
    return reading instanceof Promise ? reading.then((records) => this.begin(records)) : this.begin(reading)
  }

  private begin(records: AnyRecord[] | undefined): boolean | Promise<boolean> {
    if (records === undefined || this.worker.mustStop) return false
    if (records.length === 0) return true
    const round: Round = { records, attempt: 1, failures: NO_FAILURES }
    const step = this.deliver(round)
    if (step !== 'done') return this.goOn(round, step)
    const committed = this.advancePast(records, records.length)
    return committed === undefined ? true : committed.then(() => true)
  }

  private async goOn(first: Round, begun: Step | Promise<Step>): Promise<boolean> {
    const { worker } = this
    let round = first
    for (let delivering = begun; ; delivering = this.deliver(round)) {
      const step = await delivering
      if (step === 'ended') return false
      if (step === 'done') {
        await this.advancePast(first.records, round.records.length)
        return true
      }
      round = this.interceptors === undefined ? step.next : asTheyCame(round, step.next)
      if (step.delayMs > 0) void worker.host.committer.commit(worker)
      if (!(await worker.pause(step.delayMs)) || worker.mustStop) return false
    }
  }

  /** All of them are done, `count` of them with the last round. */
  private advancePast(records: readonly AnyRecord[], count: number): Promise<void> | undefined {
    return this.worker.advance(records.at(-1)!.offset + 1, count)
  }

  private deliver(round: Round): Step | Promise<Step> {
    if (this.interceptors === undefined) return this.handOver(round, round.records)
    return this.intercept(round).then((given) => (Array.isArray(given) ? this.handOver(round, given) : given))
  }

  private handOver(round: Round, records: AnyRecord[]): Step | Promise<Step> {
    const { worker } = this
    this.current = records
    this.nacked = undefined
    const ctx = new BatchContext(records, worker.topic, worker.partition, round.attempt, this)
    let result: unknown
    try {
      // a list of its own: it may sort it, or empty it as it goes
      result = runFresh(worker.host.listener.handler, records.slice(), ctx)
      if (isThenable(result)) return this.settle(round, records, ctx, result)
      refuseMiscounted(result, records.length)
    } catch (error) {
      return this.threw(round, records, ctx, error)
    }
    return this.returned(round, records, ctx, result)
  }

  private async settle(round: Round, records: AnyRecord[], ctx: AnyContext, work: PromiseLike<unknown>): Promise<Step> {
    let result: unknown
    try {
      result = await this.worker.handler.waitFor(work, records[0]!.offset, (reason) => ctx[ABANDON](reason))
      refuseMiscounted(result, records.length)
    } catch (error) {
      return this.threw(round, records, ctx, error)
    }
    return this.returned(round, records, ctx, result)
  }

  private async threw(round: Round, records: AnyRecord[], ctx: AnyContext, error: unknown): Promise<Step> {
    this.current = undefined
    if (error instanceof Abandoned) return 'ended'
    await this.interceptors?.failure(records, error, ctx)
    return this.failedBatch(round, records, error)
  }

  private returned(round: Round, records: AnyRecord[], ctx: AnyContext, result: unknown): Step | Promise<Step> {
    this.current = undefined
    if (this.nacked !== undefined) return this.nackedFrom(round, records, this.nacked)
    if (isSettled(result)) return this.settledEach(round, records, result)
    return this.interceptors === undefined ? this.handled(records) : this.intercepted(this.interceptors, records, ctx)
  }

  private async intercepted(interceptors: BatchInterceptors, records: AnyRecord[], ctx: AnyContext): Promise<Step> {
    await interceptors.success(records, ctx)
    return this.handled(records)
  }

  private handled(records: readonly AnyRecord[]): Step {
    this.worker.host.counts.handled += records.length
    return 'done'
  }

  private async intercept(round: Round): Promise<AnyRecord[] | Step> {
    try {
      const records = (await this.interceptors!.intercept(round.records)) ?? []
      this.passOver(round.records, records)
      return records.length > 0 ? records : 'done'
    } catch (error) {
      return this.failedBatch(round, round.records, error)
    }
  }

  /** What an interceptor left out counts as done. */
  private passOver(given: readonly AnyRecord[], kept: readonly AnyRecord[]): void {
    if (kept.length === given.length) return
    const { counts, listener } = this.worker.host
    const offsets = new Set(kept.map(({ offset }) => offset))
    const left = given.filter(({ offset }) => !offsets.has(offset))
    counts.discarded += left.length
    if (listener.ackDiscarded) for (const { offset } of left) this.worker.acks?.settle(offset)
  }

  private nackedFrom(round: Round, records: AnyRecord[], { index, sleepMs }: { index: number; sleepMs: number }): Step {
    this.finish(records, index)
    this.worker.host.counts.handled += index
    void this.worker.host.committer.commit(this.worker)
    return { next: { ...round, records: records.slice(index) }, delayMs: sleepMs }
  }

  /** The handler told a result for each: only those that failed are delivered again. */
  private async settledEach(
    round: Round,
    records: AnyRecord[],
    results: readonly PromiseSettledResult<unknown>[],
  ): Promise<Step> {
    const again: AnyRecord[] = []
    const failures = new Map<number, number>()
    let delayMs = 0
    for (const [index, result] of results.entries()) {
      const record = records[index]!
      if (result.status === 'fulfilled') {
        this.worker.host.counts.handled++
        continue
      }
      const attempt = round.failures.get(record.offset) ?? 1
      const decision = await decideForRecord(this.worker, record, result.reason, attempt)
      if (decision === 'ended') return 'ended'
      if (decision === 'done') continue
      again.push(record)
      failures.set(record.offset, decision.restart ? 1 : attempt + 1)
      delayMs = Math.max(delayMs, decision.delayMs)
    }
    if (again.length === 0) return 'done'
    this.finish(records, records.indexOf(again[0]!))
    return { next: { records: again, attempt: round.attempt + 1, failures }, delayMs }
  }

  private async failedBatch(round: Round, records: AnyRecord[], error: unknown): Promise<Step> {
    const { worker } = this
    const { host } = worker
    host.counts.failed++
    // a record that was not at the head of the batch fails for the first time
    const attempt = (failedIndex(error, records) ?? 0) === 0 ? round.attempt : 1
    const decision: BatchDecision = await decide(worker, error, attempt, (failure) =>
      host.listener.errorHandler.handleBatch({ ...failure, records }),
    )
    if (worker.isGone) return 'ended'
    const from = Math.min(Math.max(decision.from, 0), records.length)
    this.finish(records, from)
    if (decision.action === 'stop') {
      host.stopContainer(error)
      return 'ended'
    }
    const rest = records.slice(from)
    if (decision.action === 'retry') {
      host.counts.retried++
      host.counts.handled += from
      const next = { records: rest, attempt: decision.restart ? 1 : attempt + 1, failures: NO_FAILURES }
      return { next, delayMs: decision.delayMs }
    }
    host.counts.recovered += decision.recovered
    host.counts.dropped += decision.dropped
    host.counts.handled += from - decision.recovered - decision.dropped
    return rest.length === 0 ? 'done' : { next: { records: rest, attempt: 1, failures: NO_FAILURES }, delayMs: 0 }
  }

  /** Those before `index` are done, whatever becomes of the others. */
  private finish(records: readonly AnyRecord[], index: number): void {
    const { acks } = this.worker
    if (acks === undefined) {
      if (index > 0) void this.worker.advance(records[index - 1]!.offset + 1, index)
    } else for (const record of records.slice(0, index)) acks.settle(record.offset)
  }

  // ── the context's side ──

  override acknowledgeBatch(records: readonly AnyRecord[], throughIndex: number): void {
    const { acks } = this.worker
    if (acks === undefined) throw this.refusal('ack()')
    refuseOutside(records, throughIndex, 'ack')
    for (let i = 0; i <= throughIndex; i++) acks.ack(records[i]!.offset)
    this.worker.acknowledged()
  }

  override nackBatch(records: readonly AnyRecord[], index: number, sleepMs: number): void {
    const { acks, host } = this.worker
    if (acks === undefined || host.listener.asyncAcks) throw this.refusal('nack()')
    refuseOutside(records, index, 'nack')
    if (records !== this.current) throw new RangeError('nack() of a batch whose handler is no longer at work')
    this.nacked = { index, sleepMs }
  }
}

/** Interceptors see records as they came, at each attempt. */
function asTheyCame(round: Round, next: Round): Round {
  const byOffset = new Map(round.records.map((record) => [record.offset, record]))
  return { ...next, records: next.records.map((record) => byOffset.get(record.offset) ?? record) }
}

function refuseOutside(records: readonly AnyRecord[], index: number, what: string): void {
  if (Number.isInteger(index) && index >= 0 && index < records.length) return
  throw new RangeError(`${what}(${index}): the batch has records 0 to ${records.length - 1}`)
}
