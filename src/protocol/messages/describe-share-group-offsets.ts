/**
 * Where share groups begin to read; null topics ask for all of them (KIP-932).
 * v1 lag (KIP-1226).
 */
import { api, array, arrayOf, int16, int32, int64, string, uuid } from '../schema/index.js'

export const describeShareGroupOffsets = api({
  key: 90,
  name: 'DescribeShareGroupOffsets',
  versions: [0, 1],
  flexible: 0,
  request: {
    groups: arrayOf({
      groupId: string,
      topics: arrayOf({ topicName: string, partitions: array(int32) }).nullable(),
    }),
  },
  response: {
    throttleTimeMs: int32,
    groups: arrayOf({
      groupId: string,
      topics: arrayOf({
        topicName: string,
        topicId: uuid,
        partitions: arrayOf({
          partitionIndex: int32,
          startOffset: int64,
          leaderEpoch: int32,
          lag: int64.since(1).default(-1).ignorable(),
          errorCode: int16,
          errorMessage: string.nullable().default(null),
        }),
      }),
      errorCode: int16,
      errorMessage: string.nullable().default(null),
    }),
  },
})
