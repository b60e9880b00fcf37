/** Decides which of the topics asked for are created, and how their partitions are laid out. */
import { ErrorCode } from '../../protocol/errors.js'
import { ResourceType } from '../config/resource-type.js'
import type { BrokerState } from '../metadata/cluster-state.js'
import type { EventValue, MetadataEvent } from '../metadata/events.js'
import type { MetadataImage } from '../metadata/metadata-image.js'
import { topicNameFault } from '../../base/topic-name.js'
import { collisionKey, mayCollide } from '../metadata/topic-names.js'
import type { CreatedTopic, NewTopicRequest, Outcome } from './controller.js'
import { outcomeOf, randomId, Refusal, type ClusterDecision, type DecisionContext } from './decisions.js'
import { checkTopicConfigs } from './topic-configs.js'

/** Kafka's bound on what one request may write. */
export const PARTITIONS_MAX = 10_000

export type CreateTopicsAnswer = ReadonlyMap<string, Outcome<CreatedTopic>>

export function decideCreateTopics(
  image: MetadataImage,
  requests: readonly NewTopicRequest[],
  context: DecisionContext,
): ClusterDecision<CreateTopicsAnswer> {
  const events: MetadataEvent[] = []
  const answer = new Map<string, Outcome<CreatedTopic>>()
  const names = new TopicNames(image)
  let partitions = 0
  for (const request of requests) {
    const outcome = outcomeOf(() => {
      names.check(request.name)
      const configs = topicConfigs(request)
      checkTopicConfigs(configs, context.settings)
      const assignments = layOut(image, request, context)
      partitions += assignments.length
      if (partitions > PARTITIONS_MAX) {
        throw new Refusal(ErrorCode.POLICY_VIOLATION, `one request may create ${PARTITIONS_MAX} partitions, not more`)
      }
      const topicId = freshId(image, context)
      events.push(...creation(request.name, topicId, configs, assignments, context))
      names.taken(request.name)
      return { topicId, numPartitions: assignments.length, replicationFactor: assignments[0]!.length }
    })
    answer.set(request.name, outcome)
  }
  return { events, answer }
}

/** Names in use, and those given out in this request. */
class TopicNames {
  private collisions: Map<string, string> | undefined

  constructor(private readonly image: MetadataImage) {}

  check(name: string): void {
    const fault = topicNameFault(name)
    if (fault !== undefined) throw new Refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, fault)
    if (this.image.topic(name)) throw new Refusal(ErrorCode.TOPIC_ALREADY_EXISTS, `topic '${name}' exists already`)
    if (!mayCollide(name)) return
    const other = this.byCollisionKey().get(collisionKey(name))
    if (other !== undefined && other !== name) {
      throw new Refusal(
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        `topic '${name}' collides with topic '${other}': '.' and '_' count as the same in metric names`,
      )
    }
  }

  taken(name: string): void {
    if (mayCollide(name)) this.byCollisionKey().set(collisionKey(name), name)
  }

  /** Built when the first name comes that can collide. */
  private byCollisionKey(): Map<string, string> {
    if (!this.collisions) {
      this.collisions = new Map()
      for (const { name } of this.image.topics()) if (mayCollide(name)) this.collisions.set(collisionKey(name), name)
    }
    return this.collisions
  }
}

function topicConfigs(request: NewTopicRequest): Map<string, string> {
  const out = new Map<string, string>()
  for (const { name, value } of request.configs) {
    if (value === null) throw new Refusal(ErrorCode.INVALID_CONFIG, `topic config '${name}' must have a value`)
    out.set(name, value)
  }
  return out
}

type Assignments = readonly (readonly number[])[]

function layOut(image: MetadataImage, request: NewTopicRequest, context: DecisionContext): Assignments {
  if (request.assignments.length > 0) return manualLayout(image, request)
  const { settings } = context
  const { replicationFactor, numPartitions } = request
  if (replicationFactor < -1 || replicationFactor === 0) {
    throw new Refusal(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      'the replication factor must be at least 1, or -1 for the default',
    )
  }
  if (numPartitions < -1 || numPartitions === 0) {
    throw new Refusal(
      ErrorCode.INVALID_PARTITIONS,
      'the number of partitions must be at least 1, or -1 for the default',
    )
  }
  const partitions = numPartitions === -1 ? settings.int('num.partitions') : numPartitions
  const factor = replicationFactor === -1 ? settings.int('default.replication.factor') : replicationFactor
  if (partitions > PARTITIONS_MAX) {
    throw new Refusal(
      ErrorCode.POLICY_VIOLATION,
      `one request may create ${PARTITIONS_MAX} partitions, not ${partitions}`,
    )
  }
  return spread([...image.brokers.values()], partitions, factor, context.random.below(1024))
}

