/**
 * Raft: a leader that stops tells the others whom it would like as successor (KIP-595).
 * v1 flexible, candidates with directory ids, endpoints (KIP-853).
 */
import { api, array, arrayOf, int16, int32, string, uint16, uuid } from '../schema/index.js'

export const endQuorumEpoch = api({
  key: 54,
  name: 'EndQuorumEpoch',
  versions: [0, 1],
  flexible: 1,
  request: {
    clusterId: string.nullable().default(null),
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32,
        preferredSuccessors: array(int32).until(0).ignorable(),
        preferredCandidates: arrayOf({ candidateId: int32, candidateDirectoryId: uuid }).since(1).ignorable(),
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
