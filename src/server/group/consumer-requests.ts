/** ConsumerGroupHeartbeat and ConsumerGroupDescribe: requests checked, brought to their group, and answered. */
import { ErrorCode } from '../../protocol/errors.js'
import type {
  consumerGroupDescribe,
  consumerGroupHeartbeat as consumerGroupHeartbeatApi,
} from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import { InvalidPattern } from '../client-pattern.js'
import { joined, type Assignment, type EpochAssignment } from './consumer/assignment.js'
import { LEAVE_EPOCH, LEAVE_STATIC_EPOCH, type ConsumerGroup, type Member } from './consumer/consumer-group.js'
import { GroupRefusal, refusalCode } from './consumer/decision.js'
import { assignorNames, mostWanted } from './consumer/target.js'
import type { GroupCoordinator } from './group-coordinator.js'
import type { GroupShard } from './group-shard.js'
import type { GroupParts, GroupShards } from './group-shards.js'

type Requests = Pick<GroupCoordinator, 'consumerGroupHeartbeat' | 'consumerGroupDescribe'>
type HeartbeatRequest = RequestOf<typeof consumerGroupHeartbeatApi>
type HeartbeatResponse = ResponseOf<typeof consumerGroupHeartbeatApi>
type DescribedGroup = ResponseOf<typeof consumerGroupDescribe>['groups'][number]

/** What a member speaks, as ConsumerGroupDescribe tells it. */
const MemberType = { classic: 0, consumer: 1 } as const

export function consumerRequests(shards: GroupShards, { settings, cluster }: GroupParts): Requests {
  const offered = (): string[] =>
    settings.list('group.consumer.assignors').filter((name) => assignorNames.includes(name))

  async function beat(
    request: HeartbeatRequest,
    clientId: string | null,
    clientHost: string,
  ): Promise<HeartbeatResponse> {
    const { groupId, memberId, memberEpoch, instanceId, subscribedTopicRegex } = request
    const shard = shards.for(groupId)
    if (typeof shard === 'number') return refused(shard, null)
    if (memberEpoch === LEAVE_EPOCH || memberEpoch === LEAVE_STATIC_EPOCH) {
      const epoch = await shard.consumers.leave(groupId, memberId, instanceId, memberEpoch)
      return { errorCode: ErrorCode.NONE, memberId, memberEpoch: epoch, heartbeatIntervalMs: 0 }
    }
    await shards.patterns.prepare([...regexesOf(shard, groupId), subscribedTopicRegex])
    const { memberId: answeredId, ...answer } = await shard.consumers.heartbeat(groupId, {
      memberId,
      memberEpoch,
      instanceId,
      rackId: request.rackId,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      subscribedTopicNames: request.subscribedTopicNames,
      subscribedTopicRegex,
      serverAssignor: request.serverAssignor,
      owned: request.topicPartitions,
      clientId: clientId ?? '',
      clientHost: `/${clientHost}`,
    })
    return { errorCode: ErrorCode.NONE, memberId: answeredId, ...answer }
  }

  async function describe(groupId: string): Promise<DescribedGroup> {
    if (groupId === '') return undescribed(groupId, ErrorCode.INVALID_GROUP_ID, null)
    const shard = shards.for(groupId)
    if (typeof shard === 'number') return undescribed(groupId, shard, null)
    try {
      return await shard.query(() => {
        const group = shard.group(groupId)
        if (group?.kind === 'consumer') return described(group)
        const message = group ? `Group ${groupId} is not a consumer group.` : `Group ${groupId} not found.`
        return undescribed(groupId, ErrorCode.GROUP_ID_NOT_FOUND, message)
      })
    } catch (error) {
      return undescribed(groupId, refusalCode(error), null)
    }
  }

  function described(group: ConsumerGroup): DescribedGroup {
    return {
      errorCode: ErrorCode.NONE,
      groupId: group.groupId,
      groupState: group.stateName,
      groupEpoch: group.epoch,
      assignmentEpoch: group.assignmentEpoch,
      assignorName: mostWanted(group.members.values()) ?? offered()[0] ?? '',
      members: [...group.members.values()].map((member) => describedMember(group, member)),
    }
  }

  function describedMember(group: ConsumerGroup, member: Member): DescribedGroup['members'][number] {
    const { memberId, instanceId, rackId, memberEpoch, clientId, clientHost } = member
    return {
      memberId,
      instanceId,
      rackId,
      memberEpoch,
      clientId,
      clientHost,
      subscribedTopicNames: member.subscribedTopicNames,
      subscribedTopicRegex: member.subscribedTopicRegex,
      // what it is to let go of, it has until it says so
      assignment: { topicPartitions: named(joined(member.assigned, member.pendingRevocation)) },
      targetAssignment: { topicPartitions: named(group.targetOf(memberId, instanceId)) },
      memberType: member.classic === null ? MemberType.consumer : MemberType.classic,
    }
  }

  /** Partitions of topics that are gone are left out. */
  function named(
    assignment: Assignment | EpochAssignment,
  ): { topicId: string; topicName: string; partitions: number[] }[] {
    return [...assignment].flatMap(([topicId, partitions]) => {
      const topicName = cluster.topicById(topicId)?.name
      return topicName === undefined ? [] : [{ topicId, topicName, partitions: [...partitions.keys()] }]
    })
  }

  return {
    async consumerGroupHeartbeat(request, { apiVersion, clientId, clientHost }) {
      try {
        checkHeartbeat(request, apiVersion, offered())
        return await beat(request, clientId, clientHost)
      } catch (error) {
        if (error instanceof GroupRefusal) return refused(error.code, error.message)
        if (error instanceof InvalidPattern) {
          const message = `SubscribedTopicRegex \`${request.subscribedTopicRegex}\` is not a valid regular expression: ${error.message}.`
          return refused(ErrorCode.INVALID_REGULAR_EXPRESSION, message)
        }
        return refused(refusalCode(error), null)
      }
    },

    async consumerGroupDescribe(request) {
      return { groups: await Promise.all(request.groupIds.map(describe)) }
    },
  }
}

