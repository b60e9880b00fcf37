/** Adds a group's partition of `__consumer_offsets` to a transaction. */
import { addOffsetsToTxn } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const addOffsetsToTxnHandler = handler(
  addOffsetsToTxn,
  ({ transactions }: Pick<Broker, 'transactions'>) => transactions.addOffsetsToTxn,
)
