/**
 * A member of a classic group: joins, gets its share, says that it is alive, and joins again whenever the group changes.
 *
 *   give up ─→ join ─→ sync ─→ take ─→ alive ─┐      give up: with eager assignors everything, before the join;
 *      ▲                                      │      with cooperative ones (KIP-429) nothing, and after the sync only
 *      └───────── the group changes ──────────┘      what is another member's by now, followed by another join
 *
 * Heartbeats go on while work in hand is finished, so that a slow hand-over does not cost the membership.
 */
import { sleep } from '../../../base/clock.js'
import { topicPartitionName, type TopicPartition } from '../../../model/index.js'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
  ErrorCode,
  messages,
  type DecodedOf,
} from '../../../protocol/index.js'
import type { Assignor, GroupMember } from '../../assignors/index.js'
import { backOff } from '../../backoff.js'
import { DriverError, type ConsumerOptions, type GroupMetadata } from '../../port.js'
import type { Cluster } from '../cluster.js'
import { errorOfCode, throwCode, toDriverError } from '../errors.js'
import { byTopic } from '../offsets.js'
import type { Assignment } from './assignment.js'
import { isHopeless, type Membership, type MembershipListener } from './membership.js'
import type { SubscribedTopics } from './subscribed-topics.js'
import { Wake } from './wake.js'

const PROTOCOL_TYPE = 'consumer'
const NO_GENERATION = -1
const RETRY_MS = 100
const RETRY_MAX_MS = 2_000
/** The broker answers a join when all members have joined, or their time is over. */
const JOIN_GRACE_MS = 5_000
/** Of the time to join again, what is for the framework's work in hand. */
const REVOKE_SHARE = 0.8

type JoinAnswer = DecodedOf<typeof messages.joinGroup.response>

export class ClassicMembership implements Membership {
  isRebalancing = true
  private memberId = ''
  private generation = NO_GENERATION
  /** Every assignor offered is cooperative: a group takes one that all members know, so one eager one makes all so. */
  private readonly cooperative: boolean
  /** What was last assigned, also after it was given up: eager sticky assignors ask for it. */
  private last: readonly TopicPartition[] = []
  private readonly wake = new Wake()
  private readonly stopping = new AbortController()
  private heart: AbortController | undefined
  private beatFailures = 0

  constructor(
    private readonly cluster: Cluster,
    private readonly options: ConsumerOptions,
    private readonly assignors: readonly Assignor[],
    private readonly topics: SubscribedTopics,
    private readonly assignment: Assignment,
    private readonly listener: MembershipListener,
  ) {
    this.cooperative = assignors.every((assignor) => assignor.cooperative === true)
  }

  get identity(): GroupMetadata | undefined {
    if (this.generation === NO_GENERATION) return undefined
    const { groupId, groupInstanceId } = this.options
    return { groupId, generationId: this.generation, memberId: this.memberId, groupInstanceId }
  }

  start(): void {
    void this.run()
  }

  rejoin(why: string): void {
    this.cluster.context.log.debug('joining the group again', { groupId: this.options.groupId, why })
    this.wake.wake()
  }

  stop(): void {
    this.stopping.abort(new DriverError('closed', 'The consumer is closed.'))
    this.wake.wake()
  }

  async leave(timeoutMs: number): Promise<void> {
    this.stop()
    this.heart?.abort()
    const { groupId, groupInstanceId } = this.options
    const { memberId } = this
    this.generation = NO_GENERATION
    // a static member comes back under its name: the group waits for it
    if (memberId === '' || groupInstanceId !== undefined) return
    try {
      // not behind a join that may be waiting on the group's own connection
      const peer = await this.cluster.coordinator('group', groupId)
      await peer.send(
        messages.leaveGroup,
        (version) =>
          version >= 3
            ? { groupId, members: [{ memberId, reason: 'the consumer is being closed' }] }
            : { groupId, memberId, members: [] },
        { timeoutMs },
      )
    } catch (error) {
      this.cluster.context.log.debug('the group was not told of the leave', { groupId, error: String(error) })
    }
  }

  // ── round by round ──

  private get isStopped(): boolean {
    return this.stopping.signal.aborted
  }

