/**
 * Stores a group's offsets in __consumer_offsets. A generation of -1 with an empty member id commits from outside the
 * group.
 * v2–v4 carry a retention time that is no longer heeded · v6 leader epoch (KIP-320) · v7 static members (KIP-345) · v9
 * usable with the new group protocol, whose member epoch travels as generation (KIP-848) · v10 topic ids instead of
 * names.
 */
import { api, arrayOf, int16, int32, int64, string, uuid } from '../schema/index.js'

export const offsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 10],
  flexible: 8,
  request: {
    groupId: string,
    generationIdOrMemberEpoch: int32.default(-1),
    memberId: string,
    groupInstanceId: string.since(7).nullable().default(null),
    retentionTimeMs: int64.until(4).default(-1).ignorable(),
    topics: arrayOf({
      name: string.until(9).ignorable(),
      topicId: uuid.since(10).ignorable(),
      partitions: arrayOf({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(6).default(-1).ignorable(),
        committedMetadata: string.nullable(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.since(3).ignorable(),
    topics: arrayOf({
      name: string.until(9).ignorable(),
      topicId: uuid.since(10).ignorable(),
      partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
