/**
 * ConsumerGroupHeartbeat: the whole conversation of a member with its group. Joins with epoch 0, goes on with its own
 * epoch, says what has changed and what it holds, and is told what to hold.
 *
 * Three steps, each of which writes only what it changes: what the member says of itself, and the group's epoch when that
 * matters to others; the target, when the group's epoch has risen; the member's way to its target.
 */
import { ErrorCode } from '../../../protocol/errors.js'
import { holdsAll, listed, NOTHING_ASSIGNED, sameEpochAssignment, type EpochAssignment } from './assignment.js'
import {
  LEAVE_STATIC_EPOCH,
  NEW_MEMBER,
  type CurrentAssignment,
  type Member,
  type MemberMetadata,
} from './consumer-group.js'
import { ConsumerDecision, GroupRefusal } from './decision.js'
import { memberGone } from './leave.js'
import { MustRejoin, reconcile, type Owned } from './reconcile.js'
import { hasRegex, metadataHash, resolve, subscribedIds, subscriptionDiffers } from './subscription.js'
import { targetFor } from './target.js'

export interface ConsumerHeartbeat {
  readonly memberId: string
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  /** -1: as before. */
  readonly rebalanceTimeoutMs: number
  /** null: as before. */
  readonly subscribedTopicNames: readonly string[] | null
  readonly subscribedTopicRegex: string | null
  readonly serverAssignor: string | null
  readonly owned: Owned
  readonly clientId: string
  readonly clientHost: string
}

export interface Beat {
  readonly memberId: string
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  /** null: as before. */
  readonly assignment: { readonly topicPartitions: readonly { topicId: string; partitions: number[] }[] } | null
}

/** @throws GroupRefusal */
export function consumerHeartbeat(decision: ConsumerDecision, beat: ConsumerHeartbeat): Beat {
  const { context } = decision
  const { present, replaced } = memberOf(decision, beat)
  const said = withChanges(present, beat)
  const updated = noteMember(decision, present, said, replaced)
  const target = targetFor(decision, updated, replaced)
  const changed = subscriptionDiffers(present, updated)
  const reconciled = step(decision, updated, target, beat.owned, changed)
  const isFull =
    beat.rebalanceTimeoutMs !== -1 &&
    (beat.subscribedTopicNames !== null || beat.subscribedTopicRegex !== null) &&
    beat.owned !== null
  const isNews = isFull || !sameEpochAssignment(present.assigned, reconciled.assigned)
  return {
    memberId: updated.memberId,
    memberEpoch: reconciled.memberEpoch,
    heartbeatIntervalMs: context.settings.heartbeatIntervalMs,
    assignment: isNews ? { topicPartitions: listed(reconciled.assigned) } : null,
  }
}

/** The member that the heartbeat speaks for, and the id of the one whose place it takes. */
function memberOf(
  decision: ConsumerDecision,
  beat: ConsumerHeartbeat,
): { present: Member; replaced: string | undefined } {
  const { group, context, groupId } = decision
  const { memberEpoch, instanceId } = beat
  const isJoining = memberEpoch === 0
  const known = beat.memberId !== '' && group.members.has(beat.memberId)
  if (group.members.size >= context.settings.maxSize && !known) {
    throw new GroupRefusal(
      ErrorCode.GROUP_MAX_SIZE_REACHED,
      `The consumer group has reached its maximum capacity of ${context.settings.maxSize} members.`,
    )
  }
  const memberId = beat.memberId === '' ? context.newMemberId() : beat.memberId
  const fresh = (): Member => ({ ...newMember(memberId), ...NEW_MEMBER })
  if (instanceId === null) {
    const present = group.members.get(memberId) ?? (isJoining ? fresh() : unknownMember(memberId, groupId))
    checkEpoch(present, memberEpoch, beat.owned)
    return { present, replaced: undefined }
  }
  const holder = group.staticMember(instanceId)
  if (isJoining) {
    if (!holder) return { present: group.members.get(memberId) ?? fresh(), replaced: undefined }
    const isSame = holder.memberId === memberId
    // between two members of the new protocol the first has to leave its place before the other may have it
    if (holder.classic === null && holder.memberEpoch !== LEAVE_STATIC_EPOCH && !isSame)
      unreleased(memberId, instanceId, holder)
    if (isSame && holder.memberEpoch !== LEAVE_STATIC_EPOCH) return { present: holder, replaced: undefined }
    const present = { ...holder, memberId, memberEpoch: 0, previousMemberEpoch: 0, pendingRevocation: NOTHING_ASSIGNED }
    return { present, replaced: isSame ? undefined : holder.memberId }
  }
  if (!holder) throw new GroupRefusal(ErrorCode.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`)
  checkInstance(holder, memberId, instanceId)
  checkEpoch(holder, memberEpoch, beat.owned)
  return { present: holder, replaced: undefined }
}

function newMember(memberId: string): MemberMetadata & { readonly memberId: string } {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    subscribedTopicNames: [],
    subscribedTopicRegex: '',
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    classic: null,
  }
}

export function unknownMember(memberId: string, groupId: string): never {
  throw new GroupRefusal(ErrorCode.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`)
}

