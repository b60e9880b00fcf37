/**
 * Reads a group's committed offsets; null topics ask for all of them.
 * v5 leader epoch (KIP-320) · v7 refuses while a transaction holds the offset, on request (KIP-447) · v8 many groups
 * at once (KIP-709) · v9 member id and epoch, checked under the new group protocol (KIP-848) · v10 topic ids instead
 * of names.
 */
import { api, array, arrayOf, bool, int16, int32, int64, string, uuid } from '../schema/index.js'

export const offsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 10],
  flexible: 6,
  request: {
    groupId: string.until(7),
    topics: arrayOf({ name: string, partitionIndexes: array(int32) })
      .until(7)
      .nullable(2),
    groups: arrayOf({
      groupId: string,
      memberId: string.since(9).nullable().default(null).ignorable(),
      memberEpoch: int32.since(9).default(-1).ignorable(),
      topics: arrayOf({
        name: string.until(9).ignorable(),
        topicId: uuid.since(10).ignorable(),
        partitionIndexes: array(int32),
      }).nullable(),
    }).since(8),
    requireStable: bool.since(7),
  },
  response: {
    throttleTimeMs: int32.since(3).ignorable(),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(5).default(-1).ignorable(),
        metadata: string.nullable(),
        errorCode: int16,
      }),
    }).until(7),
    errorCode: int16.since(2).until(7).ignorable(),
    groups: arrayOf({
      groupId: string,
      topics: arrayOf({
        name: string.until(9).ignorable(),
        topicId: uuid.since(10).ignorable(),
        partitions: arrayOf({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: int32.default(-1),
          metadata: string.nullable(),
          errorCode: int16,
        }),
      }),
      errorCode: int16.default(0),
    }).since(8),
  },
})
