/**
 * Deletes topics.
 * v5 error message, controller quota (KIP-599) · v6 topics by name or by id (KIP-516).
 */
import { api, array, arrayOf, int16, int32, string, uuid } from '../schema/index.js'

export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexible: 4,
  request: {
    topics: arrayOf({ name: string.nullable().default(null), topicId: uuid }).since(6),
    topicNames: array(string).until(5).ignorable(),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: arrayOf({
      name: string.nullable(6),
      topicId: uuid.since(6).ignorable(),
      errorCode: int16,
      errorMessage: string.since(5).nullable().default(null).ignorable(),
    }),
  },
})
