/**
 * JoinGroup on a classic group. A new dynamic member first gets an id and comes again with it (from version 4, KIP-394);
 * a static member takes the place of whoever had its instance id (KIP-345), without a rebalance when nothing changes for
 * the others.
 */
import { ErrorCode } from '../../../protocol/errors.js'
import {
  joinError,
  NO_ASSIGNMENT,
  type ClassicGroup,
  type ClassicMember,
  type JoinResponse,
  type MemberProtocol,
} from './classic-group.js'
import {
  answerJoin,
  completeJoinIfAllJoined,
  NEW_MEMBER_JOIN_TIMEOUT_MS,
  NOTHING,
  prepareRebalance,
  rebalance,
  written,
  type ClassicContext,
  type Events,
} from './rebalance.js'
import type { Parked } from '../parked.js'

/** A JoinGroup request, its fields defaulted and its bytes copied. */
export interface Join {
  readonly apiVersion: number
  readonly clientId: string
  /** With a slash before it, as Java prints addresses. */
  readonly clientHost: string
  /** Empty: the member has none yet. */
  readonly memberId: string
  readonly instanceId: string | null
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly MemberProtocol[]
  readonly reason: string
  /** What follows the client's name, or the instance id, in an id that is handed out. */
  readonly newIdSuffix: string
}

export function join(group: ClassicGroup, join: Join, parked: Parked<JoinResponse>, context: ClassicContext): Events {
  if (!hasRoom(group, join.memberId, context.limits.maxSize)) {
    parked.answer(joinError(ErrorCode.GROUP_MAX_SIZE_REACHED, ''))
    group.remove(join.memberId)
    return completeJoinIfAllJoined(group, context)
  }
  if (group.is('Dead')) return refuse(parked, ErrorCode.COORDINATOR_NOT_AVAILABLE, join.memberId)
  if (!group.supports(join.protocolType, join.protocols)) {
    return refuse(parked, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, join.memberId)
  }
  return join.memberId === '' ? joinNew(group, join, parked, context) : joinKnown(group, join, parked, context)
}

function refuse(parked: Parked<JoinResponse>, code: ErrorCode, memberId: string): Events {
  parked.answer(joinError(code, memberId))
  return NOTHING
}

/** While a group gathers, those that have joined count; so the last to come are left out, also when the limit was lowered. */
function hasRoom(group: ClassicGroup, memberId: string, maxSize: number): boolean {
  if (group.is('PreparingRebalance')) {
    return (group.members.get(memberId)?.awaitingJoin ?? null) !== null || group.awaitingJoinCount < maxSize
  }
  if (group.is('CompletingRebalance', 'Stable')) return group.members.has(memberId) || group.members.size < maxSize
  return true
}

function joinNew(group: ClassicGroup, join: Join, parked: Parked<JoinResponse>, context: ClassicContext): Events {
  const newId = `${join.instanceId ?? join.clientId}-${join.newIdSuffix}`
  if (join.instanceId !== null) {
    const presentId = group.memberIdOf(join.instanceId)
    return presentId === undefined
      ? addMember(group, newId, join, parked, context)
      : takeStaticPlace(group, presentId, newId, join, parked, context)
  }
  if (join.apiVersion < 4) return addMember(group, newId, join, parked, context)
  group.pendingIds.set(newId, context.nowMs + join.sessionTimeoutMs)
  return refuse(parked, ErrorCode.MEMBER_ID_REQUIRED, newId)
}

function joinKnown(group: ClassicGroup, join: Join, parked: Parked<JoinResponse>, context: ClassicContext): Events {
  const { memberId } = join
  if (group.pendingIds.has(memberId)) {
    // ids are handed out to dynamic members only
    if (join.instanceId !== null) return refuse(parked, ErrorCode.UNKNOWN_SERVER_ERROR, '')
    return addMember(group, memberId, join, parked, context)
  }
  const error = group.checkMember(memberId, join.instanceId)
  if (error !== ErrorCode.NONE) return refuse(parked, error, memberId)
  const member = group.members.get(memberId)!
  switch (group.state.name) {
    case 'PreparingRebalance':
      return rejoin(group, member, join, parked, context)
    case 'CompletingRebalance':
      // the same again: the answer may have been lost
      return sameProtocols(member, join)
        ? repeatJoin(group, member, parked)
        : rejoin(group, member, join, parked, context)
    case 'Stable':
      // a leader that joins again asks for a rebalance: it has seen a change in what there is to assign
      return group.leader !== memberId && sameProtocols(member, join)
        ? repeatJoin(group, member, parked)
        : rejoin(group, member, join, parked, context)
    default:
      return refuse(parked, ErrorCode.UNKNOWN_MEMBER_ID, memberId)
  }
}

