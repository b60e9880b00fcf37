/** State of transactions, by transactional id (KIP-664). */
import { api, array, arrayOf, int16, int32, int64, string } from '../schema/index.js'

export const describeTransactions = api({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexible: 0,
  request: { transactionalIds: array(string) },
  response: {
    throttleTimeMs: int32.default(0),
    transactionStates: arrayOf({
      errorCode: int16,
      transactionalId: string,
      transactionState: string,
      transactionTimeoutMs: int32,
      transactionStartTimeMs: int64,
      producerId: int64,
      producerEpoch: int16,
      topics: arrayOf({ topic: string, partitions: array(int32) }),
    }),
  },
})
