/**
 * Topics and their partitions in pages: topics in order of their names, and a cursor to where the next page begins
 * (KIP-966).
 */
import { ErrorCode } from '../../protocol/errors.js'
import { describeTopicPartitions } from '../../protocol/messages/describe-topic-partitions.js'
import { ZERO_UUID, type Api, type RequestOf, type ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { PartitionState, TopicState } from '../metadata/cluster-state.js'
import { topicNameFault } from '../../base/topic-name.js'
import { topicOperations } from './authorized-operations.js'
import { errorAnswer } from './error-answer.js'
import { handler } from './handler.js'

type Request = RequestOf<typeof describeTopicPartitions>
type Response = ResponseOf<typeof describeTopicPartitions>
type TopicAnswer = Response['topics'][number]

export const describeTopicPartitionsHandler = handler(
  describeTopicPartitions,
  ({ cluster, settings }: Pick<Broker, 'cluster' | 'settings'>) =>
    (request, { apiVersion }): Response => {
      if (asksAmiss(request)) {
        const api = describeTopicPartitions as unknown as Api
        return errorAnswer(api, request, apiVersion, ErrorCode.INVALID_REQUEST) as Response
      }
      const { cursor } = request
      const limit = Math.min(settings.int('max.request.partition.size.limit'), request.responsePartitionLimit)
      const topics: TopicAnswer[] = []
      let left = Math.max(limit, 1)
      for (const name of namesFrom(request, cluster.topics())) {
        if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } }
        const topic = cluster.topic(name)
        if (!topic) {
          topics.push(missing(name))
          continue
        }
        const from = cursor?.topicName === name ? cursor.partitionIndex : 0
        const shown = topic.partitions.slice(from, from + left)
        topics.push(described(topic, shown))
        left -= shown.length
        if (from + shown.length < topic.partitions.length) {
          return { topics, nextCursor: { topicName: name, partitionIndex: from + shown.length } }
        }
      }
      return { topics, nextCursor: null }
    },
)

/** The cursor must point into what is asked for. */
function asksAmiss({ topics, cursor }: Request): boolean {
  if (cursor === null) return false
  const isNamed = topics.length === 0 || topics.some(({ name }) => name === cursor.topicName)
  return !isNamed || cursor.partitionIndex < 0
}

function namesFrom({ topics, cursor }: Request, all: Iterable<TopicState>): string[] {
  const names = new Set((topics.length > 0 ? topics : [...all]).map(({ name }) => name))
  const first = cursor?.topicName ?? ''
  return [...names].filter((name) => name >= first).sort()
}

function missing(name: string): TopicAnswer {
  const errorCode =
    topicNameFault(name) === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION
  return { errorCode, name, topicId: ZERO_UUID, partitions: [], topicAuthorizedOperations: topicOperations }
}

function described(topic: TopicState, partitions: readonly PartitionState[]): TopicAnswer {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: partitions.map((partition) => ({
      errorCode: partition.leader < 0 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
      partitionIndex: partition.partition,
      leaderId: partition.leader,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.isr,
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: topicOperations,
  }
}
