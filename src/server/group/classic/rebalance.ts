/**
 * How a classic group comes from one generation to the next: it gathers its members, makes one of them leader, hands the
 * leader the others' subscriptions, and waits for the assignment. `join.ts`, `sync.ts` and `leave.ts` set it going;
 * `expire` does what time asks for.
 *
 * Functions here change the group, answer parked requests, and give the events that must be written for it.
 */
import { ErrorCode } from '../../../protocol/errors.js'
import type { GroupEvent } from '../events.js'
import { joinError, NO_ASSIGNMENT, type ClassicGroup, type ClassicMember } from './classic-group.js'

/** The broker settings that bound a classic group. */
export interface ClassicLimits {
  /** `group.initial.rebalance.delay.ms` */
  readonly initialRebalanceDelayMs: number
  /** `group.max.size` */
  readonly maxSize: number
  /** `group.min.session.timeout.ms` */
  readonly minSessionTimeoutMs: number
  /** `group.max.session.timeout.ms` */
  readonly maxSessionTimeoutMs: number
}

export interface ClassicContext {
  /** On a clock that never jumps; deadlines are on it. */
  readonly nowMs: number
  /** Since the epoch; what is written is on it. */
  readonly wallMs: number
  readonly limits: ClassicLimits
  /** For the broker's log. */
  readonly note: (message: string) => void
}

export type Events = readonly GroupEvent[]

export const NOTHING: Events = []

/** How long a member that joins for the first time may wait for its rebalance; Kafka has no setting for it. */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60_000

export function written(group: ClassicGroup): Events {
  return [{ type: 'classic-group', groupId: group.groupId, metadata: group.metadata() }]
}

/** The membership changed: begins a rebalance, or, when one is under way, ends it if all have joined. */
export function rebalance(group: ClassicGroup, context: ClassicContext, reason: string): Events {
  return group.is('Empty', 'Stable', 'CompletingRebalance')
    ? prepareRebalance(group, context, reason)
    : completeJoinIfAllJoined(group, context)
}

export function prepareRebalance(group: ClassicGroup, context: ClassicContext, reason: string): Events {
  const { nowMs, limits } = context
  context.note(`group ${group.groupId} rebalances at generation ${group.generation}: ${reason}`)
  if (group.is('CompletingRebalance')) {
    for (const member of group.members.values()) member.assignment = NO_ASSIGNMENT
    answerSyncs(group, nowMs, ErrorCode.REBALANCE_IN_PROGRESS)
  }
  group.pendingSync.clear()
  if (group.is('Empty')) {
    const delayMs = limits.initialRebalanceDelayMs
    const remainingMs = Math.max(group.rebalanceTimeoutMs - delayMs, 0)
    const initial = { delayMs, remainingMs, memberAdded: false }
    group.become({ name: 'PreparingRebalance', joinDeadlineMs: nowMs + delayMs, initial }, context.wallMs)
    return NOTHING
  }
  const joinDeadlineMs = nowMs + group.rebalanceTimeoutMs
  group.become({ name: 'PreparingRebalance', joinDeadlineMs, initial: null }, context.wallMs)
  return group.allJoined ? completeJoin(group, context) : NOTHING
}

/** A first rebalance is not ended by this: it waits for members that are not known yet. */
export function completeJoinIfAllJoined(group: ClassicGroup, context: ClassicContext): Events {
  const { state } = group
  if (state.name !== 'PreparingRebalance' || state.initial !== null || !group.allJoined) return NOTHING
  return completeJoin(group, context)
}

/** Ends the gathering: dynamic members that have not joined are out, static ones keep their place. */
function completeJoin(group: ClassicGroup, context: ClassicContext): Events {
  const { nowMs } = context
  for (const member of group.members.values()) {
    if (member.awaitingJoin === null && member.instanceId === null) group.remove(member.memberId)
  }
  if (group.members.size > 0 && !group.electJoinedLeader()) {
    // only static members are left, and none is here: wait on, until their sessions end or one comes
    const initial = group.state.name === 'PreparingRebalance' ? group.state.initial : null
    const joinDeadlineMs = nowMs + group.rebalanceTimeoutMs
    group.become({ name: 'PreparingRebalance', joinDeadlineMs, initial }, context.wallMs)
    return NOTHING
  }
  group.nextGeneration()
  if (group.members.size === 0) {
    group.become({ name: 'Empty' }, context.wallMs)
    context.note(`group ${group.groupId} is empty at generation ${group.generation}`)
    return written(group)
  }
  group.become({ name: 'CompletingRebalance', syncDeadlineMs: nowMs + group.rebalanceTimeoutMs }, context.wallMs)
  context.note(`group ${group.groupId} has ${group.members.size} members at generation ${group.generation}`)
  for (const member of group.members.values()) {
    answerJoin(group, member)
    group.touch(member, nowMs)
    member.isNew = false
    group.pendingSync.add(member.memberId)
  }
  return NOTHING
}

