/**
 * Adds a group's offsets partition to a producer's transaction, before TxnOffsetCommit (KIP-98).
 * v2 PRODUCER_FENCED · v4 TRANSACTION_ABORTABLE (KIP-890).
 */
import { api, int16, int32, int64, string } from '../schema/index.js'

export const addOffsetsToTxn = api({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexible: 3,
  request: {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    groupId: string,
  },
  response: { throttleTimeMs: int32.default(0), errorCode: int16 },
})
