/**
 * ConsumerPort on the wire: a membership in a group (or partitions given by hand), positions, and a fetcher. This file
 * holds what the three share, the assignment, and what the framework is told.
 */
import type { TopicPartition } from '../../../model/index.js'
import { ErrorCode, messages, ZERO_UUID } from '../../../protocol/index.js'
import { endsWithin } from '../../deadline.js'
import {
  DriverError,
  type CommitOffset,
  type ConsumerHandler,
  type ConsumerOptions,
  type ConsumerPort,
  type ConsumerState,
  type GroupMetadata,
  type PartitionPosition,
  type StartOffset,
  type Subscription,
} from '../../port.js'
import { Cluster } from '../cluster.js'
import type { WireContext } from '../context.js'
import { throwCode, toDriverError } from '../errors.js'
import { byTopic } from '../offsets.js'
import { Assignment, NO_EPOCH } from './assignment.js'
import { assignorsOf } from './assignors.js'
import { ClassicMembership } from './classic-membership.js'
import { Fetcher } from './fetcher.js'
import { ConsumerGroupMembership } from './consumer-group-membership.js'
import type { Membership } from './membership.js'
import { Positions } from './positions.js'
import { isResolvedByBroker, SubscribedTopics } from './subscribed-topics.js'

/** Of a close, what is for the framework's work in hand; the rest is for leaving. */
const DRAIN_SHARE = 0.8
const LEAVE_MS_MAX = 2_000
const MANUAL_EPOCH = 0
/** Commits by topic id (KIP-848). */
const TOPIC_ID_VERSION = 10

export class WireConsumer implements ConsumerPort {
  private readonly cluster: Cluster
  private readonly assignment = new Assignment()
  private handler: ConsumerHandler | undefined
  private membership: Membership | undefined
  private fetcher: Fetcher | undefined
  private starts: Positions | undefined
  private topics: SubscribedTopics | undefined
  private revoking: Promise<void> | undefined
  private beginning: Promise<void> = Promise.resolve()
  private closing: Promise<void> | undefined
  private told: ConsumerState['state'] | undefined
  private stable: { epoch: number; memberId: string } | undefined

  constructor(
    private readonly context: WireContext,
    private readonly options: ConsumerOptions,
  ) {
    checked(options)
    this.cluster = new Cluster(context, { clientId: options.clientId })
  }

  async start(subscription: Subscription, handler: ConsumerHandler): Promise<void> {
    if (this.closing) throw new DriverError('closed', 'The consumer is closed.')
    if (this.handler) throw new DriverError('fatal', 'The consumer was started before: make a new one.')
    const membership = 'partitions' in subscription ? undefined : this.prepare(subscription)
    this.handler = handler
    this.tell({ state: 'connecting' })
    try {
      await this.cluster.connect()
    } catch (error) {
      this.handler = undefined
      throw toDriverError(error)
    }
    if (this.closing) return
    const { options } = this
    this.starts = new Positions(
      this.cluster,
      options,
      this.assignment,
      handler,
      { trouble: (error, ms) => this.trouble(error, ms), fine: () => this.fine(), moved: () => this.fetcher!.kick() },
      () => {
        const identity = options.groupProtocol === 'consumer' ? this.membership?.identity : undefined
        return identity && { memberId: identity.memberId, memberEpoch: identity.generationId }
      },
    )
    this.fetcher = new Fetcher(this.cluster, this.options, this.assignment, {
      records: ({ topic, partition }, records, nextOffset, highWatermark) => {
        const { epoch } = this.assignment
        this.call('onRecords', () => handler.onRecords({ topic, partition, epoch, records, nextOffset, highWatermark }))
      },
      outOfRange: ({ topic, partition }, offset) =>
        this.call('onOffsetOutOfRange', () => handler.onOffsetOutOfRange({ topic, partition }, offset)),
      trouble: (error, retryInMs) => this.trouble(error, retryInMs),
      fine: () => this.fine(),
      failed: (error) => this.failed(error),
    })
    if ('partitions' in subscription) this.assigned(subscription.partitions, MANUAL_EPOCH, '')
    else {
      this.membership = membership
      membership!.start()
    }
  }