/** Tells a member its generation; the leader gets all members. */
export function answerJoin(group: ClassicGroup, member: ClassicMember, skipAssignment = false): void {
  const { awaitingJoin } = member
  member.awaitingJoin = null
  awaitingJoin?.answer({
    errorCode: ErrorCode.NONE,
    generationId: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leader ?? '',
    skipAssignment,
    memberId: member.memberId,
    members: group.leader === member.memberId ? memberList(group) : [],
  })
}

function memberList(group: ClassicGroup): { memberId: string; groupInstanceId: string | null; metadata: Buffer }[] {
  return [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.instanceId,
    metadata: group.metadataOf(member),
  }))
}

/** Gives every member that waits for it its assignment, or the error. */
export function answerSyncs(group: ClassicGroup, nowMs: number, error: ErrorCode): void {
  for (const member of group.members.values()) {
    const { awaitingSync } = member
    if (awaitingSync === null) continue
    member.awaitingSync = null
    awaitingSync.answer({
      errorCode: error,
      protocolType: error === ErrorCode.NONE ? group.protocolType : null,
      protocolName: error === ErrorCode.NONE ? group.protocolName : null,
      assignment: member.assignment,
    })
    group.touch(member, nowMs)
  }
}

/** Takes a member out, and tells it so if it waits. */
export function removeMember(group: ClassicGroup, member: ClassicMember): void {
  member.awaitingJoin?.answer(joinError(ErrorCode.UNKNOWN_MEMBER_ID, ''))
  member.awaitingSync?.answer({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID, assignment: NO_ASSIGNMENT })
  group.remove(member.memberId)
}

/** The group is not led from here any more: whoever waits is told so. */
export function abandon(group: ClassicGroup, context: ClassicContext, error: ErrorCode): void {
  for (const member of group.members.values()) {
    member.awaitingJoin?.answer(joinError(error, member.memberId))
    member.awaitingJoin = null
    member.assignment = NO_ASSIGNMENT
  }
  answerSyncs(group, context.nowMs, error)
  group.become({ name: 'Dead' }, context.wallMs)
}

/** Does what is due: ends gatherings, drops members that were not heard of, or that never fetched their assignment. */
export function expire(group: ClassicGroup, context: ClassicContext): Events {
  const { nowMs } = context
  return [
    ...expireJoin(group, context),
    ...expireSync(group, context),
    ...[...group.pendingIds].flatMap(([memberId, deadlineMs]) =>
      deadlineMs <= nowMs ? expirePendingId(group, memberId, context) : NOTHING,
    ),
    ...[...group.members.values()].flatMap((member) =>
      member.deadlineMs <= nowMs ? expireMember(group, member, context) : NOTHING,
    ),
  ]
}

function expireJoin(group: ClassicGroup, context: ClassicContext): Events {
  const { state } = group
  const { nowMs, limits } = context
  if (state.name !== 'PreparingRebalance' || state.joinDeadlineMs > nowMs) return NOTHING
  const { initial } = state
  if (!initial?.memberAdded || initial.remainingMs === 0) return completeJoin(group, context)
  // a member came during the delay: wait again, as long as that stays within the rebalance time-out
  const delayMs = Math.min(limits.initialRebalanceDelayMs, initial.remainingMs)
  const remainingMs = Math.max(initial.remainingMs - initial.delayMs, 0)
  const next = { delayMs, remainingMs, memberAdded: false }
  group.become({ name: 'PreparingRebalance', joinDeadlineMs: nowMs + delayMs, initial: next }, context.wallMs)
  return NOTHING
}

function expireSync(group: ClassicGroup, context: ClassicContext): Events {
  const { state } = group
  if (state.name !== 'CompletingRebalance' && state.name !== 'Stable') return NOTHING
  if (state.syncDeadlineMs > context.nowMs) return NOTHING
  const late = [...group.pendingSync]
  for (const memberId of late) {
    const member = group.members.get(memberId)
    if (member) removeMember(group, member)
  }
  return prepareRebalance(group, context, `${late.join(', ')} did not fetch an assignment in time`)
}

function expirePendingId(group: ClassicGroup, memberId: string, context: ClassicContext): Events {
  group.pendingIds.delete(memberId)
  return group.is('PreparingRebalance') && group.allJoined ? completeJoin(group, context) : NOTHING
}

function expireMember(group: ClassicGroup, member: ClassicMember, context: ClassicContext): Events {
  if (group.members.get(member.memberId) !== member) return NOTHING
  if (!member.isNew && (member.awaitingJoin !== null || member.awaitingSync !== null)) {
    // it waits for us: its next deadline begins with the answer
    member.deadlineMs = Infinity
    return NOTHING
  }
  removeMember(group, member)
  const reason = `${member.memberId} was not heard of for ${member.sessionTimeoutMs} ms`
  if (group.is('Stable', 'CompletingRebalance')) return prepareRebalance(group, context, reason)
  return group.is('PreparingRebalance') && group.allJoined ? completeJoin(group, context) : NOTHING
}
