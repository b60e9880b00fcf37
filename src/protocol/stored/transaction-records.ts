/** What a transaction coordinator stores in `__transaction_state`. */
import { array, arrayOf, int16, int32, int64, int8, record, string } from '../schema/index.js'

export const transactionLogKey = record({
  name: 'TransactionLogKey',
  versions: [0, 0],
  fields: { transactionalId: string },
})

export const transactionLogValue = record({
  name: 'TransactionLogValue',
  versions: [0, 1],
  flexible: 1,
  fields: {
    producerId: int64,
    previousProducerId: int64.since(1).default(-1).tagged(0),
    nextProducerId: int64.since(1).default(-1).tagged(1),
    producerEpoch: int16,
    nextProducerEpoch: int16.since(1).default(-1).tagged(3),
    transactionTimeoutMs: int32,
    transactionStatus: int8,
    transactionPartitions: arrayOf({ topic: string, partitionIds: array(int32) }).nullable(),
    transactionLastUpdateTimestampMs: int64,
    transactionStartTimestampMs: int64,
    clientTransactionVersion: int16.since(1).tagged(2),
  },
})
