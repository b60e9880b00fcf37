/**
 * Creates topics. Partition count and replication factor -1 mean the broker's defaults (v4, KIP-464); both are -1 as
 * well when replicas are assigned by hand.
 * v5 gives the resulting settings back (KIP-525) · v6 may be throttled by quota (KIP-599) · v7 topic id (KIP-516).
 */
import { api, array, arrayOf, bool, int16, int32, int8, string, uuid } from '../schema/index.js'

export const createTopics = api({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexible: 5,
  request: {
    topics: arrayOf({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: arrayOf({ partitionIndex: int32, brokerIds: array(int32) }),
      configs: arrayOf({ name: string, value: string.nullable() }),
    }),
    timeoutMs: int32.default(60_000),
    validateOnly: bool.default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      name: string,
      topicId: uuid.since(7).ignorable(),
      errorCode: int16,
      errorMessage: string.nullable(),
      topicConfigErrorCode: int16.since(5).tagged(0).ignorable(),
      numPartitions: int32.since(5).default(-1).ignorable(),
      replicationFactor: int16.since(5).default(-1).ignorable(),
      configs: arrayOf({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1),
        isSensitive: bool,
      })
        .since(5)
        .nullable()
        .ignorable(),
    }),
  },
})
