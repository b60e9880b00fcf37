/**
 * EndTxn, in both protocols at once: clients up to version 4 keep their epoch; those from version 5 on get a raised one
 * with every end (KIP-890), which also tells a repeated call from the next one.
 */
import { ErrorCode } from '../../protocol/errors.js'
import {
  EPOCH_MAX,
  isEpochExhausted,
  moved,
  NO_PARTITIONS,
  type Transaction,
  type TransactionState,
  type TransactionVersion,
} from './transaction.js'

/** What ending a transaction needs beside it. */
export interface Ending {
  readonly nowMs: number
  /** The finalised feature `transaction.version`. */
  readonly serverVersion: TransactionVersion
  readonly newProducerId: () => number
}

export interface EndRequest {
  readonly producerId: number
  readonly producerEpoch: number
  readonly outcome: 'commit' | 'abort'
  readonly clientVersion: TransactionVersion
}

export interface Ended {
  readonly error: ErrorCode
  /** Set: it has changed. */
  readonly transaction?: Transaction
}

const done: Ended = { error: ErrorCode.NONE }
const refused = (error: ErrorCode): Ended => ({ error })
const invalid = refused(ErrorCode.INVALID_TXN_STATE)

export function endTransaction(transaction: Transaction | undefined, request: EndRequest, ending: Ending): Ended {
  if (!transaction) return refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  return request.clientVersion >= 2
    ? endBumping(transaction, request, ending)
    : endKeeping(transaction, request, ending)
}

/** Version 1: the same call in the same state is a repetition. */
function endKeeping(transaction: Transaction, request: EndRequest, ending: Ending): Ended {
  if (transaction.producerId !== request.producerId) return refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  if (transaction.producerEpoch !== request.producerEpoch) return refused(ErrorCode.PRODUCER_FENCED)
  const isCommit = request.outcome === 'commit'
  switch (transaction.state) {
    case 'Ongoing':
      return prepared(transaction, request, ending)
    case 'CompleteCommit':
      return isCommit ? done : invalid
    case 'CompleteAbort':
      return isCommit ? invalid : done
    case 'PrepareCommit':
      return isCommit ? refused(ErrorCode.CONCURRENT_TRANSACTIONS) : invalid
    case 'PrepareAbort':
      return isCommit ? invalid : refused(ErrorCode.CONCURRENT_TRANSACTIONS)
    case 'Empty':
      return invalid
  }
}

/** Version 2: a repetition is known by the epoch, which the first call has raised. */
function endBumping(transaction: Transaction, request: EndRequest, ending: Ending): Ended {
  const { producerId, producerEpoch } = transaction
  const wasRaised = producerEpoch === request.producerEpoch + 1
  const wasReplaced =
    transaction.previousProducerId === request.producerId &&
    request.producerEpoch === EPOCH_MAX - 1 &&
    producerEpoch === 0
  const isCurrent = producerEpoch === request.producerEpoch
  const isRepeated = wasRaised || wasReplaced
  const isCommit = request.outcome === 'commit'
  if (producerId !== request.producerId && !wasReplaced) return refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  switch (transaction.state) {
    case 'Ongoing':
      return isCurrent ? prepared(transaction, request, ending) : refused(ErrorCode.PRODUCER_FENCED)
    case 'PrepareCommit':
      if (!wasRaised) return refused(ErrorCode.PRODUCER_FENCED)
      return isCommit ? refused(ErrorCode.CONCURRENT_TRANSACTIONS) : invalid
    case 'PrepareAbort':
      if (!wasRaised) return refused(ErrorCode.PRODUCER_FENCED)
      return isCommit ? invalid : refused(ErrorCode.CONCURRENT_TRANSACTIONS)
    case 'CompleteCommit':
      if (!isRepeated && !isCurrent) return refused(ErrorCode.PRODUCER_FENCED)
      if (isCommit) return isRepeated ? done : invalid
      return isRepeated ? invalid : prepared(transaction, request, ending)
    case 'CompleteAbort':
      if (!isRepeated && !isCurrent) return refused(ErrorCode.PRODUCER_FENCED)
      if (isCommit) return invalid
      return isRepeated ? done : prepared(transaction, request, ending)
    case 'Empty':
      if (!isCurrent) return refused(ErrorCode.PRODUCER_FENCED)
      return isCommit ? invalid : prepared(transaction, request, ending)
  }
}

function prepared(transaction: Transaction, request: EndRequest, ending: Ending): Ended {
  const state = request.outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort'
  return { error: ErrorCode.NONE, transaction: prepareEnd(transaction, state, request.clientVersion, ending) }
}

/** Decides the outcome; from here on only the markers are left to be written. */
export function prepareEnd(
  transaction: Transaction,
  state: 'PrepareCommit' | 'PrepareAbort',
  version: TransactionVersion,
  ending: Ending,
): Transaction {
  const { producerEpoch } = transaction
  const { nowMs } = ending
  // an end of nothing has no beginning of its own
  const startTimestampMs = transaction.state === 'Ongoing' ? transaction.startTimestampMs : nowMs
  const common = { startTimestampMs, lastUpdateTimestampMs: nowMs, clientVersion: version }
  if (version < 2) return moved(transaction, state, common)
  const nextProducerId = isEpochExhausted(producerEpoch) ? ending.newProducerId() : -1
  const raised = { producerEpoch: Math.min(producerEpoch + 1, EPOCH_MAX), lastProducerEpoch: producerEpoch }
  return moved(transaction, state, { ...common, ...raised, nextProducerId })
}

/** All markers are written. */
export function completeEnd(transaction: Transaction, nowMs: number): Transaction {
  const state: TransactionState = transaction.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort'
  const closed = { partitions: NO_PARTITIONS, lastUpdateTimestampMs: nowMs, nextProducerId: -1 }
  if (transaction.clientVersion < 2 || transaction.nextProducerId === -1) return moved(transaction, state, closed)
  const { nextProducerId, producerEpoch } = transaction
  const renewed = { producerId: nextProducerId, producerEpoch: 0, lastProducerEpoch: producerEpoch }
  return moved(transaction, state, { ...closed, ...renewed })
}

/** What the producer goes on with after the end. */
export function identityAfter(transaction: Transaction): {
  readonly producerId: number
  readonly producerEpoch: number
} {
  const { nextProducerId, producerId, producerEpoch, clientVersion } = transaction
  if (clientVersion >= 2 && nextProducerId !== -1) return { producerId: nextProducerId, producerEpoch: 0 }
  return { producerId, producerEpoch }
}
