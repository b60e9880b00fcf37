/**
 * One consumer of a listener's container (there are `concurrency` of them): the framework's side of a driver's consumer.
 * It keeps a worker for each assigned partition, and hands partitions over in order: finish, commit, let go.
 */
import type { Log } from '../../base/log.js'
import { DriverError } from '../../client/port.js'
import type {
  AdminPort,
  ConsumerHandler,
  ConsumerPort,
  ConsumerState,
  IncomingRecords,
  PartitionStart,
} from '../../client/port.js'
import { KafkaError, topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import { kafkaErrorFrom } from '../driver-errors.js'
import { errorMessage } from '../error/cause-chain.js'
import type { KafkaEventName, KafkaEvents } from '../events.js'
import { AckSchedule } from './ack-schedule.js'
import { HandlerWatchdog } from './handler-watchdog.js'
import { IdleMonitor } from './idle-monitor.js'
import type { ContainerServices, Counts, ListenerSettings } from './listener-settings.js'
import type { TransactionTools } from './listener-transactions.js'
import type { StopReason } from './message-listener-container.js'
import { manualStarts } from './manual-starts.js'
import { OffsetCommitter } from './offset-committer.js'
import { resetOffsets, startOffsets } from './offset-reset.js'
import type { NoOffset, Start } from './offset-reset.js'
import { PartitionWorker } from './partition-worker.js'
import { runnerFor } from './runner-for.js'
import type { InitialPartition } from './topic-partition-offset.js'
import { SeekRequests } from './seek-requests.js'
import { TurnTaking } from './turn-taking.js'
import type { WorkerHost } from './worker-host.js'

/** What a consumer asks of its container. */
export interface ConsumerOwner {
  readonly settings: ListenerSettings
  readonly services: ContainerServices
  readonly counts: Counts
  isPartitionPaused(tp: TopicPartition): boolean
  /** Of partitions given by hand: where one goes on that another consumer had, since the container's start. */
  positionOf(tp: TopicPartition): number | undefined
  reached(tp: TopicPartition, position: number): void
  /** The assignment of this consumer is another. */
  assignmentChanged(): void
  /** Work ended somewhere: what waits for that looks again. */
  workEnded(): void
  /** The container can't go on. */
  stopBecause(reason: StopReason, error: Error): void
  /** The driver gave up this consumer: another is to take its place. */
  consumerFailed(consumer: ListenerConsumer, error: DriverError): void
}

type OwnEvent<N extends KafkaEventName> = Omit<KafkaEvents[N], 'listenerId' | 'groupId' | 'consumer'>

/** Of the time to hand a partition over, what is kept for the commit. */
const COMMIT_SHARE = 0.2
const COMMIT_MS_MAX = 2_000

/** Where a consumer without a group commits. */
const NO_GROUP: Pick<ConsumerPort, 'commit'> = { commit: async () => {} }

export class ListenerConsumer implements ConsumerHandler, WorkerHost {
  readonly listener: ListenerSettings
  readonly counts: Counts
  readonly log: Log
  readonly committer: OffsetCommitter
  readonly schedule: AckSchedule | undefined
  readonly watchdog: HandlerWatchdog
  readonly turn: TurnTaking
  private readonly workers = new Map<string, PartitionWorker>()
  readonly seekRequests: SeekRequests
  private readonly idle: IdleMonitor
  private readonly transactionTools: TransactionTools | undefined
  private epoch = -1
  /** Partitions whose start is being asked for, and in which turn. */
  private readonly beingAssigned = new Map<string, number>()
  private assignments = 0

  constructor(
    private readonly owner: ConsumerOwner,
    readonly index: number,
    readonly port: ConsumerPort,
    /** Partitions given by hand. */
    private readonly share: readonly InitialPartition[] | undefined,
  ) {
    const { settings, services, counts } = owner
    const { clock } = services
    this.listener = settings
    this.counts = counts
    this.log = services.log
    // without a group nothing is committed
    const hasGroup = settings.groupId !== ''
    this.committer = new OffsetCommitter(
      hasGroup ? port : NO_GROUP,
      () => this.epoch,
      settings.commitRetries,
      services,
      hasGroup ? counts : { commits: 0, commitFailures: 0 },
    )
    this.watchdog = new HandlerWatchdog(clock, settings.handlerTimeoutMs)
    this.turn = new TurnTaking(clock)
    this.seekRequests = new SeekRequests({
      listenerId: settings.id,
      groupId: settings.groupId,
      isolation: settings.consumer.isolation,
      log: services.log,
      worker: (tp) => this.workers.get(topicPartitionName(tp)),
      assigned: () => this.partitions,
      admin: () => services.admin(),
    })
    this.schedule = this.makeSchedule()
    this.transactionTools = this.makeTransactionTools()
    this.idle = new IdleMonitor(clock, settings, {
      idle: (idleMs) => {
        this.emit('containerIdle', { idleMs, partitions: this.partitions })
        const { seekAware } = settings
        void this.call('onIdleContainer', () => seekAware.onIdleContainer?.(this.partitions, this.seekRequests))
      },
      noLongerIdle: (idleMs) => this.emit('containerNoLongerIdle', { idleMs }),
      partitionIdle: (tp, idleMs) => this.emit('partitionIdle', { ...tp, idleMs }),
      partitionNoLongerIdle: (tp, idleMs) => this.emit('partitionNoLongerIdle', { ...tp, idleMs }),
    })
  }

  get partitions(): readonly TopicPartition[] {
    return [...this.workers.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  get isAtWork(): boolean {
    return [...this.workers.values()].some((worker) => worker.isDelivering)
  }

  /** Rejects with a DriverError when the first connection can't be made. */
  start(): Promise<void> {
    const { share } = this
    this.listener.seekAware.registerSeekCallback?.(this.seekRequests)
    if (share === undefined) return this.port.start(this.listener.subscription, this)
    return this.port.start({ partitions: share.map(({ topic, partition }) => ({ topic, partition })) }, this)
  }

  /** Finishes what is at work (`afterDelivery` or `afterRecord`); closing the driver's consumer commits and leaves the group. */
  async stop(timeoutMs: number, when: 'afterDelivery' | 'afterRecord'): Promise<void> {
    const { clock } = this.owner.services
    const untilMs = clock.monotonic() + timeoutMs
    await this.finish([...this.workers.values()], timeoutMs, when)
    await this.port.close(Math.max(untilMs - clock.monotonic(), 0) + COMMIT_MS_MAX)
    this.release()
  }

  /** The container can't go on: nothing is finished, what is done is committed by the driver's revoke. */
  release(): void {
    for (const worker of this.workers.values()) {
      worker.abandon('the container stopped')
      worker.forget()
      if (this.share !== undefined && worker.position !== undefined) this.owner.reached(worker, worker.position)
    }
    this.workers.clear()
    this.beingAssigned.clear()
    const { seekAware } = this.listener
    void this.call('unregisterSeekCallback', () => seekAware.unregisterSeekCallback?.(this.seekRequests))
    this.watchdog.close()
    this.schedule?.close()
    this.committer.close()
    this.idle.close()
    this.owner.assignmentChanged()
  }

  // ── pausing ──

  /** What is asked for changed: fetching and delivering follow. */
  pauseChanged(): void {
    for (const worker of this.workers.values()) {
      if (this.isPaused(worker)) this.port.pause([worker])
      else {
        if (!worker.isFetchPaused) this.port.resume([worker])
        worker.wake()
      }
    }
  }

  isPaused(tp: TopicPartition): boolean {
    return this.owner.isPartitionPaused(tp)
  }

  pauseFetching(tp: TopicPartition): void {
    this.port.pause([tp])
  }

  resumeFetching(tp: TopicPartition): void {
    if (!this.isPaused(tp) && this.workers.has(topicPartitionName(tp))) this.port.resume([tp])
  }

  // ── the driver's side ──

  async onAssigned(partitions: readonly TopicPartition[], epoch: number): Promise<readonly PartitionStart[]> {
    this.epoch = epoch
    const { settings, services } = this.owner
    const turn = ++this.assignments
    for (const tp of partitions) this.beingAssigned.set(topicPartitionName(tp), turn)
    const admin = await services.admin()
    const starts = await this.startsOf(admin, partitions)
    if ('withoutOffset' in starts) {
      const names = starts.withoutOffset.map(topicPartitionName).join(', ')
      const error = new KafkaError(
        'config',
        `group ${settings.groupId} has no committed offset for ${names}, and autoOffsetReset is 'none'`,
      )
      this.owner.stopBecause('NO_OFFSET', error)
      return []
    }
    // some may have been revoked, or assigned anew, meanwhile
    const still = starts.filter((tp) => this.beingAssigned.get(topicPartitionName(tp)) === turn)
    for (const start of still) {
      this.beingAssigned.delete(topicPartitionName(start))
      this.addWorker(start, epoch)
    }
    this.idle.assigned(still)
    await this.tellSeekAware(still)
    await this.call('onPartitionsAssigned', () => settings.rebalanceListener.onPartitionsAssigned?.(still))
    this.log.debug(`assigned ${still.map(topicPartitionName).join(', ')}`)
    this.emit('partitionsAssigned', { partitions: still })
    this.owner.assignmentChanged()
    return starts
  }

  private async tellSeekAware(starts: readonly Start[]): Promise<void> {
    const { seekAware } = this.listener
    if (seekAware.onPartitionsAssigned !== undefined) {
      const admin = await this.owner.services.admin()
      const beginnings = starts.filter(({ start }) => start === 'earliest')
      const earliest = beginnings.length === 0 ? [] : await admin.listOffsets(beginnings, 'earliest')
      const assigned = starts.map(({ topic, partition, start }) => {
        const first = earliest.find((found) => found.topic === topic && found.partition === partition)?.offset
        return { topic, partition, offset: typeof start === 'number' ? start : (first ?? 0) }
      })
      await this.call('onPartitionsAssigned', () => seekAware.onPartitionsAssigned?.(assigned, this.seekRequests))
    }
    await this.seekRequests.settled()
  }

  private startsOf(admin: AdminPort, partitions: readonly TopicPartition[]): Promise<readonly Start[] | NoOffset> {
    const { groupId, autoOffsetReset: reset, consumer } = this.owner.settings
    const nowMs = this.owner.services.clock.now()
    const query = { groupId, reset, isolation: consumer.isolation, nowMs }
    const { share } = this
    if (share === undefined) return startOffsets(admin, query, partitions)
    const from = new Map(share.map((each) => [topicPartitionName(each), each.from]))
    return manualStarts(admin, query, partitions, (tp) => {
      const position = this.owner.positionOf(tp)
      return position === undefined ? from.get(topicPartitionName(tp))! : { initialOffset: position }
    })
  }

  async onRevoked(partitions: readonly TopicPartition[], deadlineMs: number): Promise<void> {
    const { settings, services } = this.owner
    const workers = this.workersOf(partitions)
    for (const tp of partitions) this.beingAssigned.delete(topicPartitionName(tp))
    const timeoutMs = Math.max(deadlineMs - services.clock.now(), 0)
    const commitMs = Math.min(timeoutMs * COMMIT_SHARE, COMMIT_MS_MAX)
    await this.finish(workers, timeoutMs - commitMs, 'afterRecord')
    await this.call('onPartitionsRevokedBeforeCommit', () =>
      settings.rebalanceListener.onPartitionsRevokedBeforeCommit?.(partitions),
    )
    await this.within(commitMs, this.commitAll(workers))
    await this.call('onPartitionsRevokedAfterCommit', () =>
      settings.rebalanceListener.onPartitionsRevokedAfterCommit?.(partitions),
    )
    await this.call('onPartitionsRevoked', () => settings.seekAware.onPartitionsRevoked?.(partitions))
    this.letGo(workers)
    this.log.debug(`gave up ${partitions.map(topicPartitionName).join(', ')}`)
    this.emit('partitionsRevoked', { partitions })
  }

  onLost(partitions: readonly TopicPartition[]): void {
    const workers = this.workersOf(partitions)
    for (const tp of partitions) this.beingAssigned.delete(topicPartitionName(tp))
    for (const worker of workers) {
      worker.forget()
      worker.abandon('the partition was lost to another member')
    }
    this.letGo(workers)
    this.log.warn(`lost ${partitions.map(topicPartitionName).join(', ')}: what was not committed comes again elsewhere`)
    this.emit('partitionsLost', { partitions })
    const { rebalanceListener, seekAware } = this.owner.settings
    void this.call('onPartitionsRevoked', () => seekAware.onPartitionsRevoked?.(partitions))
    void this.call('onPartitionsLost', () => rebalanceListener.onPartitionsLost?.(partitions))
  }

  onRecords(records: IncomingRecords): void {
    const worker = this.workers.get(topicPartitionName(records))
    // what was fetched for an earlier assignment is not this one's
    if (worker === undefined || records.epoch < worker.epoch) return
    if (records.records.length > 0) this.idle.data(worker)
    worker.enqueue(records)
  }

  onOffsetOutOfRange(tp: TopicPartition, offset: number): void {
    const { autoOffsetReset, groupId } = this.owner.settings
    const where = `${topicPartitionName(tp)}@${offset}`
    if (autoOffsetReset === 'none') {
      const message = `group ${groupId} is at ${where}, which the broker does not have, and autoOffsetReset is 'none'`
      this.owner.stopBecause('NO_OFFSET', new KafkaError('protocol', message, { topicPartition: tp, offset }))
      return
    }
    this.log.warn(`group ${groupId} is at ${where}, which the broker does not have: it goes on at '${autoOffsetReset}'`)
    if (autoOffsetReset === 'earliest' || autoOffsetReset === 'latest') this.port.seek(tp, autoOffsetReset)
    else void this.resetByDuration(tp, offset)
  }

  private async resetByDuration(tp: TopicPartition, offset: number): Promise<void> {
    const { settings, services } = this.owner
    const { autoOffsetReset: reset, consumer } = settings
    try {
      const query = { reset, isolation: consumer.isolation, nowMs: services.clock.now() }
      const [found] = await resetOffsets(await services.admin(), query, [tp])
      this.port.seek(tp, found!.start)
    } catch (error) {
      // the driver tells anew that it is not there
      this.log.warn(`where ${topicPartitionName(tp)} goes on could not be found`, { error })
      this.port.seek(tp, offset)
    }
  }

  onState(state: ConsumerState): void {
    switch (state.state) {
      case 'stable':
        this.epoch = state.epoch
        break
      case 'recovering':
        this.emit('consumerRecovering', { error: state.error, retryInMs: state.retryInMs })
        break
      case 'failed':
        this.owner.consumerFailed(this, state.error)
        break
      default:
    }
  }

  // ── the workers' side ──

  seek(tp: TopicPartition, to: number | 'earliest'): void {
    this.port.seek({ topic: tp.topic, partition: tp.partition }, to)
  }

  after(delayMs: number, task: () => void): { cancel(): void } {
    return this.owner.services.clock.after(delayMs, task)
  }

  stopContainer(error: unknown, reason: StopReason = 'ERROR'): void {
    const cause = error instanceof Error ? error : new Error(String(error))
    this.owner.stopBecause(reason, cause)
  }

  timedOut(tp: TopicPartition, offset: number): void {
    const { topic, partition } = tp
    this.log.error(`the handler of ${topicPartitionName(tp)}@${offset} took longer than ${this.watchdog.timeoutMs} ms`)
    this.emit('handlerTimedOut', { topic, partition, offset })
  }

  workEnded(): void {
    this.owner.workEnded()
  }

  emit<N extends KafkaEventName>(name: N, event: OwnEvent<N>): void {
    const { services, settings } = this.owner
    const own = { listenerId: settings.id, groupId: settings.groupId, consumer: this.index }
    services.events.emit(name, { ...own, ...event } as unknown as KafkaEvents[N])
  }

  // ── parts ──

  private addWorker(start: Start, epoch: number): void {
    const worker = new PartitionWorker(start, epoch, this, (own) => runnerFor(own, this.transactionTools))
    worker.committed = start.committed
    if (typeof start.start === 'number') worker.current = start.start
    this.workers.get(worker.name)?.forget()
    this.workers.set(worker.name, worker)
    if (this.isPaused(worker)) this.port.pause([worker])
    // a group that has not committed anything yet would begin elsewhere after a restart
    if (start.committed === undefined && typeof start.start === 'number') {
      worker.beginAt(start.start)
      void this.committer.commit(worker)
    }
  }

  private async finish(
    workers: readonly PartitionWorker[],
    timeoutMs: number,
    when: 'afterDelivery' | 'afterRecord',
  ): Promise<void> {
    for (const worker of workers) worker.end(when)
    const allIdle = Promise.all(workers.map((worker) => worker.whenIdle()))
    if (!(await this.within(timeoutMs, allIdle))) {
      for (const worker of workers) {
        if (worker.isIdle) continue
        this.log.warn(`the time to finish ${worker.name} is over: what its handler has in hand comes again`)
        worker.abandon('the time to finish is over')
      }
    }
  }

  /** false: not within the time. */
  private within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.after(timeoutMs, () => resolve(false))
      void work.then(() => {
        timer.cancel()
        resolve(true)
      })
    })
  }

  private commitAll(workers: Iterable<PartitionWorker>): Promise<void> {
    return Promise.all([...workers].map((worker) => this.committer.commit(worker))).then(() => undefined)
  }

  private letGo(workers: readonly PartitionWorker[]): void {
    for (const worker of workers) {
      worker.end('afterRecord')
      worker.forget()
      if (this.workers.get(worker.name) === worker) this.workers.delete(worker.name)
    }
    this.idle.unassigned(workers)
    this.owner.assignmentChanged()
  }

  private workersOf(partitions: readonly TopicPartition[]): PartitionWorker[] {
    return partitions.flatMap((tp) => this.workers.get(topicPartitionName(tp)) ?? [])
  }

  private makeTransactionTools(): TransactionTools | undefined {
    const { settings, services } = this.owner
    const { groupId, transactional, stopContainerWhenFenced } = settings
    if (transactional === undefined) return undefined
    return {
      producers: services.transactions(transactional),
      stopContainerWhenFenced,
      // partitions given by hand have a group without members
      group: () => this.port.groupMetadata() ?? { groupId, generationId: -1, memberId: '', groupInstanceId: undefined },
      committed: async ({ topic, partition }) => {
        const admin = await services.admin()
        const [found] = await admin.committedOffsets(groupId, [{ topic, partition }], { requireStable: true })
        return found?.offset
      },
    }
  }

  private makeSchedule(): AckSchedule | undefined {
    const { ackMode, ackCount, ackTimeMs } = this.listener
    if (ackMode !== 'COUNT' && ackMode !== 'TIME' && ackMode !== 'COUNT_TIME') return undefined
    return new AckSchedule(
      this.owner.services.clock,
      ackMode === 'TIME' ? Infinity : ackCount,
      ackMode === 'COUNT' ? Infinity : ackTimeMs,
      () => this.commitAll(this.workers.values()),
    )
  }

  private async call(what: string, callback: () => void | Promise<void>): Promise<void> {
    try {
      await callback()
    } catch (error) {
      this.log.error(`the rebalance listener failed in ${what}: ${errorMessage(error)}`, { error })
    }
  }
}

/** Why a driver's error stops a container. */
export function stopReasonOf(error: DriverError): StopReason {
  if (error.kind === 'auth' || error.kind === 'authorization') return 'AUTH'
  return error.kind === 'fenced' ? 'FENCED' : 'ERROR'
}

export function asError(error: unknown, what: string): Error {
  if (error instanceof DriverError) return kafkaErrorFrom(error, what)
  return error instanceof Error ? error : new Error(String(error))
}
