/** What groups are made of: consumer groups of either protocol, classic, share and streams groups. */
import type { TopicPartition } from '../../../model/index.js'
import {
  consumerProtocolAssignment,
  decodeVersioned,
  ErrorCode,
  messages,
  type DecodedOf,
} from '../../../protocol/index.js'
import type { OutboundPeer } from '../../../net/index.js'
import { DriverError } from '../../port.js'
import { toDriverError } from '../errors.js'
import { answers, valueOr, type Answer } from './answer.js'
import { operationsIn, type AclOperation } from './codes.js'
import type { GroupType } from './groups.js'
import type { AdminRequests } from './requests.js'

type GroupKey = { readonly groupId: string }

export interface MemberDescription {
  readonly memberId: string
  readonly groupInstanceId: string | undefined
  readonly clientId: string
  readonly host: string
  readonly assignment: readonly TopicPartition[]
  /** What the member is to have once others have let it go (KIP-848). */
  readonly targetAssignment?: readonly TopicPartition[] | undefined
  readonly memberEpoch?: number | undefined
  readonly rackId?: string | undefined
  /** Whether a member of a newer group came by the classic protocol; undefined when the broker does not tell. */
  readonly upgraded?: boolean | undefined
}

export interface ConsumerGroupDescription {
  readonly type: GroupType
  readonly groupState: string
  /** The assignor, by name. */
  readonly partitionAssignor: string
  readonly members: readonly MemberDescription[]
  readonly coordinator: { readonly host: string; readonly port: number }
  readonly authorizedOperations: readonly AclOperation[] | undefined
  readonly groupEpoch?: number | undefined
  readonly targetAssignmentEpoch?: number | undefined
}

export interface ClassicGroupDescription {
  /** `consumer` for consumers. */
  readonly protocol: string
  readonly protocolData: string
  readonly groupState: string
  readonly isSimpleConsumerGroup: boolean
  readonly members: readonly (Omit<MemberDescription, 'assignment'> & {
    readonly memberMetadata: Buffer
    readonly memberAssignment: Buffer
  })[]
  readonly coordinator: { readonly host: string; readonly port: number }
  readonly authorizedOperations: readonly AclOperation[] | undefined
}

type ShareGroup = DecodedOf<typeof messages.shareGroupDescribe.response>['groups'][number]
type StreamsGroup = DecodedOf<typeof messages.streamsGroupDescribe.response>['groups'][number]
type Told = 'errorCode' | 'errorMessage' | 'groupId' | 'authorizedOperations'

/** As ShareGroupDescribe answers it. */
export type ShareGroupDescription = Omit<ShareGroup, Told | 'members'> & {
  readonly members: readonly (Omit<ShareGroup['members'][number], 'assignment'> & {
    readonly assignment: readonly TopicPartition[]
  })[]
  readonly authorizedOperations: readonly AclOperation[] | undefined
}

/** As StreamsGroupDescribe answers it. */
export type StreamsGroupDescription = Omit<StreamsGroup, Told> & {
  readonly authorizedOperations: readonly AclOperation[] | undefined
}

export interface DescribeGroupsOptions {
  readonly includeAuthorizedOperations?: boolean | undefined
}

const CLASSIC_MEMBER = 0
const CONSUMER_MEMBER = 1
/** Before v6, DescribeGroups answers with this state for a group that is not there. */
const DEAD = 'Dead'

