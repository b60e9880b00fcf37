/**
 * Hands records to a record handler one by one. A record is done with when its handler returned, when the error handler
 * dealt with it, or when it was discarded; until then no later one of its partition begins.
 *
 * A first attempt takes the short way: no promise is made for a handler that is synchronous.
 */
import { HandlerContexts, runFresh } from './async-scope.js'
import { decide } from './failure.js'
import { RecordInterceptors } from './interceptor-chain.js'
import { ABANDON, ListenerContext } from './listener-context.js'
import { PartitionRunner } from './partition-runner.js'
import type { AnyRecord } from './partition-runner.js'
import type { PartitionWorker } from './partition-worker.js'
import type { Delivery } from './record-queue.js'
import { Unreadable, unexpectedTombstone } from './record-reader.js'
import type { Read } from './record-reader.js'
import { Abandoned } from './supervised-handler.js'
import { isThenable } from './thenable.js'

/** What came of an attempt. */
type Outcome = typeof DONE | Failed | Nacked
const DONE = Symbol('done')

class Failed {
  constructor(
    readonly record: AnyRecord,
    readonly error: unknown,
    /** It never reached the handler and never will: only the error handler is asked again. */
    readonly isFinal = false,
  ) {}
}

class Nacked {
  constructor(
    readonly record: AnyRecord,
    readonly sleepMs: number,
  ) {}
}

const NO_RECORDS: Delivery['records'] = []

export class RecordRunner extends PartitionRunner {
  private readonly interceptors: RecordInterceptors | undefined
  private readonly contexts = new HandlerContexts()
  /** Nothing comes between a record and its handler, nor between one record and the next. */
  private readonly isPlain: boolean
  private records = NO_RECORDS
  /** Place in `records` of the one that is next, or at work. */
  private at = 0
  /** The record whose handler is at work, and what it asked for by `nack`. */
  private current: AnyRecord | undefined
  private nackSleepMs: number | undefined

  constructor(worker: PartitionWorker) {
    super(worker)
    const { recordInterceptors, discardIf, ackMode } = worker.host.listener
    this.isPlain = ackMode === 'BATCH' && discardIf === undefined && recordInterceptors.length === 0
    if (recordInterceptors.length > 0) this.interceptors = new RecordInterceptors(recordInterceptors, worker.log)
  }

  run({ records }: Delivery): boolean | Promise<boolean> {
    this.records = records
    this.at = 0
    const waiting = this.contexts.enter(this.withoutWaiting)
    return waiting === undefined && this.at === records.length ? this.finished() : this.goOn(waiting)
  }

  private async goOn(first: Outcome | Promise<Outcome | undefined> | undefined): Promise<boolean> {
    const { worker, records } = this
    for (let waiting = first; ; waiting = this.contexts.enter(this.withoutWaiting)) {
      const open = waiting instanceof Promise ? await waiting : waiting
      if (open !== undefined) {
        if (open !== DONE && !(await this.persist(open))) return false
        const committed = worker.advance(records[this.at++]!.offset + 1)
        if (committed !== undefined) await committed
      }
      if (this.at >= records.length) return this.finished()
      if (worker.mustStop) return false
    }
  }

  /** What is done is not kept until the next comes. */
  private finished(): true {
    this.records = NO_RECORDS
    return true
  }

  /**
   * Records one after another for as long as nothing is waited for. What it gives is to be seen to, before the record at
   * `at` is done with; undefined when there is nothing.
   */
  private readonly withoutWaiting = (): Outcome | Promise<Outcome | undefined> | undefined => {
    if (this.isPlain) return this.plainly()
    const { worker, reader, contexts, records } = this
    while (this.at < records.length && !worker.mustStop && !contexts.isUsedUp) {
      const record = records[this.at]!
      worker.acks?.handed(record.offset)
      const outcome = this.firstOutcome(reader.read(record))
      if (outcome !== DONE) return outcome
      this.at++
      const committed = worker.advance(record.offset + 1)
      if (committed !== undefined) return committed as Promise<undefined>
    }
    return undefined
  }

  /**
   * The same for most listeners: this runs for every record there is, and does nothing that can be done once for all of
   * them. How far it came is told at the end: nobody else has a say before.
   */
  private plainly(): Outcome | Promise<Outcome> | undefined {
    const { worker, reader, contexts, records } = this
    const { counts, listener } = worker.host
    const handle = contexts.caller(listener.handler)
    let at = this.at
    try {
      for (; at < records.length && !worker.mustStop && !contexts.isUsedUp; at++) {
        const record = records[at]!
        const read = reader.read(record)
        if (read !== record || record.rawValue === null) return this.firstOutcome(read)
        const ctx = new ListenerContext<unknown, unknown>(record, 1, this)
        const result = handle(record.value, ctx)
        if (isThenable(result)) return this.settle(ctx, result)
      }
      return undefined
    } catch (error) {
      return new Failed(records[at]!, error)
    } finally {
      counts.handled += at - this.at
      this.at = at
      if (at > 0) void worker.advance(records[at - 1]!.offset + 1)
    }
  }

  private firstOutcome(read: Read | Promise<Read>): Outcome | Promise<Outcome> {
    return read instanceof Promise ? this.firstLater(read) : this.firstAttempt(read)
  }

  private async firstLater(reading: Promise<Read>): Promise<Outcome> {
    return this.firstAttempt(await reading)
  }

