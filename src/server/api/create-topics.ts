/**
 * Creates topics; each is created or refused by itself. Answered when the topics can be used.
 * v5 tells the settings that a topic got · v7 its id.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { createTopics } from '../../protocol/messages/create-topics.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { describeTopic } from '../config/describe.js'
import { CLUSTER_METADATA } from '../metadata/internal-topics.js'
import { handler } from './handler.js'

type TopicAnswer = ResponseOf<typeof createTopics>['topics'][number]
type TopicRequest = RequestOf<typeof createTopics>['topics'][number]

export const createTopicsHandler = handler(
  createTopics,
  ({ controller, settings }: Pick<Broker, 'controller' | 'settings'>) =>
    async (request) => {
      const refused = refusals(request.topics)
      const asked = request.topics.filter(({ name }) => !refused.has(name))
      const outcomes = await controller.createTopics(asked, request.validateOnly)
      const describe = ({ name, configs }: TopicRequest): TopicAnswer['configs'] => {
        const own = new Map(configs.map((config) => [config.name, config.value ?? '']))
        return describeTopic(settings, name, { names: null, synonyms: false, documentation: false }, own)
      }
      const made = asked.map((topic): TopicAnswer => {
        const outcome = outcomes.get(topic.name)!
        if (outcome.errorCode !== ErrorCode.NONE) return failure(topic.name, outcome.errorCode, outcome.errorMessage)
        const { topicId, numPartitions, replicationFactor } = outcome
        const layout = { topicId, numPartitions, replicationFactor }
        return { name: topic.name, errorCode: ErrorCode.NONE, errorMessage: null, ...layout, configs: describe(topic) }
      })
      return { topics: [...refused.values(), ...made] }
    },
)

/** Topics that need no look at the cluster to be refused. */
function refusals(topics: readonly TopicRequest[]): Map<string, TopicAnswer> {
  const out = new Map<string, TopicAnswer>()
  const seen = new Set<string>()
  for (const { name } of topics) {
    if (seen.has(name)) {
      out.set(name, failure(name, ErrorCode.INVALID_REQUEST, `topic '${name}' is named twice in the request`))
    } else if (name === CLUSTER_METADATA) {
      out.set(name, failure(name, ErrorCode.INVALID_REQUEST, `${name} is the cluster's own log and can't be created`))
    }
    seen.add(name)
  }
  return out
}

function failure(name: string, errorCode: ErrorCode, errorMessage: string | null): TopicAnswer {
  return { name, errorCode, errorMessage, configs: [] }
}
