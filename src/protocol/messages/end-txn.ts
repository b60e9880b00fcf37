/**
 * Commits or aborts a transaction.
 * v2 PRODUCER_FENCED · v4 TRANSACTION_ABORTABLE · v5 bumps the epoch with every transaction and gives it back
 * (KIP-890).
 */
import { api, bool, int16, int32, int64, string } from '../schema/index.js'

export const endTxn = api({
  key: 26,
  name: 'EndTxn',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    committed: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerId: int64.since(5).default(-1).ignorable(),
    producerEpoch: int16.since(5).default(-1).ignorable(),
  },
})
