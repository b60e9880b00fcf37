/**
 * Brokers, topics, partitions and their leaders. In v0 an empty list asks for all topics; from v1 on, null does.
 * v4 may create missing topics · v7 leader epochs (KIP-320) · v8 authorized operations (KIP-430) · v10 topic ids,
 * usable for asking from v12 (KIP-516) · v11 leaves cluster operations to DescribeCluster (KIP-700) · v13 an error for
 * the whole answer.
 */
import { api, array, arrayOf, bool, int16, int32, string, uuid } from '../schema/index.js'

export const metadata = api({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexible: 9,
  request: {
    topics: arrayOf({ topicId: uuid.since(10).ignorable(), name: string.nullable(10) }).nullable(1),
    allowAutoTopicCreation: bool.since(4).default(true),
    includeClusterAuthorizedOperations: bool.since(8).until(10),
    includeTopicAuthorizedOperations: bool.since(8),
  },
  response: {
    throttleTimeMs: int32.since(3).ignorable(),
    brokers: arrayOf({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.since(1).nullable().default(null).ignorable(),
    }),
    clusterId: string.since(2).nullable().default(null).ignorable(),
    controllerId: int32.since(1).default(-1).ignorable(),
    topics: arrayOf({
      errorCode: int16,
      name: string.nullable(12),
      topicId: uuid.since(10).ignorable(),
      isInternal: bool.since(1).ignorable(),
      partitions: arrayOf({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.since(7).default(-1).ignorable(),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        offlineReplicas: array(int32).since(5).ignorable(),
      }),
      topicAuthorizedOperations: int32.since(8).default(-2147483648),
    }),
    clusterAuthorizedOperations: int32.since(8).until(10).default(-2147483648),
    errorCode: int16.since(13).ignorable(),
  },
})
