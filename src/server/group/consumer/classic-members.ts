/**
 * Members that speak the classic protocol in a group of the new one: their joins say what a heartbeat would, their
 * generation is their member epoch, and they are told to join again when there is something to let go or to be given.
 * Nobody leads: the broker assigns.
 */
import { MalformedError } from '../../../base/bytes.js'
import { ErrorCode } from '../../../protocol/errors.js'
import { consumerProtocolSubscription, decodeVersioned } from '../../../protocol/messages/consumer-protocol.js'
import type { Join } from '../classic/join.js'
import type { Leaving, Sync } from '../classic/members.js'
import { NEW_MEMBER, type ConsumerGroup, type CurrentAssignment, type Member } from './consumer-group.js'
import { encodedAssignment } from './convert.js'
import { GroupRefusal, type ConsumerDecision } from './decision.js'
import { checkInstance, noteMember, step, unknownMember } from './heartbeat.js'
import { subscriptionDiffers, type Topics } from './subscription.js'
import { targetFor } from './target.js'

export interface ClassicJoined {
  readonly member: Member & CurrentAssignment
  /** Id of the static member whose place was taken. */
  readonly replaced: string | undefined
  readonly protocolName: string
}

/** @throws GroupRefusal */
export function classicJoin(decision: ConsumerDecision, join: Join, hasNewId: boolean): ClassicJoined {
  const { group, context, groupId } = decision
  checkRoom(decision, join)
  if (!supportsClassic(group, join)) {
    throw new GroupRefusal(
      ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
      `Member ${join.memberId}'s protocols are not supported.`,
    )
  }
  if (hasNewId && join.instanceId === null && join.apiVersion >= 4) {
    throw new GroupRefusal(ErrorCode.MEMBER_ID_REQUIRED, `Member ${join.memberId} is to join under this id.`)
  }
  const { present, replaced } = joiningMember(group, join, hasNewId)
  const subscription = subscriptionOf(join)
  const { clientId, clientHost, sessionTimeoutMs, protocols } = join
  const said: Member = {
    ...present,
    instanceId: join.instanceId ?? present.instanceId,
    rackId: subscription.rackId ?? present.rackId,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs === -1 ? present.rebalanceTimeoutMs : join.rebalanceTimeoutMs,
    subscribedTopicNames: subscription.topics.toSorted(),
    subscribedTopicRegex: '',
    clientId,
    clientHost,
    classic: {
      sessionTimeoutMs,
      protocols,
    },
  }
  const updated = noteMember(decision, present, said, replaced)
  const target = targetFor(decision, updated, replaced)
  const owned = subscription.ownedPartitions.flatMap(({ topic, partitions }) => {
    const id = context.topics.cluster.topic(topic)?.id
    return id === undefined ? [] : [{ topicId: id, partitions }]
  })
  const reconciled = step(decision, updated, target, owned, subscriptionDiffers(present, updated))
  context.note(`group ${groupId}: classic member ${updated.memberId} joins at epoch ${reconciled.memberEpoch}`)
  return { member: { ...updated, ...reconciled }, replaced, protocolName: protocols[0]!.name }
}

function checkRoom({ group, context }: ConsumerDecision, { memberId }: Join): void {
  if (group.members.size < context.settings.maxSize || group.members.has(memberId)) return
  const message = `The consumer group has reached its maximum capacity of ${context.settings.maxSize} members.`
  throw new GroupRefusal(ErrorCode.GROUP_MAX_SIZE_REACHED, message)
}

/** A protocol must be known to all classic members; the others do not care. */
function supportsClassic(group: ConsumerGroup, { protocolType, protocols }: Join): boolean {
  const classic = [...group.members.values()].flatMap((member) => member.classic ?? [])
  return (
    protocolType === 'consumer' &&
    protocols.some(({ name }) => classic.every((other) => other.protocols.some((protocol) => protocol.name === name)))
  )
}

