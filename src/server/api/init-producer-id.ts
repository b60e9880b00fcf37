/** Gives a producer its id and epoch; with a transactional id, as the one producer under it. All of it is the transaction coordinator's. */
import { initProducerId } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const initProducerIdHandler = handler(
  initProducerId,
  ({ transactions }: Pick<Broker, 'transactions'>) => transactions.initProducerId,
  // 6 is for two-phase commit (KIP-939), which is not there yet
  [0, 5],
)
