/**
 * Hands the records of a delivery to a batch handler in one call. What can't be read is dealt with before, record by
 * record, so that a handler only sees what can; what fails is delivered again, and nothing else.
 */
import { failedIndex } from '../error/batch-listener-failed-exception.js'
import type { BatchDecision } from '../error/error-handler.js'
import { runFresh } from './async-scope.js'
import { BatchContext } from './batch-context.js'
import { decide } from './failure.js'
import { isSettled, refuseMiscounted } from './batch-results.js'
import { BatchInterceptors } from './interceptor-chain.js'
import { ABANDON } from './listener-context.js'
import { PartitionRunner } from './partition-runner.js'
import type { AnyRecord } from './partition-runner.js'
import type { PartitionWorker } from './partition-worker.js'
import type { Delivery } from './record-queue.js'
import { Unreadable } from './record-reader.js'
import type { Read } from './record-reader.js'
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

const ENDED = Symbol('ended')
type Admitted = AnyRecord | undefined | typeof ENDED

const NO_FAILURES: ReadonlyMap<number, number> = new Map()

export class BatchRunner extends PartitionRunner {
  private readonly interceptors: BatchInterceptors | undefined
  private current: readonly AnyRecord[] = []
  private nacked: { index: number; sleepMs: number } | undefined

  constructor(worker: PartitionWorker) {
    super(worker)
    const { batchInterceptors } = worker.host.listener
    if (batchInterceptors.length > 0) this.interceptors = new BatchInterceptors(batchInterceptors, worker.log)
  }

  async run(delivery: Delivery): Promise<boolean> {
    const { worker } = this
    const reading = this.readable(delivery)
    const records = reading instanceof Promise ? await reading : reading
    if (records === undefined) return false
    if (records.length === 0) return true
    let round: Round = { records, attempt: 1, failures: NO_FAILURES }
    for (;;) {
      if (worker.mustStop) return false
      const step = await this.deliver(round)
      if (step === 'ended') return false
      if (step === 'done') {
        const committed = worker.advance(records.at(-1)!.offset + 1, round.records.length)
        if (committed !== undefined) await committed
        return true
      }
      round = this.interceptors === undefined ? step.next : asTheyCame(round, step.next)
      if (step.delayMs > 0) void worker.host.committer.commit(worker)
      if (!(await worker.pause(step.delayMs))) return false
    }
  }

  /** What the handler is to see. undefined: the worker ended meanwhile. */
  private readable({ records: raws }: Delivery): AnyRecord[] | Promise<AnyRecord[] | undefined> {
    const { acks, host } = this.worker
    const { discardIf } = host.listener
    const records: AnyRecord[] = []
    for (let at = 0; at < raws.length; at++) {
      const raw = raws[at]!
      const read = this.reader.read(raw)
      // whatever is not plain goes the long way, and all that follow it
      if (discardIf !== undefined || read instanceof Promise || read instanceof Unreadable) {
        return this.admitFrom(raws, at, read, records)
      }
      acks?.handed(raw.offset)
      records.push(read)
    }
    return records
  }

  private async admitFrom(
    raws: Delivery['records'],
    first: number,
    reading: Read | Promise<Read>,
    records: AnyRecord[],
  ): Promise<AnyRecord[] | undefined> {
    for (let at = first; at < raws.length; at++) {
      const raw = raws[at]!
      this.worker.acks?.handed(raw.offset)
      const read = at === first ? reading : this.reader.read(raw)
      const admitted = this.admit(read instanceof Promise ? await read : read, 1)
      const record = admitted instanceof Promise ? await admitted : admitted
      if (record === ENDED) return undefined
      if (record !== undefined) records.push(record)
    }
    return records
  }

  /** undefined: dealt with, the handler is not to see it. */
  private admit(read: Read, attempt: number): Admitted | Promise<Admitted> {
    if (read instanceof Unreadable) return this.admitFailed(read, read.record, read.error, attempt)
    const { listener, counts } = this.worker.host
    try {
      if (!listener.discardIf?.(read)) return read
    } catch (error) {
      return this.admitFailed(read, read, error, attempt)
    }
    counts.discarded++
    if (listener.ackDiscarded) this.worker.acks?.settle(read.offset)
    return undefined
  }

  private async admitFailed(read: Read, record: AnyRecord, error: unknown, attempt: number): Promise<Admitted> {
    const decision = await this.failedRecord(record, error, attempt)
    if (decision === 'done') return undefined
    if (decision === 'ended' || !(await this.worker.pause(decision.delayMs))) return ENDED
    return this.admit(read, decision.restart ? 1 : attempt + 1)
  }

  private async deliver(round: Round): Promise<Step> {
    const { worker } = this
    const { listener, counts } = worker.host
    const records = this.interceptors === undefined ? round.records : await this.intercept(round)
    if (!Array.isArray(records)) return records
    this.current = records
    this.nacked = undefined
    const ctx = new BatchContext(records, worker.topic, worker.partition, round.attempt, this)
    let result: unknown
    try {
      result = runFresh(listener.handler, records, ctx)
      if (isThenable(result)) {
        result = await worker.handler.waitFor(result, records[0]!.offset, (reason) => ctx[ABANDON](reason))
      }
      refuseMiscounted(result, records.length)
    } catch (error) {
      if (error instanceof Abandoned) return 'ended'
      await this.interceptors?.failure(records, error, ctx)
      return this.failedBatch(round, records, error)
    }
    if (this.nacked !== undefined) return this.nackedFrom(round, records, this.nacked)
    if (isSettled(result)) return this.settledEach(round, records, result)
    await this.interceptors?.success(records, ctx)
    counts.handled += records.length
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
      const decision = await this.failedRecord(record, result.reason, attempt)
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

  private async failedRecord(
    record: AnyRecord,
    error: unknown,
    attempt: number,
  ): Promise<'done' | 'ended' | { readonly delayMs: number; readonly restart?: boolean | undefined }> {
    const { worker } = this
    const { host } = worker
    host.counts.failed++
    const decision = await decide(worker, error, attempt, (failure) =>
      host.listener.errorHandler.handleRecord({ ...failure, record }),
    )
    if (worker.isGone) return 'ended'
    if (decision.action === 'stop') {
      host.stopContainer(error)
      return 'ended'
    }
    if (decision.action === 'skip') {
      if (decision.recovered) host.counts.recovered++
      else host.counts.dropped++
      worker.acks?.settle(record.offset)
      return 'done'
    }
    host.counts.retried++
    return decision
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
