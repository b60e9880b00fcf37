/**
 * The container of one listener: `concurrency` consumers, started and stopped together.
 *
 * created → starting → running → stopping → stopped (→ starting …)
 *
 * A consumer that its driver gives up is replaced after a back-off; what no waiting mends (authentication, a fenced static
 * member, no offset to begin at, an error handler that says so) stops the container with its reason.
 */
import { assert } from '../../base/assert.js'
import { DriverError } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import type { ConsumerSeekCallback } from './consumer-seek-aware.js'
import { untilAssigned } from './assignment-wait.js'
import { ChangeSignal } from './change-signal.js'
import { ContainerSeeks } from './container-seeks.js'
import { ManualShares } from './manual-shares.js'
import { PauseRequests } from './pause-requests.js'
import type { ListenerPlan } from './listener-plan.js'
import { ContainerConsumers } from './container-consumers.js'
import type { ConsumersOwner } from './container-consumers.js'
import { asError, stopReasonOf } from './container-failure.js'
import type { ListenerConsumer } from './listener-consumer.js'
import { noCounts } from './listener-settings.js'
import type { ContainerServices, ListenerSettings } from './listener-settings.js'
import type {
  ContainerMetrics,
  ContainerPosition,
  ContainerState,
  MessageListenerContainer,
  StopReason,
} from './message-listener-container.js'

const ASSIGNMENT_TIMEOUT_MS = 60_000

export class ListenerContainer extends ContainerSeeks implements ConsumersOwner, MessageListenerContainer {
  state: ContainerState = 'created'
  stopReason: StopReason | undefined
  lastError: Error | undefined
  readonly counts = noCounts()
  private readonly consumers = new ContainerConsumers(this)
  private starting: Promise<void> | undefined
  private stopping: Promise<void> | undefined
  private life = new AbortController()
  private readonly pauses = new PauseRequests()
  private pauseTold = false
  private readonly assignment = new ChangeSignal()

  private decided: ListenerSettings | undefined
  private deciding: Promise<ListenerSettings> | undefined
  /** Of partitions given by hand, since this start. */
  shares: ManualShares | undefined

  constructor(
    private readonly plan: ListenerPlan,
    /** Decides what the plan leaves open. */
    private readonly decide: (plan: ListenerPlan) => Promise<ListenerSettings>,
    readonly services: ContainerServices,
  ) {
    super()
  }

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
    return this.consumers.all
  }

  get metrics(): ContainerMetrics {
    return { ...this.counts }
  }

  positions(): readonly ContainerPosition[] {
    return this.all.flatMap((consumer) => consumer.positions())
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
    const { signal } = this.life
    try {
      const settings = await this.prepare()
      const { manual, concurrency } = settings
      if (manual !== undefined) this.shares = new ManualShares(manual, concurrency, () => services.admin())
      if (settings.missingTopicsFatal) await this.refuseMissingTopics()
      const connected = Promise.all(
        Array.from({ length: settings.concurrency }, (_, index) =>
          this.consumers.connect(index, services.startup, signal),
        ),
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

  positionOf(tp: TopicPartition): number | undefined {
    return this.shares?.positionOf(tp)
  }

  reached(tp: TopicPartition, position: number): void {
    this.shares?.reached(tp, position)
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
    if (this.consumers.isLost(error)) {
      this.stopBecause(stopReasonOf(error), this.lastError)
      return
    }
    void this.consumers.replace(consumer, error, this.life.signal)
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
    this.consumers.of(tp)?.emit(name, { topic: tp.topic, partition: tp.partition })
  }

  /** The consumer that has it. */
  protected override seeker(tp: TopicPartition): ConsumerSeekCallback {
    const found = this.consumers.of(tp) ?? this.all[0]
    if (found !== undefined) return found.seekRequests
    throw new KafkaError('closed', `listener ${this.id} is not running, so there is nothing to seek`)
  }

  // ── assignment ──

  assignmentChanged(): void {
    this.assignment.tell()
  }

  untilAssigned(partitions = 1, timeoutMs = ASSIGNMENT_TIMEOUT_MS): Promise<void> {
    return untilAssigned(this, this.assignment, this.services.clock, partitions, timeoutMs)
  }

  assignmentFailure(): KafkaError | undefined {
    if (this.state !== 'stopped') return undefined
    return new KafkaError('closed', `listener ${this.id} is stopped`, { cause: this.lastError })
  }
}
