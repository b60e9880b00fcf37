/**
 * Raft: a new leader tells the voters that its epoch has begun (KIP-595).
 * v1 flexible, voter keys, endpoints (KIP-853).
 */
import { api, arrayOf, int16, int32, string, uint16, uuid } from '../schema/index.js'

export const beginQuorumEpoch = api({
  key: 53,
  name: 'BeginQuorumEpoch',
  versions: [0, 1],
  flexible: 1,
  request: {
    clusterId: string.nullable().default(null),
    voterId: int32.since(1).default(-1).ignorable(),
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        voterDirectoryId: uuid.since(1).ignorable(),
        leaderId: int32,
        leaderEpoch: int32,
      }),
    }),
    leaderEndpoints: arrayOf({ name: string, host: string, port: uint16 }).since(1).ignorable(),
  },
  response: {
    errorCode: int16,
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        leaderId: int32,
        leaderEpoch: int32,
      }),
    }),
    nodeEndpoints: arrayOf({ nodeId: int32, host: string, port: uint16 }).since(1).tagged(0),
  },
})
