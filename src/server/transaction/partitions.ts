/** AddPartitionsToTxn: what a transaction writes to, before it does; and, for partition leaders, whether it may (KIP-890). */
import { ErrorCode } from '../../protocol/errors.js'
import {
  holds,
  isEnding,
  moved,
  union,
  eachPartition,
  type Transaction,
  type TransactionPartitions,
  type TransactionVersion,
} from './transaction.js'

export interface Writer {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface Added {
  readonly error: ErrorCode
  /** Set: it has changed. */
  readonly transaction?: Transaction
}

export function addPartitions(
  transaction: Transaction | undefined,
  writer: Writer,
  partitions: TransactionPartitions,
  clientVersion: TransactionVersion,
  nowMs: number,
): Added {
  const error = checkWriter(transaction, writer)
  if (error !== ErrorCode.NONE || !transaction) return { error }
  const isOngoing = transaction.state === 'Ongoing'
  const isNew = [...eachPartition(partitions)].some(
    ({ topic, partition }) => !holds(transaction.partitions, topic, partition),
  )
  if (isOngoing && !isNew) return { error }
  const changes = {
    partitions: union(transaction.partitions, partitions),
    startTimestampMs: isOngoing ? transaction.startTimestampMs : nowMs,
    lastUpdateTimestampMs: nowMs,
    clientVersion,
  }
  return { error, transaction: moved(transaction, 'Ongoing', changes) }
}

/** Whether a batch of the producer's transaction may be written to the partition. */
export function verifyPartition(
  transaction: Transaction | undefined,
  writer: Writer,
  topic: string,
  partition: number,
): ErrorCode {
  const error = checkWriter(transaction, writer)
  if (error !== ErrorCode.NONE || !transaction) return error
  return holds(transaction.partitions, topic, partition) ? ErrorCode.NONE : ErrorCode.TRANSACTION_ABORTABLE
}

function checkWriter(transaction: Transaction | undefined, writer: Writer): ErrorCode {
  if (!transaction || transaction.producerId !== writer.producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING
  if (transaction.producerEpoch !== writer.producerEpoch) return ErrorCode.PRODUCER_FENCED
  return isEnding(transaction) ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.NONE
}
