import { expect, it } from 'vitest'
import { localNode } from '../../../test/server/local-node.js'
import { ErrorCode } from '../../protocol/errors.js'
import type { Broker } from '../broker.js'
import { deleteTopicsHandler } from './delete-topics.js'

it('names in its refusal a topic that another request deletes meanwhile, for versions without ids', async () => {
  const node = await localNode()
  await node.createTopic('t')
  const refusal = { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, errorMessage: 'gone' }
  const controller = {
    async deleteTopics(ids: readonly string[]) {
      await node.deleteTopic('t')
      return new Map(ids.map((id) => [id, refusal]))
    },
  }
  const handle = deleteTopicsHandler.create({ ...node, controller } as unknown as Broker)
  const request = { topics: [], topicNames: ['t'], timeoutMs: 1_000 }
  const answer = await handle(request as never, { apiVersion: 5 } as never)
  expect(answer).toMatchObject({ responses: [{ name: 't', errorCode: ErrorCode.UNKNOWN_TOPIC_ID }] })
  await node.stop()
})
