/**
 * One consumer of a listener's container (there are `concurrency` of them): the framework's side of a driver's consumer.
 * It keeps a worker for each assigned partition, and hands partitions over in order: finish, commit, let go.
 */
import type { Log } from '../../base/log.js'
import type {
  ConsumerHandler,
  ConsumerPort,
  ConsumerState,
  IncomingRecords,
  PartitionStart,
} from '../../client/port.js'
import { KafkaError, topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import type { KafkaEventName, KafkaEvents } from '../events.js'
import { ackScheduleOf } from './ack-schedule.js'
import type { AckSchedule } from './ack-schedule.js'
import { ApplicationCallbacks } from './application-callbacks.js'
import { HandlerWatchdog } from './handler-watchdog.js'
import { IdleMonitor } from './idle-monitor.js'
import type { ConsumerOwner } from './consumer-owner.js'
import type { Counts, ListenerSettings } from './listener-settings.js'
import { transactionToolsOf } from './listener-transactions.js'
import type { TransactionTools } from './listener-transactions.js'
import type { ContainerPosition, StopReason } from './message-listener-container.js'
import { OffsetCommitter } from './offset-committer.js'
import type { Start } from './offset-reset.js'
import { PartitionStarts } from './partition-starts.js'
import { PartitionWorkers } from './partition-workers.js'
import { PartitionWorker } from './partition-worker.js'
import { runnerFor } from './runner-for.js'
import type { InitialPartition } from './topic-partition-offset.js'
import { SeekRequests } from './seek-requests.js'
import { TurnTaking } from './turn-taking.js'
import type { WorkerHost } from './worker-host.js'

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
  private readonly workers: PartitionWorkers
  readonly seekRequests: SeekRequests
  private readonly starts: PartitionStarts
  private readonly callbacks: ApplicationCallbacks
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
    this.workers = new PartitionWorkers(clock, services.log, this.committer)
    this.watchdog = new HandlerWatchdog(clock, settings.handlerTimeoutMs)
    this.turn = new TurnTaking(clock)
    this.seekRequests = new SeekRequests({
      listenerId: settings.id,
      groupId: settings.groupId,
      isolation: settings.consumer.isolation,
      log: services.log,
      worker: (tp) => this.workers.of(tp),
      assigned: () => this.partitions,
      admin: () => services.admin(),
    })
    this.starts = new PartitionStarts(owner, share)
    this.callbacks = new ApplicationCallbacks(settings, this.seekRequests, services.log)
    this.schedule = ackScheduleOf(settings, clock, () => this.workers.commit())
    this.transactionTools = transactionToolsOf(settings, services, port)
    this.idle = new IdleMonitor(clock, settings, {
      idle: (idleMs) => {
        this.emit('containerIdle', { idleMs, partitions: this.partitions })
        this.callbacks.idle(this.partitions)
      },
      noLongerIdle: (idleMs) => this.emit('containerNoLongerIdle', { idleMs }),
      partitionIdle: (tp, idleMs) => this.emit('partitionIdle', { ...tp, idleMs }),
      partitionNoLongerIdle: (tp, idleMs) => this.emit('partitionNoLongerIdle', { ...tp, idleMs }),
    })
  }

  get partitions(): readonly TopicPartition[] {
    return this.workers.partitions
  }

  positions(): ContainerPosition[] {
    const told = new Map(this.port.positions?.().map((each) => [topicPartitionName(each), each]))
    return [...this.workers].map((worker) => worker.progress(told.get(worker.name)))
  }

  get isAtWork(): boolean {
    return this.workers.isAtWork
  }

  /** Rejects with a DriverError when the first connection can't be made. */
  start(): Promise<void> {
    const { share } = this
    this.callbacks.starting()
    if (share === undefined) return this.port.start(this.listener.subscription, this)
    return this.port.start({ partitions: share.map(({ topic, partition }) => ({ topic, partition })) }, this)
  }

  /** Finishes what is at work (`afterDelivery` or `afterRecord`); closing the driver's consumer commits and leaves the group. */
  async stop(timeoutMs: number, when: 'afterDelivery' | 'afterRecord'): Promise<void> {
    const { clock } = this.owner.services
    const untilMs = clock.monotonic() + timeoutMs
    await this.workers.finish([...this.workers], timeoutMs, when)
    await this.port.close(Math.max(untilMs - clock.monotonic(), 0) + COMMIT_MS_MAX)
    this.release()
  }

  /** The container can't go on: nothing is finished, what is done is committed by the driver's revoke. */
  release(): void {
    for (const worker of this.workers) {
      worker.abandon('the container stopped')
      worker.forget()
      if (this.share !== undefined && worker.position !== undefined) this.owner.reached(worker, worker.position)
    }
    this.workers.clear()
    this.beingAssigned.clear()
    this.callbacks.ended()
    this.watchdog.close()
    this.schedule?.close()
    this.committer.close()
    this.idle.close()
    this.owner.assignmentChanged()
  }

  // ── pausing ──

  /** What is asked for changed: fetching and delivering follow. */
  pauseChanged(): void {
    for (const worker of this.workers) {
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
    if (!this.isPaused(tp) && this.workers.of(tp) !== undefined) this.port.resume([tp])
  }

  // ── the driver's side ──

  async onAssigned(partitions: readonly TopicPartition[], epoch: number): Promise<readonly PartitionStart[]> {
    this.epoch = epoch
    const { settings, services } = this.owner
    const turn = ++this.assignments
    for (const tp of partitions) this.beingAssigned.set(topicPartitionName(tp), turn)
    const admin = await services.admin()
    const starts = await this.starts.of(admin, partitions)
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
    await this.callbacks.assigned(still, this.starts)
    this.log.debug(`assigned ${still.map(topicPartitionName).join(', ')}`)
    this.emit('partitionsAssigned', { partitions: still })
    this.owner.assignmentChanged()
    return starts
  }

  async onRevoked(partitions: readonly TopicPartition[], deadlineMs: number): Promise<void> {
    const { services } = this.owner
    const workers = this.workers.ofAll(partitions)
    for (const tp of partitions) this.beingAssigned.delete(topicPartitionName(tp))
    const timeoutMs = Math.max(deadlineMs - services.clock.now(), 0)
    const commitMs = Math.min(timeoutMs * COMMIT_SHARE, COMMIT_MS_MAX)
    await this.workers.finish(workers, timeoutMs - commitMs, 'afterRecord')
    await this.callbacks.revokedBeforeCommit(partitions)
    await this.workers.within(commitMs, this.workers.commit(workers))
    await this.callbacks.revoked(partitions)
    this.letGo(workers)
    this.log.debug(`revoked ${partitions.map(topicPartitionName).join(', ')}`)
    this.emit('partitionsRevoked', { partitions })
  }

  onLost(partitions: readonly TopicPartition[]): void {
    const workers = this.workers.ofAll(partitions)
    for (const tp of partitions) this.beingAssigned.delete(topicPartitionName(tp))
    for (const worker of workers) {
      worker.forget()
      worker.abandon('the partition was lost to another member')
    }
    this.letGo(workers)
    this.log.warn(`lost ${partitions.map(topicPartitionName).join(', ')}: what was not committed comes again elsewhere`)
    this.emit('partitionsLost', { partitions })
    this.callbacks.lost(partitions)
  }

  onRecords(records: IncomingRecords): void {
    const worker = this.workers.of(records)
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
    else void this.starts.afterReset(tp, offset).then((start) => this.port.seek(tp, start))
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
    this.workers.add(worker)
    if (this.isPaused(worker)) this.port.pause([worker])
    // a group that has not committed anything yet would begin elsewhere after a restart
    if (start.committed === undefined && typeof start.start === 'number') {
      worker.beginAt(start.start)
      void this.committer.commit(worker)
    }
  }

  private letGo(workers: readonly PartitionWorker[]): void {
    this.workers.letGo(workers)
    this.idle.unassigned(workers)
    this.owner.assignmentChanged()
  }
}
