/**
 * Transactional ids on this coordinator, filtered by state and producer id (KIP-664).
 * v1 by age (KIP-994) · v2 by a pattern (KIP-1152).
 */
import { api, array, arrayOf, int16, int32, int64, string } from '../schema/index.js'

export const listTransactions = api({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexible: 0,
  request: {
    stateFilters: array(string),
    producerIdFilters: array(int64),
    durationFilter: int64.since(1).default(-1),
    transactionalIdPattern: string.since(2).nullable().default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    unknownStateFilters: array(string),
    transactionStates: arrayOf({ transactionalId: string, producerId: int64, transactionState: string }),
  },
})