function unreleased(memberId: string, instanceId: string, holder: Member): never {
  throw new GroupRefusal(
    ErrorCode.UNRELEASED_INSTANCE_ID,
    `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${holder.memberId} member.`,
  )
}

export function checkInstance(holder: Member, memberId: string, instanceId: string): void {
  if (holder.memberId === memberId) return
  throw new GroupRefusal(
    ErrorCode.FENCED_INSTANCE_ID,
    `Static member ${memberId} with instance id ${instanceId} was fenced by member ${holder.memberId}.`,
  )
}

/** A member may come with the epoch before, if it holds no more than it was given: the answer may have been lost. */
function checkEpoch(member: Member, received: number, owned: Owned): void {
  if (received === 0 || received === member.memberEpoch) return
  if (received === member.previousMemberEpoch && received < member.memberEpoch) {
    if (owned !== null && holdsAll(member.assigned, owned)) return
  }
  const [comparison, known] = [received > member.memberEpoch ? 'greater' : 'smaller', member.memberEpoch]
  throw new GroupRefusal(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `The consumer group member has a ${comparison} member epoch (${received}) than the one known by the group coordinator (${known}). The member must abandon all its partitions and rejoin.`,
  )
}

function withChanges(present: Member, beat: ConsumerHeartbeat): Member {
  return {
    ...present,
    instanceId: beat.instanceId ?? present.instanceId,
    rackId: beat.rackId ?? present.rackId,
    rebalanceTimeoutMs: beat.rebalanceTimeoutMs === -1 ? present.rebalanceTimeoutMs : beat.rebalanceTimeoutMs,
    serverAssignor: beat.serverAssignor ?? present.serverAssignor,
    subscribedTopicNames: beat.subscribedTopicNames?.toSorted() ?? present.subscribedTopicNames,
    subscribedTopicRegex: beat.subscribedTopicRegex ?? present.subscribedTopicRegex,
    clientId: beat.clientId,
    clientHost: beat.clientHost,
    classic: null,
  }
}

/** Writes what the member says of itself, and raises the group's epoch when it matters to others. */
export function noteMember(
  decision: ConsumerDecision,
  present: Member,
  updated: Member,
  replaced: string | undefined,
): Member {
  const { group, groupId, context } = decision
  const { memberId } = updated
  if (replaced !== undefined) {
    const assignment = group.targetOf(replaced, null)
    decision.add(...memberGone(group, replaced), { type: 'consumer-target-member', groupId, memberId, assignment })
  }
  const isNew = !group.members.has(memberId)
  if (isNew || !sameMetadata(present, updated)) {
    decision.add({ type: 'consumer-member', groupId, memberId, metadata: metadataOf(updated) })
  }
  const regexesChanged = noteRegexes(decision, updated, replaced)
  const subscriptionChanged = subscriptionDiffers(present, updated)
  if (!subscriptionChanged && !regexesChanged && !context.metadataMayDiffer) return updated
  const members = decision.members(updated, replaced)
  const hash = metadataHash(members, decision.regexes, context.topics)
  if (subscriptionChanged || regexesChanged || hash !== decision.metadataHash) {
    const reason = subscriptionChanged ? `${memberId} has changed its subscription` : 'topics have changed'
    decision.bumpEpoch(hash, reason)
  }
  return updated
}