  private async run(): Promise<void> {
    const { clock, random, log } = this.cluster.context
    const wait = backOff(RETRY_MS, RETRY_MAX_MS, random)
    while (!this.isStopped) {
      try {
        await this.round()
        wait.reset()
        await this.wake.wait()
      } catch (error) {
        if (this.isStopped) return
        const failure = toDriverError(error)
        this.forgetWhatIsOver(failure)
        if (isHopeless(failure)) {
          this.heart?.abort()
          this.listener.lose()
          log.error('the consumer gave up', { groupId: this.options.groupId, error: failure.message })
          return this.listener.failed(failure)
        }
        const isUsual = EXPECTED.has(failure.code)
        const retryInMs = failure.code === 'REBALANCE_IN_PROGRESS' ? 0 : wait.next()
        if (!isUsual) this.listener.trouble(failure, retryInMs)
        await sleep(clock, retryInMs, this.stopping.signal).catch(() => {})
      }
    }
  }

  private forgetWhatIsOver({ code, kind }: DriverError): void {
    const { groupId } = this.options
    if (code === 'UNKNOWN_MEMBER_ID' || code === 'ILLEGAL_GENERATION') {
      if (code === 'UNKNOWN_MEMBER_ID') this.memberId = ''
      this.generation = NO_GENERATION
      this.last = []
      this.listener.lose()
    } else if (
      code === undefined ? kind !== 'fatal' : code === 'NOT_COORDINATOR' || code === 'COORDINATOR_NOT_AVAILABLE'
    ) {
      this.cluster.forgetCoordinator('group', groupId)
    }
  }

  private async round(): Promise<void> {
    this.isRebalancing = true
    this.listener.rebalancing()
    if (!this.cooperative && this.assignment.size > 0) await this.giveUp(this.assignment.partitions)
    if (this.isStopped) return
    await this.topics.update()
    if (this.isStopped) return
    this.heart?.abort()
    // what asked for this join until now is answered by it
    this.wake.clear()
    const joined = await this.join()
    if (this.isStopped) return
    this.memberId = joined.memberId
    this.generation = joined.generationId
    const assigned = await this.sync(joined)
    if (this.isStopped) return
    this.beat()
    await this.take(assigned)
  }

  private giveUp(partitions: readonly TopicPartition[]): Promise<void> {
    return this.listener.revoke(partitions, this.options.rebalanceTimeoutMs * REVOKE_SHARE)
  }

  private async join(): Promise<JoinAnswer> {
    const { groupId, sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId } = this.options
    const peer = await this.cluster.coordinator('group', groupId, 'group')
    for (;;) {
      const answer = await peer.send(
        messages.joinGroup,
        {
          groupId,
          sessionTimeoutMs,
          rebalanceTimeoutMs,
          memberId: this.memberId,
          groupInstanceId: groupInstanceId ?? null,
          protocolType: PROTOCOL_TYPE,
          protocols: this.assignors.map((assignor) => ({ name: assignor.name, metadata: this.subscription(assignor) })),
        },
        { timeoutMs: Math.max(rebalanceTimeoutMs, sessionTimeoutMs) + JOIN_GRACE_MS },
      )
      if (answer.errorCode !== ErrorCode.MEMBER_ID_REQUIRED) {
        throwCode(answer.errorCode, `group '${groupId}'`)
        return answer
      }
      this.memberId = answer.memberId
      if (this.isStopped) return answer
    }
  }

  private subscription(assignor: Assignor): Buffer {
    const owned = this.assignment.partitions
    return encodeVersioned(consumerProtocolSubscription, {
      topics: this.topics.current,
      userData: assignor.userData?.(this.cooperative ? owned : this.last, this.generation) ?? null,
      ownedPartitions: this.cooperative
        ? byTopic(owned, ({ partition }) => partition).map(({ name, partitions }) => ({ topic: name, partitions }))
        : [],
      generationId: this.generation,
      rackId: this.options.rackId ?? null,
    })
  }

  private async sync(joined: JoinAnswer): Promise<TopicPartition[]> {
    const { groupId, groupInstanceId } = this.options
    const isLeader = joined.leader === joined.memberId
    const assignments = isLeader ? await this.share(joined) : []
    if (!isLeader) this.topics.watch(undefined)
    const peer = await this.cluster.coordinator('group', groupId, 'group')
    const answer = await peer.send(
      messages.syncGroup,
      {
        groupId,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupInstanceId: groupInstanceId ?? null,
        protocolType: PROTOCOL_TYPE,
        protocolName: joined.protocolName,
        assignments,
      },
      { timeoutMs: Math.max(this.options.rebalanceTimeoutMs, this.options.sessionTimeoutMs) + JOIN_GRACE_MS },
    )
    throwCode(answer.errorCode, `group '${groupId}'`)
    if (answer.assignment.length === 0) return []
    const { assignedPartitions } = decodeVersioned(consumerProtocolAssignment, answer.assignment)
    return assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
  }

