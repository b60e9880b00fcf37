/**
 * Appends record batches to partitions. One magic-2 batch per partition; acks 0 gets no answer at all.
 * v7 allows zstd (KIP-110) · v8 names the records that broke a batch (KIP-467) · v10 tells where the leader moved
 * (KIP-951) · v12 adds partitions to the transaction on the way (KIP-890) · v13 topic ids instead of names (KIP-516).
 * Brokers advertise 0 as the lowest version, for librdkafka's sake, but serve only 3 and up (KAFKA-18659).
 */
import { api, arrayOf, int16, int32, int64, records, string, struct, uuid } from '../schema/index.js'

export const produce = api({
  key: 0,
  name: 'Produce',
  versions: [3, 13],
  flexible: 9,
  request: {
    transactionalId: string.nullable().default(null),
    acks: int16,
    timeoutMs: int32,
    topicData: arrayOf({
      name: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitionData: arrayOf({ index: int32, records }),
    }),
  },
  response: {
    responses: arrayOf({
      name: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitionResponses: arrayOf({
        index: int32,
        errorCode: int16,
        baseOffset: int64,
        logAppendTimeMs: int64.default(-1),
        logStartOffset: int64.since(5).default(-1).ignorable(),
        recordErrors: arrayOf({
          batchIndex: int32,
          batchIndexErrorMessage: string.nullable().default(null),
        })
          .since(8)
          .ignorable(),
        errorMessage: string.since(8).nullable().default(null).ignorable(),
        currentLeader: struct({ leaderId: int32.default(-1), leaderEpoch: int32.default(-1) })
          .since(10)
          .tagged(0),
      }),
    }),
    throttleTimeMs: int32.default(0),
    nodeEndpoints: arrayOf({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    })
      .since(10)
      .tagged(0),
  },
})