function joiningMember(
  group: ConsumerGroup,
  join: Join,
  hasNewId: boolean,
): { present: Member; replaced: string | undefined } {
  const { memberId, instanceId } = join
  const fresh = (): Member => ({
    memberId,
    instanceId,
    rackId: null,
    clientId: '',
    clientHost: '',
    subscribedTopicNames: [],
    subscribedTopicRegex: '',
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    classic: null,
    ...NEW_MEMBER,
  })
  if (instanceId === null) return { present: group.members.get(memberId) ?? fresh(), replaced: undefined }
  const holder = group.staticMember(instanceId)
  if (!hasNewId) {
    if (!holder) throw new GroupRefusal(ErrorCode.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`)
    checkInstance(holder, memberId, instanceId)
    return { present: holder, replaced: undefined }
  }
  if (!holder) return { present: fresh(), replaced: undefined }
  return { present: { ...holder, memberId, memberEpoch: 0, previousMemberEpoch: 0 }, replaced: holder.memberId }
}

function subscriptionOf({
  protocols,
}: Join): ReturnType<typeof decodeVersioned<typeof consumerProtocolSubscription.shape>> {
  try {
    return decodeVersioned(consumerProtocolSubscription, protocols[0]!.metadata)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new GroupRefusal(ErrorCode.UNKNOWN_SERVER_ERROR, error.message)
  }
}

/** @throws GroupRefusal */
function classicMember(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
): Member & { classic: object } {
  const member = memberOf(group, memberId, instanceId)
  if (member.classic === null) {
    throw new GroupRefusal(ErrorCode.UNKNOWN_MEMBER_ID, `Member ${memberId} does not use the classic protocol.`)
  }
  return member as Member & { classic: object }
}

/** @throws GroupRefusal */
function memberOf(group: ConsumerGroup, memberId: string, instanceId: string | null): Member {
  const member = instanceId === null ? group.members.get(memberId) : group.staticMember(instanceId)
  if (!member) return unknownMember(memberId, group.groupId)
  if (instanceId !== null) checkInstance(member, memberId, instanceId)
  return member
}

/** The assignment, when nothing has changed since the member joined. @throws GroupRefusal */
export function classicSync(group: ConsumerGroup, sync: Sync, topics: Topics): { member: Member; assignment: Buffer } {
  const member = classicMember(group, sync.memberId, sync.instanceId)
  const { protocols } = member.classic!
  if (sync.generation !== member.memberEpoch)
    throw new GroupRefusal(ErrorCode.ILLEGAL_GENERATION, 'the generation is over')
  const isProtocol =
    (sync.protocolType === null || sync.protocolType === 'consumer') &&
    (sync.protocolName === null || sync.protocolName === protocols[0]?.name)
  if (!isProtocol) throw new GroupRefusal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, 'the protocol differs')
  if (group.epoch > member.memberEpoch && member.state !== 'UnrevokedPartitions') {
    throw new GroupRefusal(ErrorCode.REBALANCE_IN_PROGRESS, 'the group has changed since the member joined')
  }
  return { member, assignment: encodedAssignment(member.assigned, protocols[0]?.metadata, topics.cluster) }
}

/** REBALANCE_IN_PROGRESS tells the member to join again. @throws GroupRefusal */
export function classicHeartbeat(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
  generation: number,
): { member: Member; error: ErrorCode } {
  const member = classicMember(group, memberId, instanceId)
  if (generation !== member.memberEpoch) throw new GroupRefusal(ErrorCode.ILLEGAL_GENERATION, 'the generation is over')
  const isDue =
    member.memberEpoch < group.epoch ||
    member.state === 'UnrevokedPartitions' ||
    (member.state === 'UnreleasedPartitions' && !waitsForOthers(group, member))
  return { member, error: isDue ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE }
}

function waitsForOthers(group: ConsumerGroup, member: Member): boolean {
  for (const [topicId, partitions] of group.targetOf(member.memberId, member.instanceId)) {
    for (const partition of partitions) {
      if (!member.assigned.get(topicId)?.has(partition) && !group.isFree(topicId, partition)) return true
    }
  }
  return false
}

/** The member that leaves, of either protocol since an administrator may remove it; or why it can't. */
export function classicLeaver(group: ConsumerGroup, { memberId, instanceId }: Leaving): Member | ErrorCode {
  try {
    const named = memberId === '' && instanceId !== null ? group.staticMember(instanceId)?.memberId : memberId
    return memberOf(group, named ?? '', instanceId)
  } catch (error) {
    if (error instanceof GroupRefusal) return error.code
    throw error
  }
}