export function groupDescriptions(requests: AdminRequests) {
  async function each<Value extends object>(
    api: 'ConsumerGroupDescribe' | 'DescribeGroups' | 'ShareGroupDescribe' | 'StreamsGroupDescribe',
    groupIds: readonly string[],
    ask: (peer: OutboundPeer, groupIds: readonly string[]) => Promise<readonly (Value | DriverError)[]>,
  ): Promise<Answer<GroupKey, Value>[]> {
    const keys = groupIds.map((groupId) => ({ groupId }))
    const got = await requests.each(api, keys, {
      target: ({ groupId }) => groupId,
      ask: (peer, asked) =>
        ask(
          peer,
          asked.map(({ groupId }) => groupId),
        ),
    })
    return answers(keys, got)
  }

  return {
    /** Asks in the newer protocol, and for groups that are classic in the older one. */
    async describeConsumerGroups(
      groupIds: readonly string[],
      options: DescribeGroupsOptions = {},
    ): Promise<Answer<GroupKey, ConsumerGroupDescription>[]> {
      const { includeAuthorizedOperations = false } = options
      return each<ConsumerGroupDescription>('ConsumerGroupDescribe', groupIds, async (peer, asked) => {
        const newer = await describeNewer(peer, asked, includeAuthorizedOperations)
        const older = asked.filter((groupId) => newer.get(groupId) === undefined)
        const classic = new Map<string, ConsumerGroupDescription | DriverError>()
        if (older.length > 0) {
          const told = await describeClassic(peer, older, includeAuthorizedOperations)
          for (const [groupId, group] of told) classic.set(groupId, asConsumerGroup(group, peer))
        }
        return asked.map((groupId) => newer.get(groupId) ?? classic.get(groupId)!)
      })
    },

    /** Groups of the classic protocol, whatever protocol of their own their members speak in it. */
    async describeClassicGroups(
      groupIds: readonly string[],
      options: DescribeGroupsOptions = {},
    ): Promise<Answer<GroupKey, ClassicGroupDescription>[]> {
      return each<ClassicGroupDescription>('DescribeGroups', groupIds, async (peer, asked) => {
        const told = await describeClassic(peer, asked, options.includeAuthorizedOperations ?? false)
        return asked.map((groupId) => told.get(groupId)!)
      })
    },

    async describeShareGroups(
      groupIds: readonly string[],
      options: DescribeGroupsOptions = {},
    ): Promise<Answer<GroupKey, ShareGroupDescription>[]> {
      const { includeAuthorizedOperations = false } = options
      return each<ShareGroupDescription>('ShareGroupDescribe', groupIds, async (peer, asked) => {
        const answer = await peer.send(messages.shareGroupDescribe, {
          groupIds: [...asked],
          includeAuthorizedOperations,
        })
        return asked.map((groupId) => {
          const { errorCode, errorMessage, authorizedOperations, members, ...group } = answer.groups.find(
            (one) => one.groupId === groupId,
          )!
          return valueOr(errorCode, `group '${groupId}'`, errorMessage, () => ({
            ...group,
            members: members.map((member) => ({ ...member, assignment: partitionsIn(member.assignment) })),
            authorizedOperations: operationsIn(authorizedOperations),
          }))
        })
      })
    },

    async describeStreamsGroups(
      groupIds: readonly string[],
      options: DescribeGroupsOptions = {},
    ): Promise<Answer<GroupKey, StreamsGroupDescription>[]> {
      const { includeAuthorizedOperations = false } = options
      return each<StreamsGroupDescription>('StreamsGroupDescribe', groupIds, async (peer, asked) => {
        const answer = await peer.send(messages.streamsGroupDescribe, {
          groupIds: [...asked],
          includeAuthorizedOperations,
        })
        return asked.map((groupId) => {
          const { errorCode, errorMessage, authorizedOperations, ...group } = answer.groups.find(
            (one) => one.groupId === groupId,
          )!
          return valueOr(errorCode, `group '${groupId}'`, errorMessage, () => ({
            ...group,
            authorizedOperations: operationsIn(authorizedOperations),
          }))
        })
      })
    },
  }
}