function regexesOf(shard: GroupShard, groupId: string): (string | null)[] {
  const members = shard.consumer(groupId)?.members.values() ?? []
  return [...members].map(({ subscribedTopicRegex }) => subscribedTopicRegex)
}

/** In Kafka's order and words. */
function checkHeartbeat(request: HeartbeatRequest, apiVersion: number, assignors: readonly string[]): void {
  const { groupId, memberId, memberEpoch, instanceId, rackId, serverAssignor } = request
  const invalid = (message: string): never => {
    throw new GroupRefusal(ErrorCode.INVALID_REQUEST, message)
  }
  const needsMemberId = apiVersion >= 1 || memberEpoch > 0 || memberEpoch === LEAVE_EPOCH
  const isBlank = (text: string | null): boolean => text?.trim() === ''
  if (needsMemberId && isBlank(memberId)) invalid("MemberId can't be empty.")
  if (isBlank(groupId)) invalid("GroupId can't be empty.")
  if (isBlank(instanceId)) invalid("InstanceId can't be empty.")
  if (isBlank(rackId)) invalid("RackId can't be empty.")
  if (memberEpoch === 0) {
    if (request.rebalanceTimeoutMs === -1) invalid('RebalanceTimeoutMs must be provided in first request.')
    if (request.topicPartitions?.length !== 0) invalid('TopicPartitions must be empty when (re-)joining.')
    if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null) {
      invalid('Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.')
    }
  } else if (memberEpoch === LEAVE_STATIC_EPOCH) {
    if (instanceId === null) invalid("InstanceId can't be null.")
  } else if (memberEpoch < LEAVE_STATIC_EPOCH) {
    invalid('MemberEpoch is invalid.')
  }
  if (serverAssignor !== null && !assignors.includes(serverAssignor)) {
    throw new GroupRefusal(
      ErrorCode.UNSUPPORTED_ASSIGNOR,
      `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${assignors.join(', ')}.`,
    )
  }
}

function refused(errorCode: ErrorCode, errorMessage: string | null): HeartbeatResponse {
  return { errorCode, errorMessage, memberEpoch: 0, heartbeatIntervalMs: 0 }
}

function undescribed(groupId: string, errorCode: ErrorCode, errorMessage: string | null): DescribedGroup {
  const nothing = { groupState: '', groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] }
  return { errorCode, errorMessage, groupId, ...nothing }
}
