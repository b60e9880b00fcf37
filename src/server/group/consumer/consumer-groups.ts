/**
 * The groups of the new protocol in one shard: their decisions, and their soft state, which is how long each member may
 * be silent, and whether topics may have changed since a group was looked at last.
 */
import type { Clock } from '../../../base/clock.js'
import type { Random } from '../../../base/random.js'
import { ErrorCode } from '../../../protocol/errors.js'
import type { ClientPattern } from '../../client-pattern.js'
import type { ClusterState } from '../../metadata/cluster-state.js'
import type { Decision } from '../../machine/machine.js'
import type { ClassicGroup } from '../classic/classic-group.js'
import type { Join } from '../classic/join.js'
import type { Leaving, Sync } from '../classic/members.js'
import { abandon, type ClassicContext } from '../classic/rebalance.js'
import type { GroupEvent, GroupState } from '../events.js'
import { classicHeartbeat, classicJoin, classicLeaver, classicSync } from './classic-members.js'
import { ConsumerGroup, LEAVE_STATIC_EPOCH, type Member } from './consumer-group.js'
import { downgraded, groupOf, mayDowngrade, upgradeEvents } from './convert.js'
import { MemberDeadlines, type Due } from './deadlines.js'
import { ConsumerDecision, GroupRefusal, type ConsumerContext, type ConsumerSettings } from './decision.js'
import { consumerHeartbeat, type Beat, type ConsumerHeartbeat } from './heartbeat.js'
import { groupGone, leaveForAWhile, leavingMember, removeMembers } from './leave.js'
import type { Topics } from './subscription.js'

/** `group.consumer.migration.policy` */
export interface MigrationPolicy {
  readonly upgrade: boolean
  readonly downgrade: boolean
}

export interface ConsumerParts {
  readonly clock: Clock
  readonly random: Random
  readonly cluster: ClusterState
  /** Expressions of members, compiled before they get here. */
  readonly pattern: (regex: string) => ClientPattern
  readonly settings: (groupId: string) => ConsumerSettings
  readonly migration: () => MigrationPolicy
  readonly note: (message: string) => void
}

/** What the shard does for its groups. */
export interface ShardAccess {
  decide<Answer>(groupId: string, decision: (state: GroupState) => Decision<GroupEvent, Answer>): Promise<Answer>
  /** The classic group as it lives. */
  classic(groupId: string): ClassicGroup | undefined
  classicContext(): ClassicContext
  /** Takes over a group that has just become a classic one, and lets it rebalance, if there is a reason to. */
  adopt(group: ClassicGroup, rebalanceReason: string | undefined): void
}

interface Soft {
  readonly deadlines: MemberDeadlines
  metadataMayDiffer: boolean
}

/** A group to decide on: as it is, or as what is written before it will make it. */
interface Opened {
  readonly group: ConsumerGroup
  readonly before: readonly GroupEvent[]
}

/** What is written when members go. */
interface Changed {
  readonly events: readonly GroupEvent[]
  /** Set: the group has become this one. */
  readonly classic?: { readonly group: ClassicGroup; readonly reason: string | undefined }
}

export class ConsumerGroups {
  private readonly soft = new Map<string, Soft>()

  constructor(
    private readonly shard: ShardAccess,
    private readonly parts: ConsumerParts,
  ) {}

  /** A group that was loaded: all members are given a full session from now on. */
  load(group: ConsumerGroup): void {
    for (const member of group.members.values()) this.touch(group.groupId, member)
  }

  forget(groupId: string): void {
    this.soft.delete(groupId)
  }

  clear(): void {
    this.soft.clear()
  }

  /** Topics have come, gone or grown. */
  topicsChanged(): void {
    for (const soft of this.soft.values()) soft.metadataMayDiffer = true
  }

  nextDeadlineMs(groupId: string): number {
    return this.soft.get(groupId)?.deadlines.nextMs ?? Infinity
  }

  heartbeat(groupId: string, beat: ConsumerHeartbeat): Promise<Beat> {
    return this.shard.decide(groupId, (state) => {
      const { group, before } = this.open(state, groupId, beat.memberEpoch === 0)
      const decision = this.decisionOn(group)
      const answer = consumerHeartbeat(decision, beat)
      if (before.length > 0) this.leaveClassic(groupId, group)
      this.settled(decision, answer.memberId)
      return { events: [...before, ...decision.events], answer }
    })
  }

  /** A member's own good-bye. Gives the epoch that is answered. */
  leave(groupId: string, memberId: string, instanceId: string | null, memberEpoch: number): Promise<number> {
    let changed: Changed | undefined
    const answer = this.shard.decide(groupId, (state) => {
      const { group } = this.open(state, groupId, false)
      const member = leavingMember(group, memberId, instanceId)
      if (instanceId !== null && memberEpoch === LEAVE_STATIC_EPOCH) {
        const decision = this.decisionOn(group)
        leaveForAWhile(decision, member)
        return { events: decision.events, answer: memberEpoch }
      }
      changed = this.without(group, [member.memberId], `${memberId} left`)
      return { events: changed.events, answer: memberEpoch }
    })
    this.follow(changed)
    return answer
  }

