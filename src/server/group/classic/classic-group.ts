/**
 * A classic group as it lives: its members and how far its rebalance is. What of it must survive is written as
 * `ClassicGroupMetadata` whenever a rebalance is finished; the rest (members that join, deadlines, parked requests) is
 * gone with the coordinator, and members find their way back by heartbeats and joins.
 *
 * Always holds: a group with members has one of them as leader; an instance id belongs to one member; a member id that
 * was only handed out is no member; members stand in the order in which they came.
 */
import { assert } from '../../../base/assert.js'
import { ErrorCode } from '../../../protocol/errors.js'
import type { joinGroup, syncGroup } from '../../../protocol/messages/index.js'
import type { ResponseOf } from '../../../protocol/schema/index.js'
import type { ClassicGroupMetadata, ClassicMemberMetadata } from '../events.js'
import type { Parked } from '../parked.js'
import { subscribedTopics } from '../consumer-protocol.js'
import { mayBecome, type ClassicState, type ClassicStateName } from './state.js'

export type JoinResponse = ResponseOf<typeof joinGroup>
export type SyncResponse = ResponseOf<typeof syncGroup>

export interface MemberProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface ClassicMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  /** In the member's order of preference. */
  protocols: readonly MemberProtocol[]
  assignment: Buffer
  /** Has not been through a rebalance yet: it may expire even while it waits for one. */
  isNew: boolean
  /** When the member counts as gone unless something is heard of it. */
  deadlineMs: number
  awaitingJoin: Parked<JoinResponse> | null
  awaitingSync: Parked<SyncResponse> | null
}

export const NO_ASSIGNMENT: Buffer = Buffer.alloc(0)

export class ClassicGroup {
  readonly kind = 'classic'
  protocolType: string | null = null
  protocolName: string | null = null
  leader: string | null = null
  generation = 0
  readonly members = new Map<string, ClassicMember>()
  /** Member ids that were handed out and have not joined with it yet (KIP-394), and until when they may. */
  readonly pendingIds = new Map<string, number>()
  /** Members that have joined this generation and not fetched their assignment. */
  readonly pendingSync = new Set<string>()
  private readonly memberByInstance = new Map<string, string>()
  private subscribed: ReadonlySet<string> | undefined
  private current: ClassicState = { name: 'Empty' }
  private stateTimestampMs: number

  constructor(
    readonly groupId: string,
    wallMs: number,
  ) {
    this.stateTimestampMs = wallMs
  }

  /** The group as it was written; all its members are given a full session from now on. */
  static from(groupId: string, metadata: ClassicGroupMetadata, nowMs: number): ClassicGroup {
    const group = new ClassicGroup(groupId, metadata.stateTimestampMs)
    group.protocolType = metadata.protocolType === '' ? null : metadata.protocolType
    group.protocolName = metadata.protocolName
    group.generation = metadata.generation
    for (const { subscription, ...member } of metadata.members) {
      group.add({
        ...member,
        protocols: [{ name: metadata.protocolName ?? '', metadata: subscription }],
        isNew: false,
        deadlineMs: nowMs + member.sessionTimeoutMs,
        awaitingJoin: null,
        awaitingSync: null,
      })
    }
    group.leader =
      metadata.leader !== null && group.members.has(metadata.leader) ? metadata.leader : group.firstMemberId()
    if (group.members.size > 0) group.current = { name: 'Stable', syncDeadlineMs: Infinity }
    group.subscribed = group.topicsSubscribedTo()
    return group
  }

