/**
 * Finds the offset for a timestamp. Negative timestamps are questions: -1 latest, -2 earliest, -3 largest timestamp
 * (v7, KIP-734), -4 earliest local (v8, KIP-405), -5 latest tiered (v9, KIP-1005), -6 earliest pending upload (v11,
 * KIP-1023).
 * v2 isolation level · v4 leader epoch (KIP-320) · v10 a time-out for questions to remote storage (KIP-1075).
 */
import { api, arrayOf, int16, int32, int64, int8, string } from '../schema/index.js'

export const listOffsets = api({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 11],
  flexible: 6,
  request: {
    replicaId: int32,
    isolationLevel: int8.since(2),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        currentLeaderEpoch: int32.since(4).default(-1).ignorable(),
        timestamp: int64,
      }),
    }),
    timeoutMs: int32.since(10).ignorable(),
  },
  response: {
    throttleTimeMs: int32.since(2).ignorable(),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: int64.default(-1),
        offset: int64.default(-1),
        leaderEpoch: int32.since(4).default(-1),
      }),
    }),
  },
})
