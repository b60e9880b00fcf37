/** Groups of every kind, and the offsets of consumer and streams groups. */
import type { TopicPartition } from '../../../model/index.js'
import { ErrorCode, messages, ZERO_UUID } from '../../../protocol/index.js'
import { DriverError } from '../../port.js'
import { errorOfCode, throwCode } from '../errors.js'
import { byTopic } from '../offsets.js'
import { answers, valueOr, type Answer } from './answer.js'
import type { AdminRequests } from './requests.js'
import { partitionOf, tooOld } from './topics.js'

export type GroupType = 'consumer' | 'classic' | 'share' | 'streams'

export interface GroupListing {
  readonly groupId: string
  /** undefined from brokers that do not tell. */
  readonly type: GroupType | undefined
  /** `consumer` for consumers of the classic protocol; of Connect and others their own. */
  readonly protocol: string
  /** As the broker writes it, e.g. 'Stable'; undefined from brokers that do not tell. */
  readonly groupState: string | undefined
}

export interface ListGroupsOptions {
  /** e.g. 'Stable', 'Empty' (KIP-518). */
  readonly groupStates?: readonly string[] | undefined
  readonly types?: readonly GroupType[] | undefined
  /** '' are groups without members that speak any. */
  readonly protocolTypes?: readonly string[] | undefined
}

export interface OffsetAndMetadata extends TopicPartition {
  readonly offset: number
  readonly leaderEpoch?: number | undefined
  readonly metadata?: string | undefined
}

export interface ListConsumerGroupOffsetsSpec {
  readonly groupId: string
  /** Default: all that the group has committed. */
  readonly topicPartitions?: readonly TopicPartition[] | undefined
}

type GroupKey = { readonly groupId: string }

export interface MemberToRemove {
  readonly groupInstanceId: string
}

/** OffsetFetch and OffsetCommit name topics up to this version, and go by ids from the next. */
const BY_NAME_MAX = 9

