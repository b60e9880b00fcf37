/** OffsetCommit, OffsetFetch, OffsetDelete: requests brought to their group, and answered by version. */
import { ErrorCode } from '../../protocol/errors.js'
import { coordinatorError } from '../machine/coordinator-error.js'
import { EventsRefused } from '../machine/machine.js'
import type { offsetCommit, offsetDelete, offsetFetch, txnOffsetCommit } from '../../protocol/messages/index.js'
import { ZERO_UUID, type RequestOf, type ResponseOf } from '../../protocol/schema/index.js'
import { NOTHING } from './classic/rebalance.js'
import type { ConsumerGroup } from './consumer/consumer-group.js'
import type { GroupCoordinator } from './group-coordinator.js'
import type { GroupShard } from './group-shard.js'
import type { GroupParts, GroupShards } from './group-shards.js'
import { checkCommitter, commit, type PartitionCommit } from './offsets/commit.js'
import { deleteOffsets } from './offsets/delete.js'
import { fetchAll, fetchPartition, noOffset } from './offsets/fetch.js'

type Requests = Pick<
  GroupCoordinator,
  'offsetCommit' | 'txnOffsetCommit' | 'endTransaction' | 'offsetFetch' | 'offsetDelete'
>

type CommitRequest = RequestOf<typeof offsetCommit>
type FetchResponse = ResponseOf<typeof offsetFetch>
type FetchGroupRequest = RequestOf<typeof offsetFetch>['groups'][number]
type TxnCommitRequest = RequestOf<typeof txnOffsetCommit>
type CommittedTopic = Omit<CommitRequest['topics'][number], 'topicId'> & { readonly topicId?: string }
type DeleteResponse = ResponseOf<typeof offsetDelete>
type FetchedGroup = NonNullable<FetchResponse['groups']>[number]

export function offsetRequests(shards: GroupShards, { settings, clock, cluster }: GroupParts): Requests {
  async function fetchGroup(request: FetchGroupRequest, requireStable: boolean): Promise<FetchedGroup> {
    const { groupId, topics } = request
    const refused = (errorCode: ErrorCode): FetchedGroup => ({ groupId, topics: [], errorCode })
    const shard = shards.for(groupId)
    if (typeof shard === 'number') return refused(shard)
    try {
      return await shard.query(({ offsets }) => {
        const refusal = checkReader(shard.consumer(groupId), request)
        if (refusal !== ErrorCode.NONE) return refused(refusal)
        const found = topics?.map(({ name, topicId, partitionIndexes }) => ({
          name,
          topicId,
          partitions: partitionIndexes.map((index) => fetchPartition(offsets, groupId, name, index, requireStable)),
        }))
        return { groupId, topics: found ?? fetchAll(offsets, groupId, requireStable), errorCode: ErrorCode.NONE }
      })
    } catch (error) {
      return refused(coordinatorError(error))
    }
  }

  return {
    async offsetCommit(request, { apiVersion }) {
      const { groupId } = request
      const shard = shards.for(groupId)
      if (typeof shard === 'number') return committed(request, () => shard)
      const committer = {
        memberId: request.memberId,
        instanceId: request.groupInstanceId,
        generation: request.generationIdOrMemberEpoch,
      }
      try {
        return await shard.decide(groupId, () => {
          const group = shard.group(groupId)
          const partitions = flatten(request)
          const error = checkCommitter(group, committer, partitions, false, apiVersion)
          if (error !== ErrorCode.NONE) return { events: NOTHING, answer: committed(request, () => error) }
          // a commit is a sign of life in the classic protocol
          const member = group?.kind === 'classic' ? group.members.get(committer.memberId) : undefined
          if (group?.kind === 'classic' && member) group.touch(member, clock.monotonic())
          const metadataMaxBytes = settings.int('offset.metadata.max.bytes')
          const retentionMs = request.retentionTimeMs
          const { events, errors } = commit(groupId, partitions, null, retentionMs, clock.now(), metadataMaxBytes)
          return { events, answer: committed(request, (at) => errors[at]!) }
        })
      } catch (error) {
        const code = coordinatorError(error)
        return committed(request, () => code)
      }
    },

    async txnOffsetCommit(request, { apiVersion }, isVerified = () => true) {
      const { groupId } = request
      if (groupId === '') return txnCommitted(request, () => ErrorCode.INVALID_GROUP_ID)
      const shard = shards.for(groupId)
      if (typeof shard === 'number') return txnCommitted(request, () => shard)
      const committer = {
        memberId: request.memberId,
        instanceId: request.groupInstanceId,
        generation: request.generationId,
      }
      const producer = { id: request.producerId, epoch: request.producerEpoch }
      try {
        return await shard.decide(groupId, () => {
          const partitions = flatten(request).map((one) => ({
            ...one,
            topicId: cluster.topic(one.topic)?.id ?? ZERO_UUID,
          }))
          const error = isVerified()
            ? checkCommitter(shard.group(groupId), committer, partitions, true, apiVersion)
            : ErrorCode.INVALID_TXN_STATE
          if (error !== ErrorCode.NONE) return { events: NOTHING, answer: txnCommitted(request, () => error) }
          const metadataMaxBytes = settings.int('offset.metadata.max.bytes')
          const { events, errors } = commit(groupId, flatten(request), producer, -1, clock.now(), metadataMaxBytes)
          return { events, answer: txnCommitted(request, (at) => errors[at]!) }
        })
      } catch (error) {
        const code = coordinatorError(error)
        return txnCommitted(request, () => code)
      }
    },

    async endTransaction(partition, { producer, coordinatorEpoch, outcome }) {
      const shard = shards.at(partition)
      if (typeof shard === 'number') return shard
      try {
        await shard.write(() => [{ type: 'transaction-end', producer, coordinatorEpoch, outcome }])
        return ErrorCode.NONE
      } catch (error) {
        return error instanceof EventsRefused ? error.code : coordinatorError(error)
      }
    },

    async offsetFetch(request, { apiVersion }) {
      const { requireStable } = request
      if (apiVersion >= 8) {
        return { groups: await Promise.all(request.groups.map((group) => fetchGroup(group, requireStable))) }
      }
      const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null
      const group = await fetchGroup(
        { groupId: request.groupId, memberId: null, memberEpoch: -1, topics },
        requireStable,
      )
      const code = (group.errorCode ?? ErrorCode.NONE) as ErrorCode
      if (apiVersion >= 2 || code === ErrorCode.NONE) {
        return { errorCode: code, topics: group.topics.map(({ name = '', partitions }) => ({ name, partitions })) }
      }
      // version 1 has no place for an error but the partitions
      return {
        topics: (request.topics ?? []).map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((index) => noOffset(index, code)),
        })),
      }
    },

    async offsetDelete(request) {
      const { groupId } = request
      const refused = (errorCode: ErrorCode): DeleteResponse => ({ errorCode, topics: [] })
      if (groupId === '') return refused(ErrorCode.INVALID_GROUP_ID)
      const shard = shards.for(groupId)
      if (typeof shard === 'number') return refused(shard)
      try {
        return await deleteIn(shard, request)
      } catch (error) {
        return refused(coordinatorError(error))
      }
    },
  }
}

