/**
 * Coordinator to partition leaders: write the end markers of transactions.
 * v2 transaction version (KIP-1228).
 */
import { api, array, arrayOf, bool, int16, int32, int64, int8, string } from '../schema/index.js'

export const writeTxnMarkers = api({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [1, 2],
  flexible: 1,
  request: {
    markers: arrayOf({
      producerId: int64,
      producerEpoch: int16,
      transactionResult: bool,
      topics: arrayOf({ name: string, partitionIndexes: array(int32) }),
      coordinatorEpoch: int32,
      transactionVersion: int8.since(2).ignorable(),
    }),
  },
  response: {
    markers: arrayOf({
      producerId: int64,
      topics: arrayOf({
        name: string,
        partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
      }),
    }),
  },
})
