/**
 * One assigned partition: its queue, the loop that hands deliveries to the handler one after another, and how far it has
 * come. Partitions work independently: one that is slow, retries or waits holds up no other.
 *
 * created → (idle ⇄ delivering) → ending → gone
 *
 * Always: deliveries run outside of the driver's stack and one at a time; once `ending`, nothing new begins; once gone,
 * nothing of it is committed.
 */
import type { Log } from '../../base/log.js'
import { nextTurn } from '../../base/turn.js'
import type { IncomingRecords } from '../../client/port.js'
import { KafkaError, topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import { AsyncAcks, CumulativeAcks } from './ack-watermark.js'
import type { AckWatermark } from './ack-watermark.js'
import { runOutside } from './async-scope.js'
import type { ConsumerSeekCallback, SeekTo } from './consumer-seek-aware.js'
import type { HandlerWatchdog, Watched } from './handler-watchdog.js'
import type { Counts, ListenerSettings } from './listener-settings.js'
import type { StopReason } from './message-listener-container.js'
import type { OffsetCommitter, Progress } from './offset-committer.js'
import { isManual, isScheduled } from './ack-mode.js'
import type { AckSchedule } from './ack-schedule.js'
import type { TurnTaking } from './turn-taking.js'
import { RecordQueue } from './record-queue.js'
import type { Delivery } from './record-queue.js'

/** Hands a delivery's records to the handler. */
export interface DeliveryRunner {
  /** true: all records are done with. false: the worker ends, and those from the position on come again elsewhere. */
  run(delivery: Delivery): Promise<boolean>
}

/** What a worker has of its consumer. */
export interface WorkerHost {
  readonly listener: ListenerSettings
  readonly log: Log
  readonly counts: Counts
  readonly committer: OffsetCommitter
  readonly schedule: AckSchedule | undefined
  readonly watchdog: HandlerWatchdog
  readonly turn: TurnTaking
  after(delayMs: number, task: () => void): { cancel(): void }
  pauseFetching(worker: PartitionWorker): void
  resumeFetching(worker: PartitionWorker): void
  isPaused(tp: TopicPartition): boolean
  /** An error handler asked for it. */
  stopContainer(error: unknown, reason?: StopReason): void
  timedOut(tp: TopicPartition, offset: number): void
  /** A delivery came to its end. */
  workEnded(): void
  /** The next fetch begins there. */
  seek(tp: TopicPartition, to: number | 'earliest'): void
  readonly seekRequests: ConsumerSeekCallback
}

/** A handler's promise that the worker no longer waits for. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
}

/** So long nothing comes before a partition counts as idle. */
const QUIET_TURNS = 2

interface HandlerAtWork {
  readonly offset: number
  readonly onAbandon: (reason: Error) => void
  readonly reject: (reason: Error) => void
}

export class PartitionWorker implements Progress, Watched {
  readonly topic: string
  readonly partition: number
  readonly name: string
  readonly log: Log
  acks: AckWatermark | undefined
  /** The next record to be handled, as far as it is known; before the first delivery, where the partition began. */
  current: number | undefined
  committed: number | undefined
  isGone = false
  isDelivering = false
  /** Within a delivery: what is acknowledged now is committed at its end. */
  private isHandingOver = false
  isFetchPaused = false
  /** How many came to their end. */
  private deliveries = 0
  private isWatchingQuiet = false
  private ending: 'afterDelivery' | 'afterRecord' | undefined
  private done: number | undefined
  /** Seeks that are asked for and not done: until then nothing begins. */
  private seeks = 0
  /** A delivery was not finished because of a seek. */
  private isCut = false
  private deliveredWaiters: (() => void)[] = []
  /** Not only at the end of a delivery. */
  private readonly commitsByRecord: boolean
  private readonly queue = new RecordQueue()
  private readonly runner: DeliveryRunner
  private readonly endController = new AbortController()
  handlerSinceMs: number | undefined
  private atWork: HandlerAtWork | undefined
  private wakeSleeper: (() => void) | undefined
  private idleWaiters: (() => void)[] = []

  constructor(
    tp: TopicPartition,
    /** Of the assignment that it was given with. */
    readonly epoch: number,
    readonly host: WorkerHost,
    makeRunner: (worker: PartitionWorker) => DeliveryRunner,
  ) {
    this.topic = tp.topic
    this.partition = tp.partition
    this.name = topicPartitionName(tp)
    this.log = host.log.child({ partition: this.name })
    const { ackMode } = host.listener
    this.commitsByRecord = ackMode === 'RECORD' || ackMode === 'MANUAL_IMMEDIATE' || isScheduled(ackMode)
    this.acks = this.newAcks()
    this.runner = makeRunner(this)
    host.watchdog.watch(this)
  }

  private newAcks(): AckWatermark | undefined {
    const { ackMode, asyncAcks } = this.host.listener
    if (!isManual(ackMode)) return undefined
    return asyncAcks ? new AsyncAcks() : new CumulativeAcks()
  }

  /** The next offset to commit. */
  get position(): number | undefined {
    return this.acks === undefined ? this.done : this.acks.position
  }

  /** Nothing is done yet, but the group begins here. */
  beginAt(offset: number): void {
    if (this.acks === undefined) this.done = offset
    else this.acks.reached(offset)
  }

  /** Aborts when the partition or the container goes away; error handlers get it. */
  get endSignal(): AbortSignal {
    return this.endController.signal
  }

  /** The runner begins no further record. */
  get mustStop(): boolean {
    return this.ending === 'afterRecord' || this.isGone || this.seeks > 0
  }

  get isEnding(): boolean {
    return this.ending !== undefined || this.isGone
  }

  enqueue(records: IncomingRecords): void {
    if (this.isEnding) return
    this.host.counts.received += records.records.length
    this.queue.push(records)
    this.keepCredit()
    this.wake()
  }

  /** What is fetched but not begun is forgotten: the position moves elsewhere. */
  forgetQueued(): void {
    this.queue.clear()
    this.keepCredit()
  }

  /** Goes on when it may: records came, a pause ended, acknowledgements came in. */
  wake(): void {
    if (this.isDelivering || !this.mayDeliver) return
    this.isDelivering = true
    runOutside(() => {
      this.loop().then(
        () => undefined,
        (error: unknown) => {
          this.log.error('a partition stopped, this is a bug', { error })
          this.host.stopContainer(error)
        },
      )
    })
  }

  private get mayDeliver(): boolean {
    if (this.queue.isEmpty || this.isEnding || this.seeks > 0 || this.host.isPaused(this)) return false
    return this.acks === undefined || this.acks.outstanding < this.host.listener.maxPollRecords
  }

  private async loop(): Promise<void> {
    try {
      // off the driver's stack: a full delivery at once, for what waits costs more to clean up; else more may come with this turn
      await (this.queue.size < this.host.listener.maxPollRecords ? nextTurn() : undefined)
      this.host.turn.begin()
      while (this.mayDeliver) {
        const delivery = this.queue.take(this.host.listener.maxPollRecords)
        this.keepCredit()
        this.isHandingOver = true
        this.current = delivery.records[0]?.offset ?? this.current
        const completed = await this.runner.run(delivery)
        this.isHandingOver = false
        if (!completed && !this.isEnding) this.isCut = true
        const committed = completed && !this.isGone ? this.delivered(delivery) : undefined
        if (committed !== undefined) await committed
        // between deliveries sockets and timers get their turn; the driver sees to that when none is left
        const turn = this.queue.isEmpty ? undefined : this.host.turn.pass()
        if (turn !== undefined) await turn
      }
    } finally {
      this.isDelivering = false
      this.isHandingOver = false
      for (const resolve of this.deliveredWaiters.splice(0)) resolve()
      if (this.isIdle) this.tellIdle()
      this.host.workEnded()
    }
    if (this.mayDeliver) this.wake()
    else await this.commitWhenQuiet()
  }

  /** Between two chunks of a fetch a partition looks idle; one that is so for some turns need not wait for the pace. */
  private async commitWhenQuiet(): Promise<void> {
    const { ackMode, syncCommits } = this.host.listener
    if (syncCommits || isScheduled(ackMode) || this.isWatchingQuiet) return
    this.isWatchingQuiet = true
    let seen = -1
    for (let turns = 0; turns < QUIET_TURNS && !this.isDelivering && !this.isGone; turns++) {
      if (seen !== this.deliveries) turns = 0
      seen = this.deliveries
      await nextTurn()
    }
    this.isWatchingQuiet = false
    if (this.isDelivering || this.isGone) return
    void this.host.committer.commit(this)
  }

  /** Gives the commit that the partition waits for. */
  private delivered({ endPosition }: Delivery): Promise<void> | undefined {
    const { ackMode, syncCommits } = this.host.listener
    this.deliveries++
    this.current = endPosition
    if (this.acks === undefined) this.done = endPosition
    else this.acks.reached(endPosition)
    let committed: Promise<void> | undefined
    if (!isScheduled(ackMode)) {
      if (syncCommits) committed = this.host.committer.commit(this)
      else this.host.committer.commitSoon(this)
    } else if (this.queue.isEmpty) committed = this.host.schedule?.idle()
    return syncCommits ? committed : undefined
  }

  /**
   * A record needs no more attention from the container: its handler returned, or it was skipped. In the modes in which
   * the container acknowledges, everything before `position` is done. Gives the commit that the partition waits for.
   */
  advance(position: number, records = 1): Promise<void> | undefined {
    this.current = position
    if (this.acks === undefined) this.done = position
    return this.commitsByRecord ? this.commitAfter(records) : undefined
  }

  private commitAfter(records: number): Promise<void> | undefined {
    const { ackMode, syncCommits } = this.host.listener
    let committed: Promise<void> | undefined
    if (ackMode === 'RECORD') committed = this.host.committer.commit(this)
    else if (ackMode === 'MANUAL_IMMEDIATE') committed = this.isCommitted ? undefined : this.host.committer.commit(this)
    else committed = this.host.schedule?.recordsDone(records)
    return syncCommits ? committed : undefined
  }

  private get isCommitted(): boolean {
    return this.position === undefined || this.position === this.committed
  }

  /** Manual modes: something was acknowledged, by whom and when ever. */
  acknowledged(): void {
    if (this.isGone) return
    if (this.host.listener.ackMode === 'MANUAL_IMMEDIATE' || !this.isHandingOver) void this.host.committer.commit(this)
    if (this.isIdle) this.tellIdle()
    this.wake()
  }

  /** Waits for a handler, until it is done, its time is over, or the worker no longer waits. */
  supervise<T>(work: PromiseLike<T>, offset: number, onAbandon: (reason: Error) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const handler: HandlerAtWork = { offset, onAbandon, reject }
      this.atWork = handler
      this.host.watchdog.begin(this)
      work.then(
        (value) => {
          this.ended(handler)
          resolve(value)
        },
        (error: unknown) => {
          this.ended(handler)
          // as thrown: what it is decides what happens next
          reject(error as Error)
        },
      )
    })
  }

  /** One that is no longer waited for ends for nobody. */
  private ended(handler: HandlerAtWork): void {
    if (this.atWork !== handler) return
    this.atWork = undefined
    this.handlerSinceMs = undefined
  }

  private giveUp(reason: Error): void {
    const handler = this.atWork
    if (handler === undefined) return
    this.ended(handler)
    handler.onAbandon(reason)
    handler.reject(reason)
  }

  onHandlerTimeout(): void {
    const { topic, partition } = this
    const { offset } = this.atWork!
    const { timeoutMs } = this.host.watchdog
    this.host.timedOut(this, offset)
    this.giveUp(
      new KafkaError('timeout', `the handler of ${this.name}@${offset} took longer than ${timeoutMs} ms`, {
        topicPartition: { topic, partition },
        offset,
      }),
    )
  }

  /** false when the worker is ending: what was waited for does not happen here any more. */
  pause(delayMs: number): Promise<boolean> {
    if (this.isEnding || this.seeks > 0) return Promise.resolve(false)
    if (delayMs <= 0) return nextTurn().then(() => !this.isEnding && this.seeks === 0)
    return new Promise((resolve) => {
      const wake = (): void => {
        this.wakeSleeper = undefined
        timer.cancel()
        resolve(!this.isEnding && this.seeks === 0)
      }
      const timer = this.host.after(delayMs, wake)
      this.wakeSleeper = wake
    })
  }

  /** A seek is on its way: `seek` or `releaseSeek` follows. */
  holdForSeek(): void {
    this.seeks++
    this.wakeSleeper?.()
  }

  /** Goes on there, when the record (or batch) in hand is done and committed. */
  async seek(to: SeekTo | 'earliest'): Promise<void> {
    if (this.isDelivering) await new Promise<void>((resolve) => this.deliveredWaiters.push(resolve))
    await this.host.committer.commit(this)
    if (!this.isEnding) this.moveTo(typeof to === 'function' ? to(this.current ?? 0) : to)
    this.releaseSeek()
  }

  /** The seek is done, or came to nothing: then what was not finished because of it comes again. */
  releaseSeek(): void {
    if (--this.seeks > 0) return
    if (this.isCut && this.current !== undefined && !this.isEnding) this.moveTo(this.current)
    this.wake()
  }

  private moveTo(to: number | 'earliest'): void {
    this.isCut = false
    this.forgetQueued()
    this.done = undefined
    this.acks = this.newAcks()
    this.current = typeof to === 'number' ? to : undefined
    this.host.seek(this, to)
  }

  /** No delivery begins any more; the one at work ends after this record, or as it is. Waits for retries are cut short. */
  end(when: 'afterDelivery' | 'afterRecord'): void {
    if (this.ending !== 'afterRecord') this.ending = when
    this.queue.clear()
    this.endController.abort(new Abandoned('the partition or its container is going away'))
    this.wakeSleeper?.()
  }

  /** Resolves when no handler is at work and, with async acks, nothing is left to be acknowledged. */
  whenIdle(): Promise<void> {
    if (this.isIdle) return Promise.resolve()
    return new Promise((resolve) => this.idleWaiters.push(resolve))
  }

  get isIdle(): boolean {
    if (this.isDelivering) return false
    return this.acks === undefined || this.acks.outstanding === 0
  }

  /** The handler at work is no longer waited for; its `ctx.signal` aborts. */
  abandon(why: string): void {
    this.end('afterRecord')
    this.giveUp(new Abandoned(why))
  }

  /** Nothing of it is committed from here on. */
  forget(): void {
    this.isGone = true
    this.host.watchdog.unwatch(this)
  }

  private tellIdle(): void {
    for (const resolve of this.idleWaiters.splice(0)) resolve()
  }

  /** A partition whose handler is behind stops fetching at the high mark, and goes on below half of it. */
  private keepCredit(): void {
    const { queuedBytesMax } = this.host.listener
    const { bytes } = this.queue
    if (!this.isFetchPaused && bytes >= queuedBytesMax) {
      this.isFetchPaused = true
      this.host.pauseFetching(this)
    } else if (this.isFetchPaused && bytes * 2 <= queuedBytesMax) {
      this.isFetchPaused = false
      this.host.resumeFetching(this)
    }
  }
}
