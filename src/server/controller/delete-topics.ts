/** Decides which of the topics named by id are deleted; their configs go with them. */
import { ErrorCode } from '../../protocol/errors.js'
import type { MetadataEvent } from '../metadata/events.js'
import type { MetadataImage } from '../metadata/metadata-image.js'
import type { Outcome } from './controller.js'
import { outcomeOf, Refusal, type ClusterDecision } from './decisions.js'

export type DeleteTopicsAnswer = ReadonlyMap<string, Outcome<{ readonly name: string }>>

export function decideDeleteTopics(image: MetadataImage, ids: readonly string[]): ClusterDecision<DeleteTopicsAnswer> {
  const events: MetadataEvent[] = []
  const answer = new Map<string, Outcome<{ readonly name: string }>>()
  for (const topicId of new Set(ids)) {
    const outcome = outcomeOf(() => {
      const topic = image.topicById(topicId)
      if (!topic) throw new Refusal(ErrorCode.UNKNOWN_TOPIC_ID, `there is no topic with id ${topicId}`)
      events.push({ type: 'RemoveTopicRecord', value: { topicId } })
      return { name: topic.name }
    })
    answer.set(topicId, outcome)
  }
  return { events, answer }
}
