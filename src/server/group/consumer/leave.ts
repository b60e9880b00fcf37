/** How members go: by their own word, by silence, or by an administrator; and what is left to be written of a group then. */
import { ErrorCode } from '../../../protocol/errors.js'
import { NOTHING_ASSIGNED } from './assignment.js'
import { LEAVE_STATIC_EPOCH, type ConsumerGroup, type Member } from './consumer-group.js'
import { ConsumerDecision, GroupRefusal } from './decision.js'
import type { ConsumerGroupEvent } from './events.js'
import { hasRegex, metadataHash } from './subscription.js'

/** What is written when a member is gone. */
export function memberGone(group: ConsumerGroup, memberId: string): ConsumerGroupEvent[] {
  const { groupId } = group
  return [
    { type: 'consumer-current', groupId, memberId, current: null },
    { type: 'consumer-target-member', groupId, memberId, assignment: null },
    { type: 'consumer-member', groupId, memberId, metadata: null },
  ]
}

/** What is written when a group is gone, its offsets aside. */
export function groupGone(group: ConsumerGroup): ConsumerGroupEvent[] {
  const { groupId } = group
  const memberIds = new Set([...group.members.keys(), ...group.targets.keys()])
  return [
    ...[...memberIds].map((memberId): ConsumerGroupEvent => ({
      type: 'consumer-current',
      groupId,
      memberId,
      current: null,
    })),
    ...[...memberIds].map((memberId): ConsumerGroupEvent => ({
      type: 'consumer-target-member',
      groupId,
      memberId,
      assignment: null,
    })),
    { type: 'consumer-target', groupId, target: null },
    ...[...memberIds].map((memberId): ConsumerGroupEvent => ({
      type: 'consumer-member',
      groupId,
      memberId,
      metadata: null,
    })),
    ...[...group.regexes.keys()].map((regex): ConsumerGroupEvent => ({
      type: 'consumer-regex',
      groupId,
      regex,
      resolved: null,
    })),
    { type: 'consumer-group', groupId, group: null },
  ]
}

/** Takes members out; the others get what they had with their next heartbeats. */
export function removeMembers(decision: ConsumerDecision, memberIds: readonly string[], reason: string): void {
  const { group, groupId, context } = decision
  const gone = new Set(memberIds)
  for (const memberId of memberIds) decision.add(...memberGone(group, memberId))
  const left = decision.members(undefined).filter(({ memberId }) => !gone.has(memberId))
  const wanted = new Set(left.filter(hasRegex).map(({ subscribedTopicRegex }) => subscribedTopicRegex))
  for (const regex of group.regexes.keys()) {
    if (wanted.has(regex)) continue
    decision.regexes.delete(regex)
    decision.add({ type: 'consumer-regex', groupId, regex, resolved: null })
  }
  decision.bumpEpoch(metadataHash(left, decision.regexes, context.topics), reason)
}

/** A static member that will be back: it keeps its place and its partitions until its session ends. */
export function leaveForAWhile(decision: ConsumerDecision, member: Member): void {
  const { state, previousMemberEpoch, assigned } = member
  decision.add({
    type: 'consumer-current',
    groupId: decision.groupId,
    memberId: member.memberId,
    current: {
      state,
      memberEpoch: LEAVE_STATIC_EPOCH,
      previousMemberEpoch,
      assigned,
      pendingRevocation: NOTHING_ASSIGNED,
    },
  })
}

/** The member that says good-bye. @throws GroupRefusal */
export function leavingMember(group: ConsumerGroup, memberId: string, instanceId: string | null): Member {
  const member = instanceId === null ? group.members.get(memberId) : group.staticMember(instanceId)
  if (!member) {
    const message =
      instanceId === null
        ? `Member ${memberId} is not a member of group ${group.groupId}.`
        : `Instance id ${instanceId} is unknown.`
    throw new GroupRefusal(ErrorCode.UNKNOWN_MEMBER_ID, message)
  }
  if (member.memberId !== memberId) {
    throw new GroupRefusal(
      ErrorCode.FENCED_INSTANCE_ID,
      `Static member ${memberId} with instance id ${instanceId} was fenced by member ${member.memberId}.`,
    )
  }
  return member
}
