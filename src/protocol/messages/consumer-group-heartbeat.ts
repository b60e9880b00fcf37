/**
 * The whole membership conversation of the new group protocol: join (epoch 0), keep alive, report and receive
 * assignments, leave (epoch -1, static -2) (KIP-848). Fields that did not change since the last heartbeat are null or
 * -1.
 * v1 regular-expression subscriptions, member ids made by clients (KIP-1082).
 */
import { api, array, arrayOf, int16, int32, string, struct, uuid } from '../schema/index.js'

const topicPartitions = { topicId: uuid, partitions: array(int32) }

export const consumerGroupHeartbeat = api({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    instanceId: string.nullable().default(null),
    rackId: string.nullable().default(null),
    rebalanceTimeoutMs: int32.default(-1),
    subscribedTopicNames: array(string).nullable().default(null),
    subscribedTopicRegex: string.since(1).nullable().default(null),
    serverAssignor: string.nullable().default(null),
    topicPartitions: arrayOf({ topicId: uuid, partitions: array(int32) })
      .nullable()
      .default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    memberId: string.nullable().default(null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    assignment: struct({ topicPartitions: arrayOf(topicPartitions) })
      .nullable()
      .default(null),
  },
})
