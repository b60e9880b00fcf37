/** Transactional ids that this broker coordinates. */
import { listTransactions } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const listTransactionsHandler = handler(
  listTransactions,
  ({ transactions }: Pick<Broker, 'transactions'>) => transactions.listTransactions,
)
