/**
 * Adds partitions to a producer's open transaction. Clients use v0–v3, one transaction a request; brokers use v4 and
 * later, many transactions a request, also only to verify that a partition is in the transaction (KIP-890).
 * v2 PRODUCER_FENCED · v5 TRANSACTION_ABORTABLE.
 */
import { api, array, arrayOf, bool, int16, int32, int64, string } from '../schema/index.js'

const addPartitionsToTxnTopic = { name: string, partitions: array(int32) }

const addPartitionsToTxnPartitionResult = { partitionIndex: int32, partitionErrorCode: int16 }

const addPartitionsToTxnTopicResult = {
  name: string,
  resultsByPartition: arrayOf(addPartitionsToTxnPartitionResult),
}

export const addPartitionsToTxn = api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactions: arrayOf({
      transactionalId: string,
      producerId: int64,
      producerEpoch: int16,
      verifyOnly: bool.default(false),
      topics: arrayOf(addPartitionsToTxnTopic),
    }).since(4),
    v3AndBelowTransactionalId: string.until(3),
    v3AndBelowProducerId: int64.until(3),
    v3AndBelowProducerEpoch: int16.until(3),
    v3AndBelowTopics: arrayOf(addPartitionsToTxnTopic).until(3),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(4).ignorable(),
    resultsByTransaction: arrayOf({
      transactionalId: string,
      topicResults: arrayOf(addPartitionsToTxnTopicResult),
    }).since(4),
    resultsByTopicV3AndBelow: arrayOf(addPartitionsToTxnTopicResult).until(3),
  },
})
