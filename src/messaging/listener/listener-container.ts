/**
 * The container of one listener: `concurrency` consumers, started and stopped together.
 *
 * created → starting → running → stopping → stopped (→ starting …)
 *
 * A consumer that its driver gives up is replaced after a back-off; what no waiting mends (authentication, a fenced static
 * member, no offset to begin at, an error handler that says so) stops the container with its reason.
 */
import { assert } from '../../base/assert.js'
import { sleep } from '../../base/clock.js'
import { DriverError } from '../../client/port.js'
import { KafkaError, topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import type { ConsumerSeekCallback, SeekTo } from './consumer-seek-aware.js'
import { ChangeSignal } from './change-signal.js'
import { PauseRequests } from './pause-requests.js'
import type { ListenerPlan } from './listener-plan.js'
import { asError, isHopeless, stopReasonOf } from './container-failure.js'
import type { ConsumerOwner } from './consumer-owner.js'
import { ListenerConsumer } from './listener-consumer.js'
import { noCounts } from './listener-settings.js'
import type { ContainerServices, ListenerSettings } from './listener-settings.js'
import type {
  ContainerMetrics,
  ContainerState,
  MessageListenerContainer,
  StopReason,
} from './message-listener-container.js'

import { sharesOf } from './topic-partition-offset.js'
import type { InitialPartition, ManualAssignment } from './topic-partition-offset.js'

const RECONNECT_MS = 200
const RECONNECT_MS_MAX = 10_000
const ASSIGNMENT_TIMEOUT_MS = 60_000

export class ListenerContainer implements ConsumerOwner, MessageListenerContainer {
  state: ContainerState = 'created'
  stopReason: StopReason | undefined
  lastError: Error | undefined
  readonly counts = noCounts()
  private readonly consumers = new Map<number, ListenerConsumer>()
  private starting: Promise<void> | undefined
  private stopping: Promise<void> | undefined
  private life = new AbortController()
  private readonly pauses = new PauseRequests()
  private pauseTold = false
  private readonly assignment = new ChangeSignal()

  private decided: ListenerSettings | undefined
  private deciding: Promise<ListenerSettings> | undefined
  /** Of partitions given by hand: each consumer's share, since this start. */
  private shares: Promise<readonly (readonly InitialPartition[])[]> | undefined
  /** How far those of consumers that are gone had come, since this start. */
  private readonly positions = new Map<string, number>()

  constructor(
    private readonly plan: ListenerPlan,
    /** Decides what the plan leaves open. */
    private readonly decide: (plan: ListenerPlan) => Promise<ListenerSettings>,
    readonly services: ContainerServices,
  ) {}

  get id(): string {
    return this.plan.id
  }

  get groupId(): string {
    return this.plan.groupId
  }

  get topics(): readonly string[] | RegExp {
    const { subscription, manual } = this.plan
    if (manual !== undefined) return manual.topics
    if ('pattern' in subscription) return subscription.pattern
    return 'topics' in subscription ? subscription.topics : subscription.partitions.map(({ topic }) => topic)
  }

  get autoStartup(): boolean {
    return this.plan.autoStartup
  }

  get settings(): ListenerSettings {
    assert(this.decided !== undefined, `listener ${this.id} was not prepared`)
    return this.decided
  }

  get isInExpectedState(): boolean {
    return this.stopReason === undefined || this.stopReason === 'NORMAL'
  }

  /** Resolves references; rejects with a KafkaError of kind `config`. Again: no effect. */
  prepare(): Promise<ListenerSettings> {
    if (this.deciding !== undefined) return this.deciding
    const deciding = this.decide(this.plan).then((settings) => (this.decided = settings))
    this.deciding = deciding
    // whoever asks next tries again
    deciding.catch(() => (this.deciding = undefined))
    return deciding
  }

  get isRunning(): boolean {
    return this.state === 'running' || this.state === 'starting'
  }

  get assignedPartitions(): readonly TopicPartition[] {
    return this.all.flatMap((consumer) => consumer.partitions)
  }

  private get all(): readonly ListenerConsumer[] {
    return [...this.consumers.values()]
  }

  get metrics(): ContainerMetrics {
    return { ...this.counts }
  }

  // ── life ──

  async start(): Promise<void> {
    if (this.stopping !== undefined) await this.stopping
    if (this.state === 'running') return
    this.starting ??= this.begin().finally(() => (this.starting = undefined))
    await this.starting
  }

  private async begin(): Promise<void> {
    const { services } = this
    this.state = 'starting'
    this.stopReason = undefined
    this.lastError = undefined
    this.life = new AbortController()
    this.shares = undefined
    this.positions.clear()
    const { signal } = this.life
    try {
      const settings = await this.prepare()
      if (settings.missingTopicsFatal) await this.refuseMissingTopics()
      const connected = Promise.all(
        Array.from({ length: settings.concurrency }, (_, index) => this.connect(index, services.startup, signal)),
      )
      if (services.startup === 'background') void connected.catch(() => undefined)
      else await connected
      if (signal.aborted) return
      this.state = 'running'
    } catch (error) {
      if (signal.aborted) return
      this.lastError = asError(error, `listener ${this.id} can't start`)
      await this.shut(error instanceof DriverError ? stopReasonOf(error) : 'ERROR', 0)
      throw this.lastError
    }
  }

  /** Until it stands, unless waiting is not wanted or can't help. */
  private async connect(index: number, startup: 'wait' | 'fail' | 'background', signal: AbortSignal): Promise<void> {
    const { settings, services } = this
    const { clock, log } = services
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.open(index, signal)
        if (failures > 0 && !signal.aborted) log.info(`listener ${settings.id} is connected`)
        return
      } catch (thrown) {
        const error = thrown instanceof DriverError ? thrown : undefined
        this.lastError = asError(thrown, `listener ${settings.id} can't connect`)
        if (startup === 'fail' || error === undefined || (isHopeless(error) && this.authRetryMs(error) === undefined)) {
          if (startup !== 'background') throw thrown
          this.stopBecause(error === undefined ? 'ERROR' : stopReasonOf(error), this.lastError)
          return
        }
        const delayMs = this.authRetryMs(error) ?? Math.min(RECONNECT_MS * 2 ** failures, RECONNECT_MS_MAX)
        if (failures === 0) log.warn(`${errorMessage(this.lastError)}; it is tried again until it can`)
        await sleep(clock, delayMs, signal).catch(() => undefined)
      }
    }
  }

  private async open(index: number, signal: AbortSignal): Promise<void> {
    const { settings, services } = this
    const { groupInstanceId } = settings.consumer
    const share = settings.manual === undefined ? undefined : (await this.sharesOf(settings.manual))[index]
    // fewer partitions than consumers
    if (settings.manual !== undefined && share === undefined) return
    const port = await services.consumer({
      ...settings.consumer,
      clientId: `${settings.clientIdPrefix}-${index}`,
      groupInstanceId: groupInstanceId && settings.concurrency > 1 ? `${groupInstanceId}-${index}` : groupInstanceId,
    })
    const consumer = new ListenerConsumer(this, index, port, share)
    consumer.emit('consumerStarting', {})
    this.consumers.set(index, consumer)
    try {
      await consumer.start()
    } catch (error) {
      this.consumers.delete(index)
      consumer.release()
      consumer.emit('consumerFailedToStart', { error: asError(error, `consumer ${index}`) })
      await port.close(0).catch(() => undefined)
      throw error
    }
    if (signal.aborted) {
      consumer.release()
      await port.close(0).catch(() => undefined)
      return
    }
    this.lastError = undefined
    consumer.emit('consumerStarted', {})
  }

  private sharesOf(manual: ManualAssignment): Promise<readonly (readonly InitialPartition[])[]> {
    this.shares ??= this.services
      .admin()
      .then((admin) => manual.resolve(admin))
      .then((partitions) => sharesOf(partitions, this.settings.concurrency))
    // the next consumer asks again
    this.shares.catch(() => (this.shares = undefined))
    return this.shares
  }

  positionOf(tp: TopicPartition): number | undefined {
    return this.positions.get(topicPartitionName(tp))
  }

  reached(tp: TopicPartition, position: number): void {
    this.positions.set(topicPartitionName(tp), position)
  }

  stop(timeoutMs: number = this.plan.shutdownTimeoutMs): Promise<void> {
    return this.shut('NORMAL', timeoutMs)
  }

  private shut(reason: StopReason, timeoutMs: number): Promise<void> {
    if (this.state === 'created') this.state = 'stopped'
    if (this.state === 'stopped') return Promise.resolve()
    this.stopping ??= this.end(reason, timeoutMs).finally(() => (this.stopping = undefined))
    return this.stopping
  }

  private async end(reason: StopReason, timeoutMs: number): Promise<void> {
    const { plan, services } = this
    this.state = 'stopping'
    this.life.abort(new KafkaError('closed', `listener ${plan.id} stops`))
    const when = this.decided?.stopImmediate || reason !== 'NORMAL' ? 'afterRecord' : 'afterDelivery'
    await Promise.all(
      this.all.map(async (consumer) => {
        consumer.emit('consumerStopping', {})
        await consumer.stop(timeoutMs, when).catch((error: unknown) => {
          services.log.error(`listener ${plan.id}: a consumer did not close: ${errorMessage(error)}`, { error })
          consumer.release()
        })
        consumer.emit('consumerStopped', { reason })
      }),
    )
    this.consumers.clear()
    this.state = 'stopped'
    this.stopReason = reason
    this.assignment.tell()
    services.events.emit('containerStopped', { listenerId: plan.id, groupId: plan.groupId, reason })
  }

  stopBecause(reason: StopReason, error: Error): void {
    if (this.state === 'stopping' || this.state === 'stopped') return
    this.lastError = error
    this.services.log.error(`listener ${this.id} stops (${reason}): ${errorMessage(error)}`, { error })
    // not in the caller's stack: it is one of those that are waited for
    void this.shut(reason, this.plan.shutdownTimeoutMs)
  }

  consumerFailed(consumer: ListenerConsumer, error: DriverError): void {
    if (this.state === 'stopping' || this.state === 'stopped') return
    this.lastError = asError(error, `consumer ${consumer.index} of listener ${this.id} failed`)
    if (isHopeless(error) && this.authRetryMs(error) === undefined) {
      this.stopBecause(stopReasonOf(error), this.lastError)
      return
    }
    void this.replace(consumer, error)
  }

  private async replace(consumer: ListenerConsumer, error: DriverError): Promise<void> {
    const { signal } = this.life
    const { clock, log } = this.services
    consumer.release()
    await consumer.port.close(0).catch(() => undefined)
    const delayMs = this.authRetryMs(error) ?? RECONNECT_MS
    log.warn(`${errorMessage(this.lastError)}; another takes its place in ${delayMs} ms`)
    await sleep(clock, delayMs, signal).catch(() => undefined)
    await this.connect(consumer.index, 'background', signal)
  }

  private authRetryMs(error: DriverError): number | undefined {
    return stopReasonOf(error) === 'AUTH' ? this.settings.authExceptionRetryIntervalMs : undefined
  }

  private async refuseMissingTopics(): Promise<void> {
    const { subscription, id } = this.settings
    if (!('topics' in subscription)) return
    const admin = await this.services.admin()
    const known = new Set((await admin.describeTopics(subscription.topics)).map(({ name }) => name))
    const missing = subscription.topics.filter((topic) => !known.has(topic))
    if (missing.length === 0) return
    throw new KafkaError(
      'config',
      `listener ${id}: topics ${missing.join(', ')} do not exist (missingTopicsFatal is set)`,
    )
  }

  // ── pausing ──

  pause(): void {
    this.pauses.all = true
    this.pauseChanged()
  }

  resume(): void {
    this.pauses.all = false
    this.pauseTold = false
    this.pauseChanged()
    for (const consumer of this.all) consumer.emit('consumerResumed', {})
  }

  get isPauseRequested(): boolean {
    return this.pauses.all
  }

  get isPaused(): boolean {
    return this.pauses.all && !this.all.some((consumer) => consumer.isAtWork)
  }

  pausePartition(tp: TopicPartition): void {
    this.pauses.add(tp)
    this.pauseChanged()
    this.emitToConsumerOf(tp, 'partitionPaused')
  }

  resumePartition(tp: TopicPartition): void {
    if (!this.pauses.remove(tp)) return
    this.pauseChanged()
    this.emitToConsumerOf(tp, 'partitionResumed')
  }

  isPartitionPauseRequested(tp: TopicPartition): boolean {
    return this.pauses.has(tp)
  }

  isPartitionPaused(tp: TopicPartition): boolean {
    return this.pauses.cover(tp)
  }

  private pauseChanged(): void {
    for (const consumer of this.all) consumer.pauseChanged()
    this.workEnded()
  }

  workEnded(): void {
    if (this.pauseTold || !this.isPaused) return
    this.pauseTold = true
    for (const consumer of this.all) consumer.emit('consumerPaused', {})
  }

  private emitToConsumerOf(tp: TopicPartition, name: 'partitionPaused' | 'partitionResumed'): void {
    const owner = this.all.find((consumer) =>
      consumer.partitions.some((own) => own.topic === tp.topic && own.partition === tp.partition),
    )
    owner?.emit(name, { topic: tp.topic, partition: tp.partition })
  }

  // ── seeking, from outside ──

  seek(topic: string, partition: number, offset: SeekTo): void {
    this.seeker({ topic, partition }).seek(topic, partition, offset)
  }
  seekToBeginning(partitions = this.assignedPartitions): void {
    for (const tp of partitions) this.seeker(tp).seekToBeginning([tp])
  }
  seekToEnd(partitions = this.assignedPartitions): void {
    for (const tp of partitions) this.seeker(tp).seekToEnd([tp])
  }
  seekRelative(topic: string, partition: number, offset: number, toCurrent: boolean): void {
    this.seeker({ topic, partition }).seekRelative(topic, partition, offset, toCurrent)
  }
  seekToTimestamp(timestampMs: number, partitions = this.assignedPartitions): void {
    for (const tp of partitions) this.seeker(tp).seekToTimestamp(timestampMs, [tp])
  }

  /** The consumer that has it. */
  private seeker({ topic, partition }: TopicPartition): ConsumerSeekCallback {
    const owner = this.all.find((consumer) =>
      consumer.partitions.some((own) => own.topic === topic && own.partition === partition),
    )
    const found = owner ?? this.all[0]
    if (found !== undefined) return found.seekRequests
    throw new KafkaError('closed', `listener ${this.id} is not running, so there is nothing to seek`)
  }

  // ── assignment ──

  assignmentChanged(): void {
    this.assignment.tell()
  }

  async untilAssigned(partitions = 1, timeoutMs = ASSIGNMENT_TIMEOUT_MS): Promise<void> {
    const deadline = new AbortController()
    let isLate = false
    void sleep(this.services.clock, timeoutMs, deadline.signal).then(
      () => {
        isLate = true
        this.assignment.tell()
      },
      () => undefined,
    )
    try {
      while (this.assignedPartitions.length < partitions) {
        const failure = isLate ? this.lateFailure(partitions, timeoutMs) : this.assignmentFailure()
        if (failure !== undefined) throw failure
        await this.assignment.next()
      }
    } finally {
      deadline.abort(new Error('assigned'))
    }
  }

  private lateFailure(partitions: number, timeoutMs: number): KafkaError {
    const has = this.assignedPartitions.length
    const message = `listener ${this.id} has ${has} of ${partitions} partitions after ${timeoutMs} ms`
    return new KafkaError('timeout', message, { cause: this.lastError })
  }

  private assignmentFailure(): KafkaError | undefined {
    if (this.state !== 'stopped') return undefined
    return new KafkaError('closed', `listener ${this.id} is stopped`, { cause: this.lastError })
  }
}