  /** What is written of the group. */
  metadata(): ClassicGroupMetadata {
    const members = [...this.members.values()].map((member): ClassicMemberMetadata => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.sessionTimeoutMs,
      subscription: this.metadataOf(member),
      assignment: member.assignment,
    }))
    return {
      kind: 'classic',
      protocolType: this.protocolType ?? '',
      generation: this.generation,
      protocolName: this.protocolName,
      leader: this.leader,
      stateTimestampMs: this.stateTimestampMs,
      members,
    }
  }

  get state(): ClassicState {
    return this.current
  }

  get stateName(): ClassicStateName {
    return this.current.name
  }

  get isEmpty(): boolean {
    return this.current.name === 'Empty'
  }

  is(...names: readonly ClassicStateName[]): boolean {
    return names.includes(this.current.name)
  }

  /** The one place where the state is replaced. */
  become(next: ClassicState, wallMs: number): void {
    const from = this.current.name
    if (next.name !== from) {
      assert(mayBecome[from].includes(next.name), `group ${this.groupId} can't become ${next.name} from ${from}`)
      this.stateTimestampMs = wallMs
    }
    this.current = next
  }

  add(member: ClassicMember): void {
    assert(!this.members.has(member.memberId), `${member.memberId} is in ${this.groupId} already`)
    if (member.instanceId !== null) {
      assert(!this.memberByInstance.has(member.instanceId), `${member.instanceId} is in ${this.groupId} already`)
      this.memberByInstance.set(member.instanceId, member.memberId)
    }
    this.members.set(member.memberId, member)
    this.leader ??= member.memberId
    this.pendingIds.delete(member.memberId)
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId)
    this.members.delete(memberId)
    if (member && member.instanceId !== null) this.memberByInstance.delete(member.instanceId)
    if (this.leader === memberId) this.leader = this.firstMemberId()
    this.pendingIds.delete(memberId)
    this.pendingSync.delete(memberId)
  }

  /** Gives a static member a new id in the old one's place (KIP-345); requests under the old id are fenced. */
  replaceStatic(oldId: string, newId: string): ClassicMember {
    const old = this.members.get(oldId)
    assert(old && old.instanceId !== null, `${oldId} is no static member of ${this.groupId}`)
    old.awaitingJoin?.answer(joinError(ErrorCode.FENCED_INSTANCE_ID, oldId))
    old.awaitingSync?.answer({ errorCode: ErrorCode.FENCED_INSTANCE_ID, assignment: NO_ASSIGNMENT })
    const member: ClassicMember = { ...old, memberId: newId, isNew: false, awaitingJoin: null, awaitingSync: null }
    // rebuilt, so that the member keeps its place
    const inOrder = [...this.members.values()]
    this.members.clear()
    for (const other of inOrder)
      this.members.set(other === old ? newId : other.memberId, other === old ? member : other)
    this.memberByInstance.set(old.instanceId, newId)
    if (this.leader === oldId) this.leader = newId
    if (this.pendingSync.delete(oldId)) this.pendingSync.add(newId)
    return member
  }

  /** The member that has the instance id. */
  memberIdOf(instanceId: string): string | undefined {
    return this.memberByInstance.get(instanceId)
  }

  /** What speaks against a request in a member's name. */
  checkMember(memberId: string, instanceId: string | null): ErrorCode {
    if (instanceId !== null) {
      const present = this.memberByInstance.get(instanceId)
      if (present === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
      if (present !== memberId) return ErrorCode.FENCED_INSTANCE_ID
    }
    return this.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
  }

  /** Something was heard of the member. */
  touch(member: ClassicMember, nowMs: number): void {
    member.deadlineMs = nowMs + member.sessionTimeoutMs
  }

  get allJoined(): boolean {
    if (this.pendingIds.size > 0) return false
    for (const member of this.members.values()) if (member.awaitingJoin === null) return false
    return true
  }

  get awaitingJoinCount(): number {
    let count = 0
    for (const member of this.members.values()) if (member.awaitingJoin !== null) count++
    return count
  }

  /** The longest that any member takes to come back. */
  get rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
    return longest
  }

  /** Keeps the leader if it has joined, else makes one of those that have the leader; false: none has. */
  electJoinedLeader(): boolean {
    if (this.leader !== null && this.members.get(this.leader)?.awaitingJoin) return true
    for (const member of this.members.values()) {
      if (member.awaitingJoin === null) continue
      this.leader = member.memberId
      return true
    }
    return false
  }

  /** Whether a member with these protocols could be in the group. */
  supports(protocolType: string, protocols: readonly { readonly name: string }[]): boolean {
    if (this.is('Empty')) return protocolType !== '' && protocols.length > 0
    return protocolType === this.protocolType && protocols.some(({ name }) => this.isSupportedByAll(name))
  }

  /** Each member votes for the first of its protocols that all have; most votes win, then the earliest vote. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const member of this.members.values()) {
      const vote = member.protocols.find(({ name }) => this.isSupportedByAll(name))
      assert(vote, `${member.memberId} shares no protocol with ${this.groupId}`)
      votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1)
    }
    let [winner, most] = ['', 0]
    for (const [name, count] of votes) if (count > most) [winner, most] = [name, count]
    return winner
  }

  private isSupportedByAll(name: string): boolean {
    for (const member of this.members.values()) {
      if (!member.protocols.some((protocol) => protocol.name === name)) return false
    }
    return true
  }

  /** What the member said of itself under the group's protocol. */
  metadataOf(member: ClassicMember): Buffer {
    const protocol = member.protocols.find(({ name }) => name === this.protocolName)
    assert(protocol, `${member.memberId} of ${this.groupId} has no metadata for ${this.protocolName}`)
    return protocol.metadata
  }

  /** Begins the next generation with the members that are there: chooses its protocol. */
  nextGeneration(): void {
    this.generation++
    this.protocolName = this.members.size > 0 ? this.selectProtocol() : null
    this.subscribed = this.topicsSubscribedTo()
  }

  /** Topics that the members of a consumer group are subscribed to; undefined: no consumer group, or not readable. */
  get subscribedTopics(): ReadonlySet<string> | undefined {
    return this.subscribed
  }

  /** Whether committed offsets of the topic are in use; where it can't be known they are. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribed?.has(topic) ?? this.isConsumerGroup
  }

  get isConsumerGroup(): boolean {
    return this.protocolType === 'consumer'
  }

  /** -1 = not known. */
  get inStateSinceMs(): number {
    return this.stateTimestampMs
  }

  /** When the group must be looked at again. */
  get nextDeadlineMs(): number {
    let next = Infinity
    if (this.current.name === 'PreparingRebalance') next = this.current.joinDeadlineMs
    if (this.current.name === 'CompletingRebalance' || this.current.name === 'Stable')
      next = this.current.syncDeadlineMs
    for (const deadlineMs of this.pendingIds.values()) next = Math.min(next, deadlineMs)
    for (const member of this.members.values()) next = Math.min(next, member.deadlineMs)
    return next
  }

  private topicsSubscribedTo(): ReadonlySet<string> | undefined {
    if (!this.isConsumerGroup) return undefined
    const topics = new Set<string>()
    for (const member of this.members.values()) {
      const own = subscribedTopics(this.metadataOf(member))
      if (own === undefined) return undefined
      for (const topic of own) topics.add(topic)
    }
    return topics
  }

  private firstMemberId(): string | null {
    for (const memberId of this.members.keys()) return memberId
    return null
  }
}

export function joinError(code: ErrorCode, memberId: string): JoinResponse {
  return { errorCode: code, memberId, protocolName: null, leader: '', members: [] }
}
