/**
 * Raft: a candidate asks a voter for its vote (KIP-595).
 * v1 directory ids (KIP-853) · v2 pre-vote (KIP-996).
 */
import { api, arrayOf, bool, int16, int32, int64, string, uint16, uuid } from '../schema/index.js'

export const vote = api({
  key: 52,
  name: 'Vote',
  versions: [0, 2],
  flexible: 0,
  request: {
    clusterId: string.nullable().default(null),
    voterId: int32.since(1).default(-1).ignorable(),
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        replicaEpoch: int32,
        replicaId: int32,
        replicaDirectoryId: uuid.since(1).ignorable(),
        voterDirectoryId: uuid.since(1).ignorable(),
        lastOffsetEpoch: int32,
        lastOffset: int64,
        preVote: bool.since(2),
      }),
    }),
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
        voteGranted: bool,
      }),
    }),
    nodeEndpoints: arrayOf({ nodeId: int32, host: string, port: uint16 }).since(1).tagged(0),
  },
})