  private firstAttempt(read: Read): Outcome | Promise<Outcome> {
    if (read instanceof Unreadable) return new Failed(read.record, read.error, true)
    const { listener } = this.worker.host
    try {
      if (listener.discardIf?.(read)) return this.discard(read)
      if (read.rawValue === null && !this.reader.acceptsNull) return new Failed(read, unexpectedTombstone(read), true)
      if (this.interceptors !== undefined) return this.interceptedAttempt(read, 1, this.interceptors)
      const ctx = this.contextFor(read, 1)
      const result = this.contexts.caller(listener.handler)(read.value, ctx)
      if (isThenable(result)) return this.settle(ctx, result)
    } catch (error) {
      return new Failed(read, error)
    }
    return this.returned(read)
  }

  private settle(ctx: ListenerContext<unknown, unknown>, work: PromiseLike<unknown>): Promise<Outcome> {
    const { record } = ctx
    return new Promise((resolve) =>
      this.worker.handler.watch(work, {
        offset: record.offset,
        done: () => resolve(this.returned(record)),
        failed: (error) => resolve(new Failed(record, error)),
        abandoned: (reason) => ctx[ABANDON](reason),
      }),
    )
  }

  private async interceptedAttempt(
    given: AnyRecord,
    attempt: number,
    interceptors: RecordInterceptors,
  ): Promise<Outcome> {
    let record: AnyRecord | null
    try {
      record = await interceptors.intercept(given)
    } catch (error) {
      return new Failed(given, error)
    }
    if (record === null) {
      await interceptors.afterRecord(given)
      return this.discard(given)
    }
    const ctx = this.contextFor(record, attempt)
    try {
      const result = runFresh(this.worker.host.listener.handler, record.value, ctx)
      if (isThenable(result)) await this.worker.handler.waitFor(result, record.offset, (reason) => ctx[ABANDON](reason))
    } catch (error) {
      if (!(error instanceof Abandoned)) await interceptors.failure(record, error, ctx)
      return new Failed(given, error)
    }
    await interceptors.success(record, ctx)
    await interceptors.afterRecord(record)
    return this.returned(given)
  }

  /** Retries until the record is done with. false: the worker ends first. */
  private async persist(first: Failed | Nacked): Promise<boolean> {
    const { worker } = this
    const { host } = worker
    let outcome: Outcome = first
    let attempt = 1
    while (outcome !== DONE) {
      let delayMs: number
      const { record }: Failed | Nacked = outcome
      if (outcome instanceof Nacked) {
        delayMs = outcome.sleepMs
      } else {
        if (outcome.error instanceof Abandoned) return false
        const { error }: Failed = outcome
        host.counts.failed++
        const decision = await decide(worker, error, attempt, (failure) =>
          host.listener.errorHandler.handleRecord({ ...failure, record }),
        )
        if (worker.isGone) return false
        if (decision.action === 'stop') {
          host.stopContainer(error)
          return false
        }
        if (decision.action === 'skip') return this.skip(record, decision.recovered)
        ;({ delayMs } = decision)
        attempt = decision.restart ? 1 : attempt + 1
        host.counts.retried++
      }
      // it may be long: should the process end meanwhile, what is done before does not come again
      if (delayMs > 0 || outcome instanceof Nacked) void host.committer.commit(worker)
      if (!(await worker.pause(delayMs))) return false
      if (outcome instanceof Failed && outcome.isFinal) continue
      outcome = await this.retry(record, attempt)
    }
    return true
  }

  private async retry(record: AnyRecord, attempt: number): Promise<Outcome> {
    if (this.interceptors !== undefined) return this.interceptedAttempt(record, attempt, this.interceptors)
    const ctx = this.contextFor(record, attempt)
    try {
      const result = runFresh(this.worker.host.listener.handler, record.value, ctx)
      return isThenable(result) ? await this.settle(ctx, result) : this.returned(record)
    } catch (error) {
      return new Failed(record, error)
    }
  }

  private async skip(record: AnyRecord, recovered: boolean): Promise<true> {
    const { counts } = this.worker.host
    if (recovered) counts.recovered++
    else counts.dropped++
    this.worker.acks?.settle(record.offset)
    await this.interceptors?.afterRecord(record)
    return true
  }

  private contextFor(record: AnyRecord, attempt: number): ListenerContext<unknown, unknown> {
    this.current = record
    this.nackSleepMs = undefined
    return new ListenerContext(record, attempt, this)
  }

  private returned(record: AnyRecord): Outcome {
    this.current = undefined
    if (this.nackSleepMs !== undefined) return new Nacked(record, this.nackSleepMs)
    this.worker.host.counts.handled++
    return DONE
  }

  private discard(record: AnyRecord): typeof DONE {
    const { counts, listener } = this.worker.host
    counts.discarded++
    if (listener.ackDiscarded) this.worker.acks?.settle(record.offset)
    return DONE
  }

  // ── the context's side ──

  override acknowledge(record: AnyRecord): void {
    const { acks } = this.worker
    if (acks === undefined) throw this.refusal('ack()')
    acks.ack(record.offset)
    this.worker.acknowledged()
  }

  override nack(record: AnyRecord, sleepMs: number): void {
    const { acks, host } = this.worker
    if (acks === undefined || host.listener.asyncAcks) throw this.refusal('nack()')
    if (record !== this.current) {
      throw new RangeError(`nack() of ${record.coordinates}: its handler is no longer at work`)
    }
    this.nackSleepMs = sleepMs
  }
}