export function groupAdmin(requests: AdminRequests) {
  /** Offsets are kept alike for consumer and streams groups. */
  async function listOffsetsOf(
    groups: readonly ListConsumerGroupOffsetsSpec[],
    options: { readonly requireStable?: boolean | undefined } = {},
  ): Promise<Answer<GroupKey, { readonly offsets: readonly OffsetAndMetadata[] }>[]> {
    const { requireStable = false } = options
    const got = await requests.each('OffsetFetch', groups, {
      target: ({ groupId }) => groupId,
      ask: async (peer, asked) => {
        await peer.ready()
        const isMany = peer.version(messages.offsetFetch as never, BY_NAME_MAX) >= 8
        if (isMany) return offsetsOf(asked)
        return (await Promise.all(asked.map((one) => offsetsOf([one])))).flat()

        async function offsetsOf(some: typeof asked) {
          const answer = await peer.send(
            messages.offsetFetch,
            (version) => {
              const wanted = some.map(({ groupId, topicPartitions }) => ({
                groupId,
                topics: topicPartitions
                  ? byTopic(topicPartitions, ({ partition }) => partition).map(({ name, partitions }) => ({
                      name,
                      topicId: ZERO_UUID,
                      partitionIndexes: partitions,
                    }))
                  : null,
              }))
              if (version >= 8) return { groups: wanted, requireStable }
              const { groupId, topics } = wanted[0]!
              return { groupId, topics: topics?.map(nameOnly) ?? null, requireStable: requireStable && version >= 7 }
            },
            { maxVersion: BY_NAME_MAX },
          )
          return some.map(({ groupId }) => {
            const told = answer.groups.find((each) => each.groupId === groupId) ?? answer
            const at = told.topics.flatMap(({ name, partitions }) =>
              partitions.map((each) => ({ topic: name, ...each })),
            )
            const failed = at.find(({ errorCode }) => errorCode !== ErrorCode.NONE)
            const code = told.errorCode || failed?.errorCode || ErrorCode.NONE
            return valueOr(code, `group '${groupId}'`, undefined, () => ({
              offsets: at
                .filter(({ committedOffset }) => committedOffset >= 0)
                .map((each) => ({
                  topic: each.topic,
                  partition: each.partitionIndex,
                  offset: each.committedOffset,
                  leaderEpoch: each.committedLeaderEpoch < 0 ? undefined : each.committedLeaderEpoch,
                  metadata: each.metadata ?? '',
                })),
            }))
          })
        }
      },
    })
    return answers(
      groups.map(({ groupId }) => ({ groupId })),
      got,
    )
  }

  async function alterOffsetsOf(
    groupId: string,
    offsets: readonly OffsetAndMetadata[],
  ): Promise<Answer<TopicPartition>[]> {
    const got = await requests.each('OffsetCommit', offsets, {
      target: () => groupId,
      ask: async (peer, asked) => {
        const topics = byTopic(asked, ({ partition, offset, leaderEpoch, metadata }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedLeaderEpoch: leaderEpoch ?? -1,
          committedMetadata: metadata ?? '',
        }))
        const body = { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics }
        const answer = await peer.send(messages.offsetCommit, body, { maxVersion: BY_NAME_MAX })
        return asked.map((at) => valueOr(partitionOf(answer.topics, at).errorCode, at, undefined, () => ({})))
      },
    })
    return answers(
      offsets.map(({ topic, partition }) => ({ topic, partition })),
      got,
    )
  }

  async function deleteOffsetsOf(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<Answer<TopicPartition>[]> {
    const got = await requests.each('OffsetDelete', partitions, {
      target: () => groupId,
      ask: async (peer, asked) => {
        const topics = byTopic(asked, ({ partition }) => ({ partitionIndex: partition }))
        const answer = await peer.send(messages.offsetDelete, { groupId, topics })
        return asked.map((at) => {
          if (answer.errorCode !== ErrorCode.NONE) return errorOfCode(answer.errorCode, `group '${groupId}'`)
          return valueOr(partitionOf(answer.topics, at).errorCode, at, undefined, () => ({}))
        })
      },
    })
    return answers(partitions, got)
  }

  async function deleteGroups(groupIds: readonly string[]): Promise<Answer<GroupKey>[]> {
    const keys = groupIds.map((groupId) => ({ groupId }))
    const got = await requests.each('DeleteGroups', keys, {
      target: ({ groupId }) => groupId,
      ask: async (peer, asked) => {
        const answer = await peer.send(messages.deleteGroups, { groupsNames: asked.map(({ groupId }) => groupId) })
        return asked.map(({ groupId }) => {
          const { errorCode } = answer.results.find((each) => each.groupId === groupId)!
          return valueOr(errorCode, `group '${groupId}'`, undefined, () => ({}))
        })
      },
    })
    return answers(keys, got)
  }

  async function listGroups(options: ListGroupsOptions = {}): Promise<GroupListing[]> {
    const { groupStates = [], types = [], protocolTypes } = options
    const all = await requests.askEvery(messages.listGroups, (version) => {
      if (groupStates.length > 0 && version < 4) throw tooOld('filters by state')
      if (types.length > 0 && version < 5) throw tooOld('filters by type')
      return { statesFilter: [...groupStates], typesFilter: [...types] }
    })
    const listed = all.flatMap(({ answer }) =>
      answer.groups.map(({ groupId, protocolType, groupState, groupType }) => ({
        groupId,
        type: groupType === '' ? undefined : (groupType.toLowerCase() as GroupType),
        protocol: protocolType,
        groupState: groupState === '' ? undefined : groupState,
      })),
    )
    return protocolTypes ? listed.filter(({ protocol }) => protocolTypes.includes(protocol)) : listed
  }

  return {
    listGroups,

    /** Those of consumers, in either protocol. */
    async listConsumerGroups(options: Omit<ListGroupsOptions, 'protocolTypes'> = {}): Promise<GroupListing[]> {
      const all = await listGroups({ ...options, protocolTypes: ['consumer', ''] })
      return all.filter(({ type }) => type !== 'share' && type !== 'streams')
    },

    /** Offsets that groups have committed. */
    listConsumerGroupOffsets: listOffsetsOf,
    /** The group must be empty, or not know these partitions. */
    alterConsumerGroupOffsets: alterOffsetsOf,
    /** Refused for topics that a member subscribes to. */
    deleteConsumerGroupOffsets: deleteOffsetsOf,
    listStreamsGroupOffsets: listOffsetsOf,
    alterStreamsGroupOffsets: alterOffsetsOf,
    deleteStreamsGroupOffsets: deleteOffsetsOf,

    /** Empty groups, and their offsets. */
    deleteConsumerGroups: deleteGroups,
    deleteShareGroups: deleteGroups,
    deleteStreamsGroups: deleteGroups,

    /** @param members static ones, by instance id; left out: every member there is */
    async removeMembersFromConsumerGroup(
      groupId: string,
      options: { readonly members?: readonly MemberToRemove[] | undefined; readonly reason?: string | undefined } = {},
    ): Promise<Answer<{ readonly memberId: string; readonly groupInstanceId: string | undefined }>[]> {
      const reason = options.reason ?? 'member was removed by an admin'
      const [got] = await requests.each('LeaveGroup', [groupId], {
        target: (key) => key,
        ask: async (peer) => {
          const members = options.members
            ? options.members.map(({ groupInstanceId }) => ({ memberId: '', groupInstanceId }))
            : await membersNow()
          if (members.length === 0) return [[]]
          const answer = await peer.send(messages.leaveGroup, (version) => {
            if (version < 3) throw tooOld('the removal of members')
            return { groupId, members: members.map((each) => ({ ...each, reason })) }
          })
          if (answer.errorCode !== ErrorCode.NONE) return [errorOfCode(answer.errorCode, `group '${groupId}'`)]
          return [
            answer.members.map(({ memberId, groupInstanceId, errorCode }) => ({
              memberId,
              groupInstanceId: groupInstanceId ?? undefined,
              error: errorCode === ErrorCode.NONE ? undefined : errorOfCode(errorCode, groupInstanceId ?? memberId),
            })),
          ]

          async function membersNow() {
            const described = await peer.send(messages.describeGroups, { groups: [groupId] })
            const group = described.groups[0]!
            throwCode(group.errorCode, `group '${groupId}'`, group.errorMessage)
            return group.members.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId }))
          }
        },
      })
      if (got instanceof DriverError) throw got
      return got as Answer<{ memberId: string; groupInstanceId: string | undefined }>[]
    },
  }
}

const nameOnly = ({ name, partitionIndexes }: { name: string; partitionIndexes: number[] }) => ({
  name,
  partitionIndexes,
})
