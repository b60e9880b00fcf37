/**
 * A member of a group of the newer protocol (KIP-848): the coordinator decides who has what, and tells it in the answers to
 * heartbeats; the member gives up what it should not have, says so, and takes what it should. There are no joins at which
 * all have to meet, and partitions that stay are read on all the while.
 *
 * Of what a heartbeat says, only what has changed is sent, and everything after the member was fenced.
 */
import { sleep } from '../../../base/clock.js'
import { topicPartitionName, type TopicPartition } from '../../../model/index.js'
import { messages, ZERO_UUID, type DecodedOf } from '../../../protocol/index.js'
import { backOff } from '../../backoff.js'
import { DriverError, type ConsumerOptions, type GroupMetadata } from '../../port.js'
import type { Cluster } from '../cluster.js'
import { throwCode, toDriverError } from '../errors.js'
import { byTopic } from '../offsets.js'
import type { Assignment } from './assignment.js'
import { isHopeless, type Membership, type MembershipListener } from './membership.js'
import type { SubscribedTopics } from './subscribed-topics.js'
import { Wake } from './wake.js'

const JOINING_EPOCH = 0
const LEAVING_EPOCH = -1
/** A static member that comes back. */
const PAUSING_EPOCH = -2
const RETRY_MS = 100
const RETRY_MAX_MS = 2_000
const REVOKE_SHARE = 0.8

type HeartbeatAnswer = DecodedOf<typeof messages.consumerGroupHeartbeat.response>
type Target = NonNullable<HeartbeatAnswer['assignment']>['topicPartitions']

export class ConsumerGroupMembership implements Membership {
  isRebalancing = true
  private readonly memberId: string
  private memberEpoch = JOINING_EPOCH
  private toldEpoch = JOINING_EPOCH
  private intervalMs: number
  private target: Target = []
  /** What the coordinator was last told; undefined: everything is to be told. */
  private sent: { topics: string; owned: string } | undefined
  private reconciling = false
  private readonly wake = new Wake()
  private readonly stopping = new AbortController()
  private isStopping = false

  constructor(
    private readonly cluster: Cluster,
    private readonly options: ConsumerOptions,
    private readonly topics: SubscribedTopics,
    private readonly assignment: Assignment,
    private readonly listener: MembershipListener,
  ) {
    this.memberId = cluster.context.random.bytes(16).toString('base64url')
    this.intervalMs = options.heartbeatIntervalMs
  }

  get identity(): GroupMetadata | undefined {
    if (this.memberEpoch <= 0) return undefined
    const { groupId, groupInstanceId } = this.options
    return { groupId, generationId: this.memberEpoch, memberId: this.memberId, groupInstanceId }
  }

  start(): void {
    void this.run()
  }

  rejoin(why: string): void {
    this.cluster.context.log.debug('telling the group anew', { groupId: this.options.groupId, why })
    void this.topics.update().then(
      () => this.wake.wake(),
      () => this.wake.wake(),
    )
  }

  /** Heartbeats go on until `leave`, so that work in hand may be finished. */
  stop(): void {
    this.isStopping = true
  }

  async leave(timeoutMs: number): Promise<void> {
    this.stop()
    this.stopping.abort(new DriverError('closed', 'The consumer is closed.'))
    this.wake.wake()
    if (this.memberEpoch <= 0) return
    const { groupId, groupInstanceId } = this.options
    const memberEpoch = groupInstanceId === undefined ? LEAVING_EPOCH : PAUSING_EPOCH
    this.memberEpoch = JOINING_EPOCH
    try {
      const peer = await this.cluster.coordinator('group', groupId, 'group')
      const body = { groupId, memberId: this.memberId, memberEpoch, instanceId: groupInstanceId ?? null }
      await peer.send(messages.consumerGroupHeartbeat, body, { timeoutMs })
    } catch (error) {
      this.cluster.context.log.debug('the group was not told of the leave', { groupId, error: String(error) })
    }
  }