  /** JoinGroup of a classic member. `hasNewId`: its id was made just now. */
  async join(groupId: string, join: Join, hasNewId: boolean): Promise<{ member: Member; protocolName: string }> {
    let changed: Changed | undefined
    const answer = this.shard.decide(groupId, (state) => {
      const { group } = this.open(state, groupId, false)
      const decision = this.decisionOn(group)
      const { member, replaced, protocolName } = classicJoin(decision, join, hasNewId)
      const answer = { member, protocolName }
      if (replaced !== undefined && group.members.get(replaced)?.classic === null) {
        changed = this.downgrade(group, new Set([replaced]), member)
        if (changed) return { events: changed.events, answer }
      }
      const { deadlines } = this.softOf(groupId)
      deadlines.clear(member.memberId, 'join')
      if (replaced !== undefined) deadlines.forget(replaced)
      this.touch(groupId, member)
      deadlines.set(member.memberId, 'sync', this.inMs(member.rebalanceTimeoutMs))
      return { events: decision.events, answer }
    })
    this.follow(changed)
    return answer
  }

  sync(groupId: string, sync: Sync): Promise<Buffer> {
    return this.shard.decide(groupId, (state) => {
      const { group } = this.open(state, groupId, false)
      try {
        const { member, assignment } = classicSync(group, sync, this.topics())
        this.softOf(groupId).deadlines.clear(member.memberId, 'sync')
        this.touch(groupId, member)
        return { events: [], answer: assignment }
      } catch (error) {
        if (error instanceof GroupRefusal && error.code === ErrorCode.REBALANCE_IN_PROGRESS) {
          this.awaitJoin(group, sync.memberId)
        }
        throw error
      }
    })
  }

  classicHeartbeat(
    groupId: string,
    memberId: string,
    instanceId: string | null,
    generation: number,
  ): Promise<ErrorCode> {
    return this.shard.decide(groupId, (state) => {
      const { group } = this.open(state, groupId, false)
      const { member, error } = classicHeartbeat(group, memberId, instanceId, generation)
      this.touch(groupId, member)
      if (error !== ErrorCode.NONE) this.awaitJoin(group, memberId)
      return { events: [], answer: error }
    })
  }

  /** In the order of the members asked for. */
  classicLeave(groupId: string, members: readonly Leaving[]): Promise<readonly ErrorCode[]> {
    let changed: Changed | undefined
    const answered = this.shard.decide(groupId, (state) => {
      const { group } = this.open(state, groupId, false)
      const leavers = members.map((leaving) => classicLeaver(group, leaving))
      const gone = new Set(leavers.flatMap((leaver) => (typeof leaver === 'number' ? [] : [leaver.memberId])))
      const answer = leavers.map((leaver) => (typeof leaver === 'number' ? leaver : ErrorCode.NONE))
      if (gone.size === 0) return { events: [], answer }
      changed = this.without(group, [...gone], `${[...gone].join(', ')} left`)
      return { events: changed.events, answer }
    })
    this.follow(changed)
    return answered
  }

  /** Takes out the members that were not heard of in time. */
  async expire(groupId: string): Promise<void> {
    let changed: Changed | undefined
    const done = this.shard.decide(groupId, (state) => {
      const group = state.consumerGroup(groupId)
      const { deadlines } = this.softOf(groupId)
      const gone: string[] = []
      for (const due of deadlines.due(this.parts.clock.monotonic())) {
        if (group && this.isOver(group, due)) gone.push(due.memberId)
        else deadlines.clear(due.memberId, due.kind)
      }
      if (!group || gone.length === 0) return { events: [], answer: undefined }
      changed = this.without(group, gone, `${gone.join(', ')} were not heard of in time`)
      return { events: changed.events, answer: undefined }
    })
    this.follow(changed)
    await done
  }

  /** A rebalance deadline counts only while the member still has to let go of something. */
  private isOver(group: ConsumerGroup, { memberId, kind }: Due): boolean {
    const member = group.members.get(memberId)
    return member !== undefined && (kind !== 'rebalance' || member.state === 'UnrevokedPartitions')
  }

