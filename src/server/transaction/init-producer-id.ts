/**
 * InitProducerId with a transactional id: the caller becomes the one producer under the id, all before it are fenced.
 *
 * A transaction that the one before left open is aborted first; the caller is told to come again, and is then given the
 * id. A producer that names the id and epoch it had (KIP-360) goes on with a raised epoch, if nobody came between.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { prepareEnd, type Ending } from './end-transaction.js'
import { isEnding, isEpochExhausted, moved, newTransaction, NO_PARTITIONS, type Transaction } from './transaction.js'

export interface Init {
  readonly timeoutMs: number
  /** What the producer believes to have; undefined: it has nothing, or begins anew. */
  readonly expected: { readonly producerId: number; readonly producerEpoch: number } | undefined
}

export interface Initialised {
  readonly error: ErrorCode
  /** Set: it has changed, also where an error is answered. */
  readonly transaction?: Transaction
}

export function initProducerId(present: Transaction | undefined, init: Init, ending: Ending): Initialised {
  const { nowMs } = ending
  const transaction = present ?? newTransaction(ending.newProducerId(), init.timeoutMs, nowMs)
  if (!mayTakeOver(transaction, init)) return { error: ErrorCode.PRODUCER_FENCED }
  if (isEnding(transaction)) return { error: ErrorCode.CONCURRENT_TRANSACTIONS }
  if (transaction.state === 'Ongoing') {
    // the raised epoch is never given to anyone: it only fences whoever has the transaction open
    return { error: ErrorCode.CONCURRENT_TRANSACTIONS, transaction: fence(transaction, ending) }
  }
  const { expected, timeoutMs } = init
  const { producerEpoch, lastProducerEpoch } = transaction
  const begun = {
    timeoutMs,
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
    lastUpdateTimestampMs: nowMs,
    clientVersion: 0,
  } as const
  if (isEpochExhausted(producerEpoch) && (!expected || expected.producerEpoch === producerEpoch)) {
    const lastEpoch = expected ? producerEpoch : -1
    const changes = { ...begun, producerId: ending.newProducerId(), producerEpoch: 0, lastProducerEpoch: lastEpoch }
    return { error: ErrorCode.NONE, transaction: moved(transaction, 'Empty', changes) }
  }
  if (!expected) {
    const changes = { ...begun, producerEpoch: producerEpoch + 1, lastProducerEpoch: -1 }
    return { error: ErrorCode.NONE, transaction: moved(transaction, 'Empty', changes) }
  }
  if (producerEpoch === -1 || expected.producerEpoch === producerEpoch) {
    const changes = { ...begun, producerEpoch: producerEpoch + 1, lastProducerEpoch: producerEpoch }
    return { error: ErrorCode.NONE, transaction: moved(transaction, 'Empty', changes) }
  }
  // the same call again: its answer was lost
  if (expected.producerEpoch === lastProducerEpoch) {
    return { error: ErrorCode.NONE, transaction: moved(transaction, 'Empty', begun) }
  }
  return { error: ErrorCode.PRODUCER_FENCED }
}

/** A producer that names what it had must have had it last; its epoch is looked at when it is raised. */
function mayTakeOver(transaction: Transaction, { expected }: Init): boolean {
  if (!expected || transaction.producerEpoch === -1 || expected.producerId === transaction.producerId) return true
  // its epochs were used up, and the answer that told it its new id was lost
  return expected.producerId === transaction.previousProducerId && isEpochExhausted(expected.producerEpoch)
}

/** Aborts what is open under an epoch that its producer does not have. */
export function fence(transaction: Transaction, ending: Ending): Transaction {
  if (ending.serverVersion >= 2) return prepareEnd(transaction, 'PrepareAbort', ending.serverVersion, ending)
  const producerEpoch = transaction.producerEpoch + 1
  return prepareEnd({ ...transaction, producerEpoch, lastProducerEpoch: -1 }, 'PrepareAbort', 0, ending)
}