  /** As leader: who gets what. */
  private async share(joined: JoinAnswer): Promise<{ memberId: string; assignment: Buffer }[]> {
    const { cluster } = this
    const members = joined.members.map(({ memberId, groupInstanceId, metadata }): GroupMember => {
      const { topics, userData, ownedPartitions, generationId, rackId } = decodeVersioned(
        consumerProtocolSubscription,
        metadata,
      )
      const owned = ownedPartitions.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      )
      return {
        memberId,
        groupInstanceId: groupInstanceId ?? undefined,
        topics,
        rackId: rackId || undefined,
        owned,
        generation: generationId,
        userData,
      }
    })
    const topics = new Set(members.flatMap((member) => member.topics))
    const unknown = [...topics].filter((name) => cluster.metadata.topic(name) === undefined)
    if (unknown.length > 0) await cluster.refresh(unknown)
    this.topics.watch(topics)
    // a static leader that came back: the group goes on with what it has (KIP-814)
    if (joined.skipAssignment) return []
    const assignor = this.assignors.find(({ name }) => name === joined.protocolName)
    if (!assignor) throw errorOfCode(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, `group '${this.options.groupId}'`)
    const { metadata } = cluster
    const shares = assignor.assign(
      members,
      (topic) => metadata.topic(topic)?.partitions.length ?? 0,
      (topic, partition) => metadata.racks(topic, partition),
    )
    return members.map(({ memberId }) => ({
      memberId,
      assignment: encodeVersioned(consumerProtocolAssignment, {
        assignedPartitions: byTopic(shares.get(memberId) ?? [], ({ partition }) => partition).map(
          ({ name, partitions }) => ({ topic: name, partitions }),
        ),
      }),
    }))
  }

  private async take(assigned: readonly TopicPartition[]): Promise<void> {
    const names = new Set(assigned.map(topicPartitionName))
    const revoked = this.assignment.partitions.filter((tp) => !names.has(topicPartitionName(tp)))
    if (revoked.length > 0) await this.giveUp(revoked)
    if (this.isStopped) return
    const added = assigned.filter((tp) => this.assignment.get(tp) === undefined)
    this.isRebalancing = false
    this.last = assigned
    this.listener.assigned(added, this.generation, this.memberId)
    // what was given up is free for others now
    if (revoked.length > 0) this.rejoin('partitions were given up')
  }

  // ── heartbeats ──

  private beat(): void {
    this.heart = new AbortController()
    void this.beatUntil(this.heart.signal)
  }

  private async beatUntil(signal: AbortSignal): Promise<void> {
    const { groupId, groupInstanceId, heartbeatIntervalMs } = this.options
    const { clock } = this.cluster.context
    const { generation, memberId } = this
    while (!signal.aborted) {
      try {
        await sleep(clock, heartbeatIntervalMs, signal)
        const peer = await this.cluster.coordinator('group', groupId, 'group')
        const body = { groupId, generationId: generation, memberId, groupInstanceId: groupInstanceId ?? null }
        const { errorCode } = await peer.send(messages.heartbeat, body)
        if (signal.aborted) return
        if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS) this.rejoin('the group rebalances')
        else throwCode(errorCode, `group '${groupId}'`)
        if (this.beatFailures > 0) this.listener.fine()
        this.beatFailures = 0
      } catch (error) {
        if (signal.aborted) return
        const failure = toDriverError(error)
        if (OVER.has(failure.code) || isHopeless(failure)) {
          // the next join tells what is to become of the membership
          this.forgetWhatIsOver(failure)
          if (failure.code === 'FENCED_INSTANCE_ID' || isHopeless(failure)) {
            this.stop()
            this.listener.lose()
            this.listener.failed(failure)
            return
          }
          this.rejoin(failure.message)
          return
        }
        this.forgetWhatIsOver(failure)
        if (this.beatFailures++ === 0) this.listener.trouble(failure, heartbeatIntervalMs)
      }
    }
  }
}

/** The group has gone on without this member. */
const OVER: ReadonlySet<string | undefined> = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'])

/** What happens in the life of a group, and is no trouble. */
const EXPECTED: ReadonlySet<string | undefined> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
])