function sameProtocols(member: ClassicMember, join: Join): boolean {
  return (
    member.protocols.length === join.protocols.length &&
    member.protocols.every((own, i) => {
      const other = join.protocols[i]!
      return own.name === other.name && own.metadata.equals(other.metadata)
    })
  )
}

/** Answers with the generation as it is. */
function repeatJoin(group: ClassicGroup, member: ClassicMember, parked: Parked<JoinResponse>): Events {
  member.awaitingJoin = parked
  answerJoin(group, member)
  return NOTHING
}

function addMember(
  group: ClassicGroup,
  memberId: string,
  join: Join,
  parked: Parked<JoinResponse>,
  context: ClassicContext,
): Events {
  const { state } = group
  if (state.name === 'PreparingRebalance' && state.initial !== null) {
    group.become({ ...state, initial: { ...state.initial, memberAdded: true } }, context.wallMs)
  }
  if (group.members.size === 0) group.protocolType = join.protocolType
  group.add({
    memberId,
    instanceId: join.instanceId,
    clientId: join.clientId,
    clientHost: join.clientHost,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    sessionTimeoutMs: join.sessionTimeoutMs,
    protocols: join.protocols,
    assignment: NO_ASSIGNMENT,
    isNew: true,
    // it can't send heartbeats before it has its answer, and it may be gone without a trace
    deadlineMs: context.nowMs + NEW_MEMBER_JOIN_TIMEOUT_MS,
    awaitingJoin: parked,
    awaitingSync: null,
  })
  return rebalance(group, context, `${memberId} joins (${join.reason})`)
}

function rejoin(
  group: ClassicGroup,
  member: ClassicMember,
  join: Join,
  parked: Parked<JoinResponse>,
  context: ClassicContext,
): Events {
  update(member, join, parked)
  return rebalance(group, context, `${member.memberId} joins again (${join.reason})`)
}

function update(member: ClassicMember, join: Join, parked: Parked<JoinResponse>): void {
  member.protocols = join.protocols
  member.rebalanceTimeoutMs = join.rebalanceTimeoutMs
  member.sessionTimeoutMs = join.sessionTimeoutMs
  // of two joins that wait under one member id, the later one is the member's
  member.awaitingJoin?.answer(joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId))
  member.awaitingJoin = parked
}

/** A static member is back under its instance id, after a restart. */
function takeStaticPlace(
  group: ClassicGroup,
  oldId: string,
  newId: string,
  join: Join,
  parked: Parked<JoinResponse>,
  context: ClassicContext,
): Events {
  const leaderBefore = group.leader
  const member = group.replaceStatic(oldId, newId)
  group.touch(member, context.nowMs)
  update(member, join, parked)
  const reason = `static member ${join.instanceId} is back as ${newId} (${join.reason})`
  switch (group.state.name) {
    case 'Stable': {
      if (group.selectProtocol() !== group.protocolName) return rebalance(group, context, reason)
      // nothing changes for the others; a leader is told to leave the assignment alone, where its version can be told
      const canSkip = join.apiVersion >= 9
      if (canSkip) answerJoin(group, member, group.leader === newId)
      else answerUnderOldLeader(group, member, leaderBefore)
      return written(group)
    }
    case 'CompletingRebalance':
      // the leader may have seen the old id already, and would assign to it
      return prepareRebalance(group, context, reason)
    default:
      return completeJoinIfAllJoined(group, context)
  }
}

/**
 * Before version 9 a leader would take a member list as a call to assign anew. It is told that its old id leads, so that
 * it acts as a follower.
 */
function answerUnderOldLeader(group: ClassicGroup, member: ClassicMember, leaderBefore: string | null): void {
  const { awaitingJoin } = member
  member.awaitingJoin = null
  awaitingJoin?.answer({
    errorCode: ErrorCode.NONE,
    generationId: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: leaderBefore ?? '',
    memberId: member.memberId,
    members: [],
  })
}
