/** Gives topics more partitions; answered when they can be used. */
import { ErrorCode } from '../../protocol/errors.js'
import { createPartitions } from '../../protocol/messages/create-partitions.js'
import type { ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

type TopicAnswer = ResponseOf<typeof createPartitions>['results'][number]

export const createPartitionsHandler = handler(
  createPartitions,
  ({ controller }: Pick<Broker, 'controller'>) =>
    async (request) => {
      const counts = new Map<string, number>()
      for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1)
      const results: TopicAnswer[] = []
      for (const [name, count] of counts) {
        if (count === 1) continue
        const errorMessage = `topic '${name}' is named twice in the request`
        results.push({ name, errorCode: ErrorCode.INVALID_REQUEST, errorMessage })
      }
      const asked = request.topics.filter(({ name }) => counts.get(name) === 1)
      for (const [name, outcome] of await controller.createPartitions(asked, request.validateOnly)) {
        results.push({
          name,
          errorCode: outcome.errorCode,
          errorMessage: outcome.errorCode === ErrorCode.NONE ? null : outcome.errorMessage,
        })
      }
      return { results }
    },
)