  private async run(): Promise<void> {
    const { clock, random, log } = this.cluster.context
    const wait = backOff(RETRY_MS, RETRY_MAX_MS, random)
    const { signal } = this.stopping
    let troubled = false
    this.listener.rebalancing()
    this.topics.watch(undefined)
    while (!signal.aborted) {
      try {
        if (this.sent === undefined) await this.topics.update()
        await this.beat()
        wait.reset()
        if (troubled) this.listener.fine()
        troubled = false
        await this.pause(this.intervalMs)
      } catch (error) {
        if (signal.aborted) return
        const failure = toDriverError(error)
        this.sent = undefined
        if (failure.code === 'FENCED_MEMBER_EPOCH' || failure.code === 'UNKNOWN_MEMBER_ID') {
          this.memberEpoch = JOINING_EPOCH
          this.target = []
          this.listener.lose()
          continue
        }
        if (isHopeless(failure)) {
          this.listener.lose()
          log.error('the consumer gave up', { groupId: this.options.groupId, error: failure.message })
          return this.listener.failed(failure)
        }
        this.cluster.forgetCoordinator('group', this.options.groupId)
        const retryInMs = wait.next()
        troubled = true
        this.listener.trouble(failure, retryInMs)
        await sleep(clock, retryInMs, signal).catch(() => {})
      }
    }
  }

  /** Until the next heartbeat is due, there is something to tell, or it is time to leave. */
  private async pause(ms: number): Promise<void> {
    const timer = this.cluster.context.clock.after(ms, () => this.wake.wake())
    await this.wake.wait()
    timer.cancel()
  }

  private async beat(): Promise<void> {
    const { groupId, groupInstanceId, rackId, rebalanceTimeoutMs } = this.options
    const peer = await this.cluster.coordinator('group', groupId, 'group')
    const topicNames = this.topics.current
    const owned = byTopic(this.assignment.partitions, ({ partition }) => partition).map(({ name, partitions }) => ({
      topicId: this.cluster.metadata.topic(name)?.id ?? ZERO_UUID,
      partitions,
    }))
    const now = { topics: topicNames.join(' '), owned: JSON.stringify(owned) }
    const { sent } = this
    const isFirst = sent === undefined
    this.sent = now
    const answer = await peer.send(messages.consumerGroupHeartbeat, {
      groupId,
      memberId: this.memberId,
      memberEpoch: this.memberEpoch,
      instanceId: isFirst ? (groupInstanceId ?? null) : null,
      rackId: isFirst ? (rackId ?? null) : null,
      rebalanceTimeoutMs: isFirst ? rebalanceTimeoutMs : -1,
      serverAssignor: isFirst ? (this.options.remoteAssignor ?? null) : null,
      subscribedTopicRegex: isFirst ? this.topics.serverPattern : null,
      subscribedTopicNames: now.topics === sent?.topics ? null : topicNames,
      topicPartitions: now.owned === sent?.owned ? null : owned,
    })
    throwCode(answer.errorCode, `group '${groupId}'`, answer.errorMessage)
    this.memberEpoch = answer.memberEpoch
    if (answer.heartbeatIntervalMs > 0) this.intervalMs = answer.heartbeatIntervalMs
    if (answer.assignment) this.target = answer.assignment.topicPartitions
    if (!this.isStopping) void this.reconcile()
  }

  /** Towards the target, one step after another; the coordinator is told after each. */
  private async reconcile(): Promise<void> {
    if (this.reconciling) return
    this.reconciling = true
    try {
      const epoch = this.memberEpoch
      const wanted = await this.named(this.target)
      const names = new Set(wanted.map(topicPartitionName))
      const revoked = this.assignment.partitions.filter((tp) => !names.has(topicPartitionName(tp)))
      const added = wanted.filter((tp) => this.assignment.get(tp) === undefined)
      if (revoked.length > 0) {
        this.isRebalancing = true
        this.listener.rebalancing()
        await this.listener.revoke(revoked, this.options.rebalanceTimeoutMs * REVOKE_SHARE)
        this.wake.wake()
      }
      // fenced meanwhile, or being closed
      if (this.memberEpoch < epoch || this.isStopping || this.stopping.signal.aborted) return
      if (added.length === 0 && revoked.length === 0 && this.memberEpoch === this.toldEpoch && !this.isRebalancing)
        return
      this.isRebalancing = false
      this.toldEpoch = this.memberEpoch
      this.listener.assigned(added, this.memberEpoch, this.memberId)
      if (added.length > 0) this.wake.wake()
    } catch (error) {
      this.cluster.context.log.debug('the assignment could not be taken yet', { error: String(error) })
    } finally {
      this.reconciling = false
    }
  }

  /** By names; topics that can't be named yet are left for the next heartbeat. */
  private async named(target: Target): Promise<TopicPartition[]> {
    const { metadata } = this.cluster
    if (target.some(({ topicId }) => metadata.topicName(topicId) === undefined)) await this.topics.update()
    return target.flatMap(({ topicId, partitions }) => {
      const topic = metadata.topicName(topicId)
      return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }))
    })
  }
}
