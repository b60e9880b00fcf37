/**
 * Groups change their protocol without stopping (KIP-848): a classic consumer group becomes one of the new protocol when
 * the first member of that joins, and a classic one again when the last leaves. In between, classic members are served by
 * the new protocol's rules (classic-members.ts).
 */
import { MalformedError } from '../../../base/bytes.js'
import { ErrorCode } from '../../../protocol/errors.js'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
} from '../../../protocol/messages/consumer-protocol.js'
import { ClassicGroup, NO_ASSIGNMENT } from '../classic/classic-group.js'

import type { Assignment, EpochAssignment } from './assignment.js'
import { NOTHING_ASSIGNED } from './assignment.js'
import { ConsumerGroup, type Member } from './consumer-group.js'
import { GroupRefusal } from './decision.js'
import { applyToConsumerGroup, type ConsumerGroupEvent } from './events.js'
import { metadataHash, type Topics } from './subscription.js'

type ClusterTopics = Topics['cluster']

/** The events that make the group one of the new protocol, its members where the last rebalance left them. */
export function upgradeEvents(classic: ClassicGroup, topics: Topics, nowMs: number): ConsumerGroupEvent[] {
  const { groupId, generation } = classic
  try {
    const members = [...classic.members.values()].map((member) => {
      const subscription = decodeVersioned(consumerProtocolSubscription, classic.metadataOf(member))
      const assigned = assignedTo(member.assignment, topics.cluster, generation)
      const metadata = {
        instanceId: member.instanceId,
        rackId: subscription.rackId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        subscribedTopicNames: subscription.topics.toSorted(),
        subscribedTopicRegex: '',
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        serverAssignor: null,
        classic: { sessionTimeoutMs: member.sessionTimeoutMs, protocols: member.protocols },
      }
      return { memberId: member.memberId, metadata, assigned }
    })
    const hash = metadataHash(
      members.map(({ metadata }) => metadata),
      new Map(),
      topics,
    )
    return [
      ...members.map(({ memberId, metadata }) => ({ type: 'consumer-member', groupId, memberId, metadata }) as const),
      { type: 'consumer-group', groupId, group: { epoch: generation, metadataHash: hash } },
      ...members.map(
        ({ memberId, assigned }) =>
          ({ type: 'consumer-target-member', groupId, memberId, assignment: withoutEpochs(assigned) }) as const,
      ),
      { type: 'consumer-target', groupId, target: { epoch: generation, timestampMs: nowMs } },
      ...members.map(({ memberId, assigned }): ConsumerGroupEvent => {
        const current = {
          state: 'Stable' as const,
          memberEpoch: generation,
          previousMemberEpoch: generation,
          assigned,
          pendingRevocation: NOTHING_ASSIGNED,
        }
        return { type: 'consumer-current', groupId, memberId, current }
      }),
    ]
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    const message = `Cannot upgrade the classic group ${groupId} to consumer group because the embedded consumer protocol is malformed.`
    throw new GroupRefusal(ErrorCode.GROUP_ID_NOT_FOUND, message)
  }
}

/** The group as those events make it, without touching anything. */
export function groupOf(groupId: string, events: readonly ConsumerGroupEvent[]): ConsumerGroup {
  const group = new ConsumerGroup(groupId)
  for (const event of events) applyToConsumerGroup(group, event)
  return group
}

/**
 * The classic group that is left without `leaving`, with `joining` in the place of the one that it takes over from.
 * Everyone is where the target wants them.
 */
export function downgraded(
  group: ConsumerGroup,
  leaving: ReadonlySet<string>,
  joining: Member | undefined,
  cluster: ClusterTopics,
  wallMs: number,
): ClassicGroup {
  const classic = new ClassicGroup(group.groupId, wallMs)
  const members = [...group.members.values()].filter(
    ({ memberId }) => !leaving.has(memberId) && memberId !== joining?.memberId,
  )
  if (joining) members.push(joining)
  classic.protocolType = 'consumer'
  classic.generation = group.epoch
  for (const member of members) {
    const { sessionTimeoutMs, protocols } = member.classic!
    const target = group.targetOf(member.memberId, member.instanceId)
    classic.add({
      memberId: member.memberId,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs,
      protocols,
      assignment: encodedAssignment(target, protocols[0]?.metadata, cluster),
      isNew: false,
      deadlineMs: Infinity,
      awaitingJoin: null,
      awaitingSync: null,
    })
  }
  classic.protocolName = classic.selectProtocol()
  return classic
}

/** Whether a group may become a classic one when members go, and a classic one comes in their place: nobody else is left. */
export function mayDowngrade(
  group: ConsumerGroup,
  leaving: ReadonlySet<string>,
  joining: Member | undefined,
  classicMaxSize: number,
): boolean {
  const left = [...group.members.values()].filter(({ memberId }) => !leaving.has(memberId))
  const size = left.length + (joining ? 1 : 0)
  return size > 0 && size <= classicMaxSize && left.every(({ classic }) => classic !== null)
}

/** What a classic member is given, in the version that it speaks. */
export function encodedAssignment(
  assignment: Assignment | EpochAssignment,
  subscription: Buffer | undefined,
  cluster: ClusterTopics,
): Buffer {
  const assignedPartitions = [...assignment].flatMap(([topicId, partitions]) => {
    const topic = cluster.topicById(topicId)?.name
    return topic === undefined ? [] : [{ topic, partitions: [...partitions.keys()] }]
  })
  const spoken = subscription && subscription.length >= 2 ? subscription.readInt16BE(0) : 0
  const version = Math.min(Math.max(spoken, 0), consumerProtocolAssignment.versions[1])
  return encodeVersioned(consumerProtocolAssignment, { assignedPartitions, userData: null }, version)
}

function assignedTo(bytes: Buffer, cluster: ClusterTopics, epoch: number): EpochAssignment {
  const assigned = new Map<string, Map<number, number>>()
  if (bytes.length === NO_ASSIGNMENT.length) return assigned
  for (const { topic, partitions } of decodeVersioned(consumerProtocolAssignment, bytes).assignedPartitions) {
    const id = cluster.topic(topic)?.id
    if (id !== undefined) assigned.set(id, new Map(partitions.map((partition) => [partition, epoch])))
  }
  return assigned
}

function withoutEpochs(assigned: EpochAssignment): Assignment {
  return new Map([...assigned].map(([topicId, partitions]) => [topicId, new Set(partitions.keys())]))
}
