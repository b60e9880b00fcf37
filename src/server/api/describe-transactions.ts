/** State of transactions, by transactional id. */
import { describeTransactions } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const describeTransactionsHandler = handler(
  describeTransactions,
  ({ transactions }: Pick<Broker, 'transactions'>) => transactions.describeTransactions,
)
