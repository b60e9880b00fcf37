/**
 * Brokers, topics and leaders; creates missing topics where client and broker allow it, and answers when they are there.
 * v0 takes an empty list for all topics, later ones null · v4 the client may forbid creation · v10 topic ids are told,
 * from v12 on they may be asked for.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { metadata } from '../../protocol/messages/metadata.js'
import { ZERO_UUID, type ResponseOf, type RequestOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { ClusterState, PartitionState, TopicState } from '../metadata/cluster-state.js'
import { CONSUMER_OFFSETS, TRANSACTION_STATE } from '../metadata/internal-topics.js'
import { topicNameFault } from '../../base/topic-name.js'
import { clusterOperations, topicOperations } from './authorized-operations.js'
import { errorAnswer } from './error-answer.js'
import { handler } from './handler.js'

type Parts = Pick<Broker, 'cluster' | 'controller' | 'settings'>
type TopicAnswer = ResponseOf<typeof metadata>['topics'][number]

export const metadataHandler = handler(metadata, (parts: Parts) => async (request, context) => {
  const { cluster } = parts
  if (asksAmiss(request, context.apiVersion)) {
    const answer = errorAnswer(metadata, request, context.apiVersion, ErrorCode.INVALID_REQUEST)
    return answer as ResponseOf<typeof metadata>
  }
  const all = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0)
  const topics = all ? [...cluster.topics()].map(described) : await askedFor(parts, request)
  if (request.includeTopicAuthorizedOperations)
    for (const topic of topics) topic.topicAuthorizedOperations = topicOperations
  return {
    brokers: [...liveBrokers(cluster, context.listenerName)],
    clusterId: cluster.clusterId,
    controllerId: cluster.controllerId,
    topics,
    ...(request.includeClusterAuthorizedOperations && { clusterAuthorizedOperations: clusterOperations }),
    errorCode: ErrorCode.NONE,
  }
})

/** Ids can be asked for from v12 on only, and before that every topic must have a name. */
function asksAmiss(request: RequestOf<typeof metadata>, version: number): boolean {
  return version < 12 && (request.topics ?? []).some((topic) => topic.name === null || topic.topicId !== ZERO_UUID)
}

/** Brokers that clients may use, by the listener that they came in by. */
export function* liveBrokers(
  cluster: ClusterState,
  listenerName: string,
): Generator<{ nodeId: number; host: string; port: number; rack: string | null }> {
  for (const { nodeId, fenced, rack, endpoints } of cluster.brokers.values()) {
    const endpoint = endpoints.get(listenerName)
    if (!fenced && endpoint) yield { nodeId, host: endpoint.host, port: endpoint.port, rack }
  }
}

async function askedFor(parts: Parts, request: RequestOf<typeof metadata>): Promise<TopicAnswer[]> {
  const { cluster, settings } = parts
  const asked = request.topics ?? []
  const ids = new Set(asked.map(({ topicId }) => topicId).filter((id) => id !== ZERO_UUID))
  // An id is what counts, whatever name stands beside it: Java's admin client leaves the name empty.
  const named = ids.size > 0 ? [...ids].map((id) => cluster.topicById(id)?.name) : asked.map(({ name }) => name)
  const names = new Set(named.filter((name) => name !== undefined && name !== null))
  const missing = [...names].filter((name) => !cluster.topic(name) && topicNameFault(name) === undefined)
  const failed = new Map<string, ErrorCode>()
  if (missing.length > 0 && request.allowAutoTopicCreation && settings.bool('auto.create.topics.enable')) {
    await createMissing(parts, missing, failed)
  }
  const byName = [...names].map((name) => byNameOrError(cluster, name, failed))
  const unknown = [...ids].filter((id) => !cluster.topicById(id))
  if (asked.some(({ name, topicId }) => name === null && topicId === ZERO_UUID)) unknown.push(ZERO_UUID)
  return [...byName, ...unknown.map(unknownId)]
}

async function createMissing(
  { controller }: Parts,
  names: readonly string[],
  failed: Map<string, ErrorCode>,
): Promise<void> {
  const isInternal = (name: string): boolean => name === CONSUMER_OFFSETS || name === TRANSACTION_STATE
  await Promise.all(names.filter(isInternal).map((name) => controller.ensureInternalTopic(name)))
  const requests = names
    .filter((name) => !isInternal(name))
    .map((name) => ({ name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] }))
  if (requests.length === 0) return
  for (const [name, outcome] of await controller.createTopics(requests, false)) {
    // another request may have been faster: then it is there, and that is all that was wanted
    if (outcome.errorCode !== ErrorCode.NONE && outcome.errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS) {
      failed.set(name, outcome.errorCode)
    }
  }
}

function byNameOrError(cluster: ClusterState, name: string, failed: ReadonlyMap<string, ErrorCode>): TopicAnswer {
  const topic = cluster.topic(name)
  if (topic) return described(topic)
  const code =
    topicNameFault(name) === undefined
      ? (failed.get(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      : ErrorCode.INVALID_TOPIC_EXCEPTION
  return { errorCode: code, name, topicId: ZERO_UUID, isInternal: false, partitions: [] }
}

function unknownId(topicId: string): TopicAnswer {
  return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId, isInternal: false, partitions: [] }
}

function described(topic: TopicState): TopicAnswer {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: topic.partitions.map(describedPartition),
  }
}

function describedPartition(partition: PartitionState): TopicAnswer['partitions'][number] {
  return {
    errorCode: partition.leader < 0 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
    partitionIndex: partition.partition,
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: [],
  }
}