  /** @throws GroupRefusal when the group is not there, or is a classic one that does not change its protocol. */
  private open(state: GroupState, groupId: string, isJoining: boolean): Opened {
    const present = state.groups.get(groupId)
    if (present?.kind === 'consumer') return { group: present, before: [] }
    if (!present) {
      if (isJoining) return { group: new ConsumerGroup(groupId), before: [] }
      throw new GroupRefusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} not found.`)
    }
    const classic = this.shard.classic(groupId)!
    const gone: GroupEvent = { type: 'classic-group', groupId, metadata: null }
    if (isJoining && classic.is('Empty')) return { group: new ConsumerGroup(groupId), before: [gone] }
    const isUpgrade = isJoining && this.parts.migration().upgrade && classic.isConsumerGroup
    if (!isUpgrade || classic.members.size > this.parts.settings(groupId).maxSize) {
      throw new GroupRefusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a consumer group.`)
    }
    const events = upgradeEvents(classic, this.topics(), this.parts.clock.now())
    return { group: groupOf(groupId, events), before: [gone, ...events] }
  }

  /** The classic group is no more: whoever waits in it is sent back to join, and finds the new one. */
  private leaveClassic(groupId: string, group: ConsumerGroup): void {
    const classic = this.shard.classic(groupId)
    if (classic) abandon(classic, this.shard.classicContext(), ErrorCode.REBALANCE_IN_PROGRESS)
    this.load(group)
  }

  /** What is written when members go: without them, or as the classic group that they leave behind. */
  private without(group: ConsumerGroup, memberIds: readonly string[], reason: string): Changed {
    const { deadlines } = this.softOf(group.groupId)
    for (const memberId of memberIds) deadlines.forget(memberId)
    const classic = this.downgrade(group, new Set(memberIds), undefined)
    if (classic) return classic
    const decision = this.decisionOn(group)
    removeMembers(decision, memberIds, reason)
    return { events: decision.events }
  }

  /** The group as a classic one, when only classic members are left. A member that took a place leaves all as it is. */
  private downgrade(
    group: ConsumerGroup,
    leaving: ReadonlySet<string>,
    joining: Member | undefined,
  ): Changed | undefined {
    const { clock, cluster, migration } = this.parts
    const { maxSize } = this.shard.classicContext().limits
    if (!migration().downgrade || !mayDowngrade(group, leaving, joining, maxSize)) return undefined
    const classic = downgraded(group, leaving, joining, cluster, clock.now())
    const { groupId } = group
    const written: GroupEvent = { type: 'classic-group', groupId, metadata: classic.metadata() }
    const reason = joining ? undefined : 'the group is a classic one again'
    return { events: [...groupGone(group), written], classic: { group: classic, reason } }
  }

  /** What comes after a group has become a classic one. */
  private follow(changed: Changed | undefined): void {
    if (changed?.classic) this.shard.adopt(changed.classic.group, changed.classic.reason)
  }

  private decisionOn(group: ConsumerGroup): ConsumerDecision {
    return new ConsumerDecision(group, this.context(group.groupId))
  }

  private context(groupId: string): ConsumerContext {
    const { clock, random, settings, note } = this.parts
    return {
      wallMs: clock.now(),
      settings: settings(groupId),
      topics: this.topics(),
      metadataMayDiffer: this.softOf(groupId).metadataMayDiffer,
      newMemberId: () => random.bytes(16).toString('base64url'),
      note,
    }
  }

  private topics(): Topics {
    const { cluster, pattern } = this.parts
    return { cluster, pattern }
  }

  /** A heartbeat was decided on: its member has a new session, and a time to let go of what it has to. */
  private settled(decision: ConsumerDecision, memberId: string): void {
    const { groupId } = decision
    const soft = this.softOf(groupId)
    soft.metadataMayDiffer = false
    soft.deadlines.set(memberId, 'session', this.inMs(this.parts.settings(groupId).sessionTimeoutMs))
    for (const event of decision.events) {
      if (event.type === 'consumer-member' && event.metadata === null) soft.deadlines.forget(event.memberId)
      if (event.type !== 'consumer-current' || event.memberId !== memberId || !event.current) continue
      if (event.current.state !== 'UnrevokedPartitions') soft.deadlines.clear(memberId, 'rebalance')
      else soft.deadlines.set(memberId, 'rebalance', this.inMs(rebalanceTimeoutOf(decision, memberId)))
    }
  }

  private awaitJoin(group: ConsumerGroup, memberId: string): void {
    const member = group.members.get(memberId)
    if (member) this.softOf(group.groupId).deadlines.setIfAbsent(memberId, 'join', this.inMs(member.rebalanceTimeoutMs))
  }

  private touch(groupId: string, member: Member): void {
    const { deadlines } = this.softOf(groupId)
    const sessionMs = member.classic?.sessionTimeoutMs ?? this.parts.settings(groupId).sessionTimeoutMs
    deadlines.set(member.memberId, 'session', this.inMs(sessionMs))
    if (member.classic === null && member.state === 'UnrevokedPartitions') {
      deadlines.setIfAbsent(member.memberId, 'rebalance', this.inMs(member.rebalanceTimeoutMs))
    }
  }

  private inMs(ms: number): number {
    return this.parts.clock.monotonic() + ms
  }

  private softOf(groupId: string): Soft {
    let soft = this.soft.get(groupId)
    if (!soft) this.soft.set(groupId, (soft = { deadlines: new MemberDeadlines(), metadataMayDiffer: true }))
    return soft
  }
}

function rebalanceTimeoutOf({ group, events }: ConsumerDecision, memberId: string): number {
  for (const event of events) {
    if (event.type === 'consumer-member' && event.memberId === memberId && event.metadata) {
      return event.metadata.rebalanceTimeoutMs
    }
  }
  return group.members.get(memberId)?.rebalanceTimeoutMs ?? 0
}