  private prepare(subscription: Exclude<Subscription, { partitions: unknown }>): Membership {
    this.topics = new SubscribedTopics(this.cluster, this.options, subscription, (why) => this.membership?.rejoin(why))
    const listener = {
      revoke: (partitions: readonly TopicPartition[], withinMs: number) => this.revoke(partitions, withinMs),
      lose: () => this.lose(),
      assigned: (added: readonly TopicPartition[], epoch: number, memberId: string) =>
        this.assigned(added, epoch, memberId),
      rebalancing: () => this.tell({ state: 'rebalancing' }),
      trouble: (error: DriverError, retryInMs: number) => this.trouble(error, retryInMs),
      fine: () => this.fine(),
      failed: (error: DriverError) => this.failed(error),
    }
    const { cluster, options, topics, assignment } = this
    if (isResolvedByBroker(subscription) && options.groupProtocol !== 'consumer') {
      const message = `Consumer of group '${options.groupId}': brokers resolve patterns with groupProtocol 'consumer' only.`
      throw new DriverError('fatal', message)
    }
    if (options.groupProtocol === 'consumer') {
      return new ConsumerGroupMembership(cluster, options, topics, assignment, listener)
    }
    return new ClassicMembership(cluster, options, assignorsOf(options), topics, assignment, listener)
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const tp of partitions) {
      this.assignment.get(tp)?.pause()
    }
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const tp of partitions) {
      this.assignment.get(tp)?.resume()
    }
    this.fetcher?.kick()
  }

  seek(partition: TopicPartition, offset: StartOffset): void {
    const own = this.assignment.get(partition)
    if (own) this.starts?.seek(own, offset)
  }

  async commit(offsets: readonly CommitOffset[], epoch: number): Promise<void> {
    if (offsets.length === 0) return
    this.expectCurrent(epoch)
    const { groupId } = this.options
    await this.cluster.askCoordinator('group', groupId, this.cluster.requestTimeoutMs, async (peer) => {
      this.expectCurrent(epoch)
      const identity = this.membership?.identity
      const idOf = (name: string): string => this.cluster.metadata.topic(name)?.id ?? ZERO_UUID
      const byId = offsets.every(({ topic }) => idOf(topic) !== ZERO_UUID)
      const answer = await peer.send(
        messages.offsetCommit,
        {
          groupId,
          generationIdOrMemberEpoch: identity?.generationId ?? -1,
          memberId: identity?.memberId ?? '',
          groupInstanceId: identity?.groupInstanceId ?? null,
          topics: byTopic(offsets, ({ topic, partition, offset, metadata }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedLeaderEpoch: this.assignment.get({ topic, partition })?.epochBefore(offset) ?? NO_EPOCH,
            committedMetadata: metadata ?? null,
          })).map(({ name, partitions }) => ({ name, topicId: idOf(name), partitions })),
        },
        { maxVersion: byId ? Infinity : TOPIC_ID_VERSION - 1 },
      )
      for (const { name, topicId, partitions } of answer.topics) {
        for (const { partitionIndex, errorCode } of partitions) {
          if (errorCode === ErrorCode.NONE) continue
          this.commitRefused(errorCode, identity)
          const topic = name || this.cluster.metadata.topicName(topicId) || topicId
          throwCode(errorCode, { topic, partition: partitionIndex })
        }
      }
    })
  }

  /** A rebalance may have gone on between the request and its answer. */
  private commitRefused(code: number, asked: GroupMetadata | undefined): void {
    const { membership } = this
    if (!membership) return
    const isFenced = code === ErrorCode.ILLEGAL_GENERATION || code === ErrorCode.STALE_MEMBER_EPOCH
    const isNewer = membership.identity !== undefined && membership.identity.generationId !== asked?.generationId
    if ((isFenced && (isNewer || membership.isRebalancing)) || code === ErrorCode.REBALANCE_IN_PROGRESS) {
      throw new DriverError('retriable', `group '${this.options.groupId}' is rebalancing`, 'REBALANCE_IN_PROGRESS')
    }
    if (isFenced || code === ErrorCode.UNKNOWN_MEMBER_ID) membership.rejoin('a commit was refused')
  }

  private expectCurrent(epoch: number): void {
    if (this.assignment.epoch === NO_EPOCH || epoch !== this.assignment.epoch) {
      throw new DriverError('fenced', `Assignment ${epoch} of group '${this.options.groupId}' is over.`)
    }
  }

  groupMetadata(): GroupMetadata | undefined {
    return this.membership?.identity
  }

  positions(): PartitionPosition[] {
    return [...this.assignment.all].map(({ topic, partition, position, lag }) => ({ topic, partition, position, lag }))
  }

  close(timeoutMs: number): Promise<void> {
    return (this.closing ??= this.shut(timeoutMs))
  }

  private async shut(timeoutMs: number): Promise<void> {
    const { clock } = this.context
    const deadlineMs = clock.monotonic() + timeoutMs
    this.topics?.stop()
    this.membership?.stop()
    this.fetcher?.stop()
    await this.revoke(this.assignment.partitions, timeoutMs * DRAIN_SHARE)
    this.assignment.clear()
    const leftMs = Math.min(Math.max(deadlineMs - clock.monotonic(), 0), LEAVE_MS_MAX)
    if (this.membership) await endsWithin(clock, leftMs, this.membership.leave(leftMs))
    this.cluster.close()
    this.tell({ state: 'closed' })
  }

  // ── the assignment ──

  private assigned(added: readonly TopicPartition[], epoch: number, memberId: string): void {
    if (this.closing) return
    const states = this.assignment.add(added)
    this.assignment.epoch = epoch
    this.stable = { epoch, memberId }
    this.tell({ state: 'stable', epoch, memberId })
    if (states.length > 0) this.beginning = this.starts!.begin(states, epoch)
    this.fetcher!.kick()
  }

  /** One at a time; awaited, but never longer than so. */
  private async revoke(partitions: readonly TopicPartition[], withinMs: number): Promise<void> {
    if (this.revoking) await endsWithin(this.context.clock, withinMs, this.revoking)
    const still = partitions.filter((tp) => this.assignment.get(tp) !== undefined)
    if (still.length === 0 || !this.handler) return
    this.revoking = this.handOver(still, withinMs)
    await this.revoking
    this.revoking = undefined
  }

  private async handOver(partitions: readonly TopicPartition[], withinMs: number): Promise<void> {
    const { clock, log } = this.context
    const deadlineMs = clock.now() + withinMs
    const untilMs = clock.monotonic() + withinMs
    this.pause(partitions)
    // the framework is told where they begin before it is told that they end
    await endsWithin(clock, withinMs / 4, this.beginning)
    const revoked = (async () => this.handler!.onRevoked(partitions, deadlineMs))()
    revoked.catch((error: unknown) => log.error('onRevoked failed', { error, groupId: this.options.groupId }))
    await endsWithin(clock, Math.max(untilMs - clock.monotonic(), 0), revoked)
    this.assignment.remove(partitions)
    if (this.assignment.size === 0) this.assignment.epoch = NO_EPOCH
  }

  private lose(): void {
    const { partitions } = this.assignment
    this.assignment.clear()
    if (partitions.length > 0) this.call('onLost', () => this.handler?.onLost(partitions))
  }

  // ── telling the framework ──

  private trouble(error: DriverError, retryInMs: number): void {
    if (this.closing || this.told === 'failed') return
    this.context.log.debug('the consumer recovers', { groupId: this.options.groupId, error: error.message, retryInMs })
    this.tell({ state: 'recovering', error, retryInMs })
  }

  private fine(): void {
    if (this.told === 'recovering' && this.stable && this.assignment.epoch !== NO_EPOCH) {
      this.tell({ state: 'stable', ...this.stable })
    }
  }

  private failed(error: DriverError): void {
    if (this.closing || this.told === 'failed') return
    this.topics?.stop()
    this.membership?.stop()
    this.fetcher?.stop()
    this.tell({ state: 'failed', error })
  }

  private tell(state: ConsumerState): void {
    if (state.state === 'rebalancing' && this.told === 'rebalancing') return
    this.told = state.state
    this.call('onState', () => this.handler?.onState(state))
  }

  /** The handler must not throw; when it does, that is told and the consumer lives on. */
  private call(what: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.context.log.error(`${what} threw`, { error, groupId: this.options.groupId })
    }
  }
}

function checked(options: ConsumerOptions): void {
  const refuse = (what: string): never => {
    throw new DriverError('fatal', `Consumer of group '${options.groupId}': ${what}`)
  }
  if (options.groupProtocol === 'classic' && options.heartbeatIntervalMs >= options.sessionTimeoutMs) {
    refuse(
      `heartbeatIntervalMs ${options.heartbeatIntervalMs} must be below sessionTimeoutMs ${options.sessionTimeoutMs}.`,
    )
  }
}