function metadataOf(member: Member): MemberMetadata {
  const { instanceId, rackId, clientId, clientHost, subscribedTopicNames, subscribedTopicRegex } = member
  const { rebalanceTimeoutMs, serverAssignor, classic } = member
  return {
    instanceId,
    rackId,
    clientId,
    clientHost,
    subscribedTopicNames,
    subscribedTopicRegex,
    rebalanceTimeoutMs,
    serverAssignor,
    classic,
  }
}

function sameMetadata(a: Member, b: Member): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.serverAssignor === b.serverAssignor &&
    a.classic === b.classic &&
    a.subscribedTopicRegex === b.subscribedTopicRegex &&
    !subscriptionDiffers(a, b)
  )
}

/** Looks expressions up that are new, or that topics may have come or gone for; forgets those that nobody has. */
function noteRegexes(decision: ConsumerDecision, member: Member, replaced: string | undefined): boolean {
  const { groupId, context, regexes } = decision
  const wanted = new Set(
    decision
      .members(member, replaced)
      .filter(hasRegex)
      .map(({ subscribedTopicRegex }) => subscribedTopicRegex),
  )
  let changed = false
  for (const regex of wanted) {
    const present = regexes.get(regex)
    if (present && !context.metadataMayDiffer) continue
    const resolved = resolve(regex, context.topics, context.wallMs)
    if (present && present.topics.join() === resolved.topics.join()) continue
    regexes.set(regex, resolved)
    decision.add({ type: 'consumer-regex', groupId, regex, resolved })
    changed = true
  }
  for (const regex of regexes.keys()) {
    if (wanted.has(regex)) continue
    regexes.delete(regex)
    decision.add({ type: 'consumer-regex', groupId, regex, resolved: null })
  }
  return changed
}

/** The member's way to its target, written when it moves. */
export function step(
  decision: ConsumerDecision,
  member: Member,
  target: { readonly epoch: number; readonly assignment: ReadonlyMap<string, ReadonlySet<number>> },
  owned: Owned,
  subscriptionChanged: boolean,
): CurrentAssignment {
  const { group, groupId, context, regexes } = decision
  const subscribed = subscriptionChanged ? subscribedIds(member, regexes, context.topics) : undefined
  const isFree = (topicId: string, partition: number): boolean => group.isFree(topicId, partition)
  try {
    const reconciled = reconcile(member, { ...target, isFree, subscribed }, owned)
    const isNew = !group.members.has(member.memberId)
    if (isNew || !sameCurrent(member, reconciled)) {
      decision.add({ type: 'consumer-current', groupId, memberId: member.memberId, current: currentOf(reconciled) })
    }
    return reconciled
  } catch (error) {
    if (error instanceof MustRejoin) throw new GroupRefusal(ErrorCode.FENCED_MEMBER_EPOCH, error.message)
    throw error
  }
}

function currentOf({
  state,
  memberEpoch,
  previousMemberEpoch,
  assigned,
  pendingRevocation,
}: CurrentAssignment): CurrentAssignment {
  return { state, memberEpoch, previousMemberEpoch, assigned, pendingRevocation }
}

function sameCurrent(a: CurrentAssignment, b: CurrentAssignment): boolean {
  const same = (x: EpochAssignment, y: EpochAssignment): boolean => x === y || sameEpochAssignment(x, y)
  return (
    a.state === b.state &&
    a.memberEpoch === b.memberEpoch &&
    a.previousMemberEpoch === b.previousMemberEpoch &&
    same(a.assigned, b.assigned) &&
    same(a.pendingRevocation, b.pendingRevocation)
  )
}
