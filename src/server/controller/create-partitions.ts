/** Decides on more partitions for topics; there are never fewer. */
import { ErrorCode } from '../../protocol/errors.js'
import type { MetadataEvent } from '../metadata/events.js'
import type { MetadataImage, MutableTopic } from '../metadata/metadata-image.js'
import type { NewPartitionsRequest, Outcome } from './controller.js'
import { checkReplicas, newPartition, PARTITIONS_MAX, spread } from './create-topics.js'
import { outcomeOf, Refusal, type ClusterDecision, type DecisionContext } from './decisions.js'

export type CreatePartitionsAnswer = ReadonlyMap<string, Outcome<object>>

export function decideCreatePartitions(
  image: MetadataImage,
  requests: readonly NewPartitionsRequest[],
  context: DecisionContext,
): ClusterDecision<CreatePartitionsAnswer> {
  const events: MetadataEvent[] = []
  const answer = new Map<string, Outcome<object>>()
  for (const request of requests) {
    const outcome = outcomeOf(() => {
      const topic = image.topic(request.name)
      if (!topic) throw new Refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic '${request.name}'`)
      const before = topic.partitions.length
      layOut(image, topic, request).forEach((replicas, i) => {
        events.push({ type: 'PartitionRecord', value: newPartition(topic.id, before + i, replicas, context) })
      })
      return {}
    })
    answer.set(request.name, outcome)
  }
  return { events, answer }
}

function layOut(
  image: MetadataImage,
  topic: MutableTopic,
  { count, assignments }: NewPartitionsRequest,
): readonly (readonly number[])[] {
  const before = topic.partitions.length
  if (count <= before) {
    const words = `topic '${topic.name}' has ${before} partition(s), and can't be given ${count}: the number only grows`
    throw new Refusal(ErrorCode.INVALID_PARTITIONS, words)
  }
  const more = count - before
  if (more > PARTITIONS_MAX) {
    throw new Refusal(ErrorCode.INVALID_PARTITIONS, `one request may create ${PARTITIONS_MAX} partitions, not ${more}`)
  }
  const factor = topic.partitions[0]!.replicas.length
  if (assignments === null) return spread([...image.brokers.values()], more, factor, before)
  if (assignments.length !== more) {
    throw new Refusal(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `${more} partition(s) are to be added, but ${assignments.length} are assigned by hand`,
    )
  }
  return assignments.map(({ brokerIds }, i) => {
    checkReplicas(image, brokerIds, before + i)
    if (brokerIds.length === factor) return brokerIds
    const words = `partition ${before + i} has ${brokerIds.length} replica(s), and the topic's others have ${factor}`
    throw new Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, words)
  })
}