/** A member of the new protocol that says who it is must be up to date. */
function checkReader(group: ConsumerGroup | undefined, { memberId, memberEpoch }: FetchGroupRequest): ErrorCode {
  if (!group || (memberId === null && memberEpoch < 0)) return ErrorCode.NONE
  const member = group.members.get(memberId ?? '')
  if (!member) return ErrorCode.UNKNOWN_MEMBER_ID
  if (memberEpoch === member.memberEpoch) return ErrorCode.NONE
  return member.classic === null ? ErrorCode.STALE_MEMBER_EPOCH : ErrorCode.ILLEGAL_GENERATION
}

function deleteIn(
  shard: GroupShard,
  request: RequestOf<typeof offsetDelete>,
): Promise<ResponseOf<typeof offsetDelete>> {
  const { groupId } = request
  return shard.decide<DeleteResponse>(groupId, ({ offsets }) => {
    const group = shard.group(groupId)
    const asked = request.topics.map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.map(({ partitionIndex }) => partitionIndex),
    }))
    const { events, error, topicErrors } = deleteOffsets(group, groupId, asked, offsets)
    if (error !== ErrorCode.NONE) return { events, answer: { errorCode: error, topics: [] } }
    const topics = request.topics.map(({ name, partitions }, i) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: topicErrors[i]! })),
    }))
    return { events, answer: { errorCode: ErrorCode.NONE, topics } }
  })
}

function flatten({ topics }: { readonly topics: readonly CommittedTopic[] }): PartitionCommit[] {
  return topics.flatMap(({ name, topicId = ZERO_UUID, partitions }) =>
    partitions.map((partition) => ({
      topic: name,
      topicId,
      partition: partition.partitionIndex,
      offset: partition.committedOffset,
      leaderEpoch: partition.committedLeaderEpoch,
      metadata: partition.committedMetadata,
    })),
  )
}

/** The request's topics and partitions, each with its error; `errorAt` counts partitions through all topics. */
function committed({ topics }: CommitRequest, errorAt: (at: number) => ErrorCode): ResponseOf<typeof offsetCommit> {
  let at = 0
  return {
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: errorAt(at++) })),
    })),
  }
}

function txnCommitted(
  { topics }: TxnCommitRequest,
  errorAt: (at: number) => ErrorCode,
): ResponseOf<typeof txnOffsetCommit> {
  let at = 0
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: errorAt(at++) })),
    })),
  }
}
