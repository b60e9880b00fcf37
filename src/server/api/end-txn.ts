/** Commits or aborts a transaction; answered when that is decided for good, while the markers are still on their way. */
import { endTxn } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const endTxnHandler = handler(endTxn, ({ transactions }: Pick<Broker, 'transactions'>) => transactions.endTxn)
