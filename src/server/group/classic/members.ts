/** SyncGroup, Heartbeat and LeaveGroup on a classic group: what its members do once they have joined. */
import { ErrorCode } from '../../../protocol/errors.js'
import type { Parked } from '../parked.js'
import { NO_ASSIGNMENT, type ClassicGroup, type SyncResponse } from './classic-group.js'
import {
  answerSyncs,
  completeJoinIfAllJoined,
  NOTHING,
  rebalance,
  removeMember,
  written,
  type ClassicContext,
  type Events,
} from './rebalance.js'

/** A SyncGroup request, its bytes copied. */
export interface Sync {
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
  /** null: not said (before version 5). */
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** By member id; only the leader sends any. */
  readonly assignments: ReadonlyMap<string, Buffer>
}

export function sync(group: ClassicGroup, sync: Sync, parked: Parked<SyncResponse>, context: ClassicContext): Events {
  const error = checkSync(group, sync)
  if (error !== ErrorCode.NONE) {
    parked.answer({ errorCode: error, assignment: NO_ASSIGNMENT })
    return NOTHING
  }
  const member = group.members.get(sync.memberId)!
  group.pendingSync.delete(sync.memberId)
  // of two syncs that wait under one member id, the later one is the member's
  member.awaitingSync?.answer({ errorCode: ErrorCode.REBALANCE_IN_PROGRESS, assignment: NO_ASSIGNMENT })
  member.awaitingSync = parked
  const { state } = group
  if (state.name === 'CompletingRebalance') {
    if (group.leader !== sync.memberId) return NOTHING
    for (const other of group.members.values()) other.assignment = sync.assignments.get(other.memberId) ?? NO_ASSIGNMENT
    const syncDeadlineMs = group.pendingSync.size === 0 ? Infinity : state.syncDeadlineMs
    group.become({ name: 'Stable', syncDeadlineMs }, context.wallMs)
    answerSyncs(group, context.nowMs, ErrorCode.NONE)
    return written(group)
  }
  if (state.name === 'Stable' && group.pendingSync.size === 0) {
    group.become({ name: 'Stable', syncDeadlineMs: Infinity }, context.wallMs)
  }
  member.awaitingSync = null
  parked.answer({
    errorCode: ErrorCode.NONE,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    assignment: member.assignment,
  })
  return NOTHING
}

function checkSync(group: ClassicGroup, sync: Sync): ErrorCode {
  if (group.is('Dead')) return ErrorCode.COORDINATOR_NOT_AVAILABLE
  if (group.is('Empty')) return ErrorCode.UNKNOWN_MEMBER_ID
  const error = group.checkMember(sync.memberId, sync.instanceId)
  if (error !== ErrorCode.NONE) return error
  if (sync.generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  if (differs(sync.protocolType, group.protocolType) || differs(sync.protocolName, group.protocolName)) {
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
  }
  return group.is('PreparingRebalance') ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}

function differs(said: string | null, own: string | null): boolean {
  return said !== null && own !== null && said !== own
}

export function heartbeat(
  group: ClassicGroup,
  memberId: string,
  instanceId: string | null,
  generation: number,
  nowMs: number,
): ErrorCode {
  if (group.is('Dead')) return ErrorCode.COORDINATOR_NOT_AVAILABLE
  const error = group.checkMember(memberId, instanceId)
  if (error !== ErrorCode.NONE) return error
  if (generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  if (group.is('Empty')) return ErrorCode.UNKNOWN_MEMBER_ID
  group.touch(group.members.get(memberId)!, nowMs)
  return group.is('PreparingRebalance') ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}

export interface Leaving {
  /** Empty: by instance id, as an administrator does. */
  readonly memberId: string
  readonly instanceId: string | null
  readonly reason: string | null
}

export interface Leave {
  readonly events: Events
  /** In the order of the members asked for. */
  readonly errors: readonly ErrorCode[]
}

export function leave(group: ClassicGroup, members: readonly Leaving[], context: ClassicContext): Leave {
  const errors = members.map((leaving) => leaveOne(group, leaving))
  const gone = members
    .filter((_, i) => errors[i] === ErrorCode.NONE)
    .map(({ memberId, instanceId }) => memberId || instanceId)
  if (gone.length === 0) return { events: NOTHING, errors }
  const reason = `${gone.join(', ')} left (${members.find(({ reason }) => reason)?.reason ?? 'no reason given'})`
  if (group.is('Stable', 'CompletingRebalance')) return { events: rebalance(group, context, reason), errors }
  return { events: completeJoinIfAllJoined(group, context), errors }
}

function leaveOne(group: ClassicGroup, { memberId, instanceId }: Leaving): ErrorCode {
  if (group.pendingIds.delete(memberId)) return ErrorCode.NONE
  const id = memberId === '' && instanceId !== null ? (group.memberIdOf(instanceId) ?? '') : memberId
  const error = group.checkMember(id, memberId === '' ? null : instanceId)
  if (error !== ErrorCode.NONE) return error
  removeMember(group, group.members.get(id)!)
  return ErrorCode.NONE
}
