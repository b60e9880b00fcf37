/**
 * Where a leader epoch ended: lets consumers and followers find the point from which their log differs (KIP-101,
 * KIP-279).
 * v2 leader epoch of the asker (KIP-320) · v3 replica id; -2 is a consumer that may see beyond the high watermark.
 */
import { api, arrayOf, int16, int32, int64, string } from '../schema/index.js'

export const offsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  flexible: 4,
  request: {
    replicaId: int32.since(3).default(-2).ignorable(),
    topics: arrayOf({
      topic: string,
      partitions: arrayOf({
        partition: int32,
        currentLeaderEpoch: int32.default(-1),
        leaderEpoch: int32,
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      topic: string,
      partitions: arrayOf({
        errorCode: int16,
        partition: int32,
        leaderEpoch: int32.default(-1),
        endOffset: int64.default(-1),
      }),
    }),
  },
})
