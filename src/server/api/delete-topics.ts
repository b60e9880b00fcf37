/**
 * Deletes topics by name, or by id from v6 on; each is deleted or refused by itself.
 * v5 says why in words · v6 ids (KIP-516).
 */
import { ErrorCode } from '../../protocol/errors.js'
import { deleteTopics } from '../../protocol/messages/delete-topics.js'
import { ZERO_UUID, type RequestOf, type ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { ClusterState } from '../metadata/cluster-state.js'
import { handler } from './handler.js'

type TopicAnswer = ResponseOf<typeof deleteTopics>['responses'][number]

export const deleteTopicsHandler = handler(
  deleteTopics,
  ({ cluster, controller, settings }: Pick<Broker, 'cluster' | 'controller' | 'settings'>) =>
    async (request, { apiVersion }) => {
      const asked = asTopics(request, apiVersion)
      if (!settings.bool('delete.topic.enable')) {
        const code = apiVersion < 3 ? ErrorCode.INVALID_REQUEST : ErrorCode.TOPIC_DELETION_DISABLED
        return {
          responses: asked.map(({ name, topicId }) => failure(name, topicId, code, 'delete.topic.enable is false')),
        }
      }
      const responses: TopicAnswer[] = []
      const ids = identify(asked, cluster, responses)
      // by now: a topic that another request deletes meanwhile has no name any more
      const names = new Map(ids.map((id) => [id, cluster.topicById(id)!.name]))
      for (const [id, outcome] of await controller.deleteTopics(ids)) {
        if (outcome.errorCode !== ErrorCode.NONE) {
          responses.push(failure(names.get(id)!, id, outcome.errorCode, outcome.errorMessage))
        } else {
          responses.push({ name: outcome.name, topicId: id, errorCode: ErrorCode.NONE })
        }
      }
      return { responses }
    },
)

interface AskedTopic {
  readonly name: string | null
  readonly topicId: string
}

function asTopics(request: RequestOf<typeof deleteTopics>, version: number): readonly AskedTopic[] {
  return version >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }))
}

/** Ids of the topics to be deleted, each once; what can't be deleted is answered at once. */
function identify(asked: readonly AskedTopic[], cluster: ClusterState, refused: TopicAnswer[]): string[] {
  const ids = new Set<string>()
  const twice = new Set<string>()
  for (const { name, topicId } of asked) {
    if ((name === null) === (topicId === ZERO_UUID)) {
      const words = 'a topic must be named, or given by its id, and not both'
      refused.push(failure(name, topicId, ErrorCode.INVALID_REQUEST, words))
      continue
    }
    const topic = name === null ? cluster.topicById(topicId) : cluster.topic(name)
    if (!topic) {
      const code = name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      refused.push(failure(name, topicId, code, 'there is no such topic'))
    } else if (ids.has(topic.id)) {
      twice.add(topic.id)
    } else {
      ids.add(topic.id)
    }
  }
  for (const id of twice) {
    ids.delete(id)
    const { name } = cluster.topicById(id)!
    const { topicId } = asked.find((one) => one.topicId === id || one.name === name)!
    refused.push(failure(name, topicId, ErrorCode.INVALID_REQUEST, `topic '${name}' is named twice in the request`))
  }
  return [...ids]
}

function failure(name: string | null, topicId: string, errorCode: ErrorCode, errorMessage: string | null): TopicAnswer {
  return { name, topicId, errorCode, errorMessage }
}