/** Replicas of neighbouring partitions begin on neighbouring brokers. */
export function spread(
  brokers: readonly BrokerState[],
  partitions: number,
  factor: number,
  start: number,
): Assignments {
  if (factor > brokers.length) {
    throw new Refusal(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `replication factor ${factor} is more than the ${brokers.length} broker(s) of this cluster: use ${brokers.length}, or -1`,
    )
  }
  const usable = brokers.filter((broker) => !broker.fenced)
  const ids = (usable.length >= factor ? usable : brokers).map((broker) => broker.nodeId).sort((a, b) => a - b)
  return Array.from({ length: partitions }, (_, partition) =>
    Array.from({ length: factor }, (_unused, replica) => ids[(start + partition + replica) % ids.length]!),
  )
}

function manualLayout(image: MetadataImage, request: NewTopicRequest): Assignments {
  if (request.replicationFactor !== -1) {
    throw new Refusal(ErrorCode.INVALID_REQUEST, 'replicas are assigned by hand, so the replication factor must be -1')
  }
  if (request.numPartitions !== -1) {
    throw new Refusal(
      ErrorCode.INVALID_REQUEST,
      'replicas are assigned by hand, so the number of partitions must be -1',
    )
  }
  const out: (readonly number[])[] = []
  for (const { partitionIndex, brokerIds } of request.assignments) {
    if (out[partitionIndex]) {
      throw new Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `partition ${partitionIndex} is assigned twice`)
    }
    checkReplicas(image, brokerIds, partitionIndex)
    if (partitionIndex < 0 || partitionIndex >= request.assignments.length) {
      throw new Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'partitions must be numbered from 0 on, without gaps')
    }
    out[partitionIndex] = brokerIds
  }
  const factor = out[0]!.length
  const odd = out.findIndex((replicas) => replicas.length !== factor)
  if (odd >= 0) {
    throw new Refusal(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `partition ${odd} has ${out[odd]!.length} replica(s) where partition 0 has ${factor}`,
    )
  }
  return out
}

/** @throws Refusal with INVALID_REPLICA_ASSIGNMENT */
export function checkReplicas(image: MetadataImage, brokerIds: readonly number[], partition: number): void {
  const where = `the assignment of partition ${partition}`
  if (brokerIds.length === 0) throw new Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `${where} names no broker`)
  if (new Set(brokerIds).size < brokerIds.length) {
    throw new Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `${where} names a broker twice`)
  }
  const unknown = brokerIds.find((id) => !image.brokers.has(id))
  if (unknown !== undefined) {
    throw new Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `${where} names broker ${unknown}, which is not registered`)
  }
}

/** Ids are random; one that exists would take over another topic's data. */
function freshId(image: MetadataImage, context: DecisionContext): string {
  for (;;) {
    const id = randomId(context.random)
    if (!image.topicById(id)) return id
  }
}

function creation(
  name: string,
  topicId: string,
  configs: ReadonlyMap<string, string>,
  assignments: Assignments,
  context: DecisionContext,
): MetadataEvent[] {
  const events: MetadataEvent[] = [{ type: 'TopicRecord', value: { name, topicId } }]
  for (const [config, value] of configs) {
    const row = { resourceType: ResourceType.topic, resourceName: name, name: config, value }
    events.push({ type: 'ConfigRecord', value: row })
  }
  assignments.forEach((replicas, partition) => {
    events.push({ type: 'PartitionRecord', value: newPartition(topicId, partition, replicas, context) })
  })
  return events
}

export function newPartition(
  topicId: string,
  partition: number,
  replicas: readonly number[],
  context: DecisionContext,
): EventValue<'PartitionRecord'> {
  return {
    partitionId: partition,
    topicId,
    replicas,
    isr: replicas,
    removingReplicas: [],
    addingReplicas: [],
    leader: replicas[0]!,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: replicas.map(() => context.directoryId),
  }
}