/** undefined for what is not a group of the newer protocol, or where the broker has none. */
async function describeNewer(
  peer: OutboundPeer,
  groupIds: readonly string[],
  includeAuthorizedOperations: boolean,
): Promise<Map<string, ConsumerGroupDescription | DriverError>> {
  const found = new Map<string, ConsumerGroupDescription | DriverError>()
  await peer.ready()
  if (!peer.versions!.ranges.has(messages.consumerGroupDescribe.key)) return found
  const body = { groupIds: [...groupIds], includeAuthorizedOperations }
  const answer = await peer.send(messages.consumerGroupDescribe, body)
  for (const group of answer.groups) {
    const isOther =
      group.errorCode === ErrorCode.GROUP_ID_NOT_FOUND || group.errorCode === ErrorCode.UNSUPPORTED_VERSION
    if (isOther) continue
    found.set(
      group.groupId,
      valueOr(group.errorCode, `group '${group.groupId}'`, group.errorMessage, () => ({
        type: 'consumer' as const,
        groupState: group.groupState,
        partitionAssignor: group.assignorName,
        members: group.members.map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.instanceId ?? undefined,
          clientId: member.clientId,
          host: member.clientHost,
          assignment: partitionsIn(member.assignment),
          targetAssignment: partitionsIn(member.targetAssignment),
          memberEpoch: member.memberEpoch,
          rackId: member.rackId ?? undefined,
          upgraded:
            member.memberType === CONSUMER_MEMBER ? true : member.memberType === CLASSIC_MEMBER ? false : undefined,
        })),
        coordinator: { host: peer.host, port: peer.port },
        authorizedOperations: operationsIn(group.authorizedOperations),
        groupEpoch: group.groupEpoch,
        targetAssignmentEpoch: group.assignmentEpoch,
      })),
    )
  }
  return found
}

async function describeClassic(
  peer: OutboundPeer,
  groupIds: readonly string[],
  includeAuthorizedOperations: boolean,
): Promise<Map<string, ClassicGroupDescription | DriverError>> {
  const answer = await peer.send(messages.describeGroups, (version) => ({
    groups: [...groupIds],
    includeAuthorizedOperations: includeAuthorizedOperations && version >= 3,
  }))
  return new Map(
    answer.groups.map((group) => {
      const isGone = group.errorCode === ErrorCode.NONE && group.groupState === DEAD
      const code = isGone ? ErrorCode.GROUP_ID_NOT_FOUND : group.errorCode
      return [
        group.groupId,
        valueOr(code, `group '${group.groupId}'`, group.errorMessage, () => ({
          protocol: group.protocolType,
          protocolData: group.protocolData,
          groupState: group.groupState,
          isSimpleConsumerGroup: group.protocolType === '',
          members: group.members.map((member) => ({
            memberId: member.memberId,
            groupInstanceId: member.groupInstanceId ?? undefined,
            clientId: member.clientId,
            host: member.clientHost,
            memberMetadata: member.memberMetadata,
            memberAssignment: member.memberAssignment,
          })),
          coordinator: { host: peer.host, port: peer.port },
          authorizedOperations: operationsIn(group.authorizedOperations),
        })),
      ] as const
    }),
  )
}

function asConsumerGroup(
  group: ClassicGroupDescription | DriverError,
  peer: OutboundPeer,
): ConsumerGroupDescription | DriverError {
  if (group instanceof DriverError) return group
  if (group.protocol !== 'consumer' && group.protocol !== '') {
    return new DriverError('fatal', `its members speak '${group.protocol}', it is no group of consumers`)
  }
  try {
    return {
      type: 'classic',
      groupState: group.groupState,
      partitionAssignor: group.protocolData,
      members: group.members.map(({ memberMetadata: _, memberAssignment, ...member }) => ({
        ...member,
        assignment: memberAssignment.length === 0 ? [] : classicAssignment(memberAssignment),
      })),
      coordinator: { host: peer.host, port: peer.port },
      authorizedOperations: group.authorizedOperations,
    }
  } catch (error) {
    return toDriverError(error)
  }
}

function classicAssignment(bytes: Buffer): TopicPartition[] {
  const { assignedPartitions } = decodeVersioned(consumerProtocolAssignment, bytes)
  return assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}

function partitionsIn(assignment: {
  topicPartitions: readonly { topicName: string; partitions: readonly number[] }[]
}): TopicPartition[] {
  return assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
    partitions.map((partition) => ({ topic: topicName, partition })),
  )
}
