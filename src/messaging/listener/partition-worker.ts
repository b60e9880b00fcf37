/**
 * One assigned partition: its queue, and the loop that hands deliveries to the handler one after another. Partitions work
 * independently: one that is slow, retries or waits holds up no other.
 *
 * created → (idle ⇄ delivering) → ending → gone
 *
 * Always: deliveries run outside of the driver's stack and one at a time; once `ending`, nothing new begins; once gone,
 * nothing of it is committed.
 */
import type { Log } from '../../base/log.js'
import { nextTurn } from '../../base/turn.js'
import type { IncomingRecords } from '../../client/port.js'
import type { TopicPartition } from '../../model/index.js'
import { isScheduled } from './ack-mode.js'
import { runOutside } from './async-scope.js'
import type { SeekTo } from './consumer-seek-aware.js'
import { PartitionProgress } from './partition-progress.js'
import { RecordQueue } from './record-queue.js'
import { Abandoned, SupervisedHandler } from './supervised-handler.js'
import type { DeliveryRunner, WorkerHost } from './worker-host.js'

/** So long nothing comes before a partition counts as idle. */
const QUIET_TURNS = 2

export class PartitionWorker extends PartitionProgress {
  readonly log: Log
  isDelivering = false
  /** Within a delivery: what is acknowledged now is committed at its end. */
  private isHandingOver = false
  isFetchPaused = false
  /** How many came to their end. */
  private deliveries = 0
  private isWatchingQuiet = false
  private ending: 'afterDelivery' | 'afterRecord' | undefined
  /** The runner begins no further record. */
  mustStop = false
  /** Seeks that are asked for and not done: until then nothing begins. */
  private seeks = 0
  /** A delivery was not finished because of a seek. */
  private isCut = false
  private deliveredWaiters: (() => void)[] = []
  private readonly queue = new RecordQueue()
  private readonly runner: DeliveryRunner
  private readonly endController = new AbortController()
  readonly handler: SupervisedHandler
  private wakeSleeper: (() => void) | undefined
  private idleWaiters: (() => void)[] = []

  constructor(
    tp: TopicPartition,
    /** Of the assignment that it was given with. */
    readonly epoch: number,
    host: WorkerHost,
    makeRunner: (worker: PartitionWorker) => DeliveryRunner,
  ) {
    super(tp, host)
    this.log = host.log.child({ partition: this.name })
    this.handler = new SupervisedHandler({ topic: tp.topic, partition: tp.partition }, host)
    this.runner = makeRunner(this)
  }

  /** Aborts when the partition or the container goes away; error handlers get it. */
  get endSignal(): AbortSignal {
    return this.endController.signal
  }

  get isEnding(): boolean {
    return this.ending !== undefined || this.isGone
  }

  enqueue(records: IncomingRecords): void {
    if (this.isEnding) return
    this.host.counts.received += records.records.length
    this.visibleEnd = records.highWatermark
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
      await this.deliverQueued()
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

  /** Apart from what comes after it: a function that waits keeps all that it had in hand, here a whole delivery. */
  private async deliverQueued(): Promise<void> {
    // off the driver's stack, and no later than that: what waits costs more to clean up. But this turn may fill a batch
    const { batch, maxPollRecords } = this.host.listener
    await (batch && this.queue.size < maxPollRecords ? nextTurn() : undefined)
    this.host.turn.begin()
    while (this.mayDeliver) {
      const delivery = this.queue.take(this.host.listener.maxPollRecords)
      this.keepCredit()
      this.isHandingOver = true
      this.current = delivery.records[0]?.offset ?? this.current
      const running = this.runner.run(delivery)
      const completed = running instanceof Promise ? await running : running
      this.isHandingOver = false
      if (!completed && !this.isEnding) this.isCut = true
      if (completed) this.deliveries++
      const committed = completed && !this.isGone ? this.delivered(delivery.endPosition, this.queue.isEmpty) : undefined
      if (committed !== undefined) await committed
      // between deliveries sockets and timers get their turn; the driver sees to that when none is left
      const turn = this.queue.isEmpty ? undefined : this.host.turn.pass()
      if (turn !== undefined) await turn
    }
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

  /** Manual modes: something was acknowledged, by whom and when ever. */
  acknowledged(): void {
    if (this.isGone) return
    if (this.host.listener.ackMode === 'MANUAL_IMMEDIATE' || !this.isHandingOver) void this.host.committer.commit(this)
    if (this.isIdle) this.tellIdle()
    this.wake()
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
    this.decideStop()
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
    this.seeks--
    this.decideStop()
    if (this.seeks > 0) return
    if (this.isCut && this.current !== undefined && !this.isEnding) this.moveTo(this.current)
    this.wake()
  }

  private moveTo(to: number | 'earliest'): void {
    this.isCut = false
    this.forgetQueued()
    this.forgetProgress(typeof to === 'number' ? to : undefined)
    this.host.seek(this, to)
  }

  /** No delivery begins any more; the one at work ends after this record, or as it is. Waits for retries are cut short. */
  end(when: 'afterDelivery' | 'afterRecord'): void {
    if (this.ending !== 'afterRecord') this.ending = when
    this.decideStop()
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
    this.handler.giveUp(new Abandoned(why))
  }

  /** Nothing of it is committed from here on. */
  forget(): void {
    this.isGone = true
    this.decideStop()
    this.handler.close()
  }

  private decideStop(): void {
    this.mustStop = this.ending === 'afterRecord' || this.isGone || this.seeks > 0
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
