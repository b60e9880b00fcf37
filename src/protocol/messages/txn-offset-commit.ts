/**
 * Stores a group's offsets within a transaction; they count when it commits.
 * v2 leader epoch (KIP-320) · v3 member, generation and instance of the group, for fencing (KIP-447) · v4
 * TRANSACTION_ABORTABLE · v5 adds the group's partition to the transaction on the way (KIP-890).
 */
import { api, arrayOf, int16, int32, int64, string } from '../schema/index.js'

export const txnOffsetCommit = api({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: int32.since(3).default(-1),
    memberId: string.since(3),
    groupInstanceId: string.since(3).nullable().default(null),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(2).default(-1).ignorable(),
        committedMetadata: string.nullable(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
