/**
 * Transactional producers and their transactions; one machine per partition of `__transaction_state`. Methods are named
 * for their requests; `admit` is for the leaders of the partitions that a transaction writes to.
 */
import type { ErrorCode } from '../../protocol/errors.js'
import type * as messages from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { RequestContext } from '../api/handler.js'
import type { TransactionPartitions } from './transaction.js'

type Call<A> = (request: RequestOf<A>, context: RequestContext) => Promise<ResponseOf<A>>

/** A producer that writes to partitions in its transaction. */
export interface TransactionalWrite {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly partitions: TransactionPartitions
}

/**
 * What the client that writes can do, by the version of its request:
 * `verify`: it adds partitions itself, and knows INVALID_TXN_STATE where one is missing · `verify-abortable`: it knows
 * TRANSACTION_ABORTABLE for that · `add`: it leaves it to the broker to add the partition.
 */
export type TransactionSupport = 'verify' | 'verify-abortable' | 'add'

export type Admitted = (topic: string, partition: number) => ErrorCode

export interface TransactionCoordinator {
  /** The partition of `__transaction_state` that an id lives in. */
  partitionFor(transactionalId: string): number
  /** With a null id: a producer id that only serves to tell duplicates. */
  initProducerId: Call<typeof messages.initProducerId>
  /** Partitions are taken as they stand: whoever calls has seen to it that they exist and may be written. */
  addPartitionsToTxn: Call<typeof messages.addPartitionsToTxn>
  addOffsetsToTxn: Call<typeof messages.addOffsetsToTxn>
  endTxn: Call<typeof messages.endTxn>
  describeTransactions: Call<typeof messages.describeTransactions>
  listTransactions: Call<typeof messages.listTransactions>
  /** Whether a write may go into the producer's transaction, partition by partition (KIP-890). */
  admit(write: TransactionalWrite, support: TransactionSupport): Promise<Admitted>
  /**
   * As if the open transaction had timed out: it is aborted, under an epoch that its producer does not have. NONE:
   * that is decided · TRANSACTIONAL_ID_NOT_FOUND · INVALID_TXN_STATE: none is open
   */
  expire(transactionalId: string): Promise<ErrorCode>
}
