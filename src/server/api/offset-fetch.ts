/**
 * Reads the committed offsets of groups. v10 names topics by their ids: those that are asked for are looked up, and
 * offsets of topics that are gone are not shown.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { offsetFetch } from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { ClusterState } from '../metadata/cluster-state.js'
import { handler } from './handler.js'

type Topic = NonNullable<RequestOf<typeof offsetFetch>['groups'][number]['topics']>[number]
type GroupAnswer = NonNullable<ResponseOf<typeof offsetFetch>['groups']>[number]

export const offsetFetchHandler = handler(
  offsetFetch,
  ({ groups, cluster }: Pick<Broker, 'groups' | 'cluster'>) =>
    async (request, context) => {
      if (context.apiVersion < 10) return groups.offsetFetch(request, context)
      const named = request.groups.map((group) => ({
        ...group,
        topics: group.topics && withNames(cluster, group.topics),
      }))
      const response = await groups.offsetFetch({ ...request, groups: named }, context)
      return {
        ...response,
        groups: (response.groups ?? []).map((group, i) => withIds(cluster, group, request.groups[i]!.topics)),
      }
    },
)

const withNames = (cluster: ClusterState, topics: readonly Topic[]): Topic[] =>
  topics.flatMap((topic) => {
    const found = cluster.topicById(topic.topicId)
    return found ? [{ ...topic, name: found.name }] : []
  })

function withIds(cluster: ClusterState, group: GroupAnswer, asked: readonly Topic[] | null): GroupAnswer {
  if ((group.errorCode ?? ErrorCode.NONE) !== ErrorCode.NONE) return group
  const found = group.topics.flatMap((topic) => {
    const topicId = cluster.topic(topic.name ?? '')?.id
    return topicId === undefined ? [] : [{ ...topic, topicId }]
  })
  const unknown = (asked ?? [])
    .filter(({ topicId }) => !cluster.topicById(topicId))
    .map(({ topicId, partitionIndexes }) => ({
      topicId,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: -1,
        committedLeaderEpoch: -1,
        metadata: '',
        errorCode: ErrorCode.UNKNOWN_TOPIC_ID,
      })),
    }))
  return { ...group, topics: [...found, ...unknown] }
}
