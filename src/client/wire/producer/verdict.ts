/**
 * What a broker's answer means for a batch, as Java's `Sender` and `TransactionManager` read it.
 *
 *   written    in the log
 *   again      the same bytes, later
 *   split      too large: in parts
 *   newEpoch   again, with all that is left, under the next epoch, from sequence 0 (KIP-360)
 *   startOver  again, under the same epoch, from sequence 0: retention took the records by which the broker knew us
 *   failed     no retry mends this
 */
import { ErrorCode, protocolError } from '../../../protocol/index.js'
import type { PartitionAnswer } from './produce-request.js'
import type { PartitionQueue } from './partition-queue.js'
import type { PendingBatch } from './pending-batch.js'

export type Verdict = 'written' | 'again' | 'split' | 'newEpoch' | 'startOver' | 'failed'

const NO_OFFSET = -1

export function verdictOn(
  { errorCode, logStartOffset }: Pick<PartitionAnswer, 'errorCode' | 'logStartOffset'>,
  queue: Pick<PartitionQueue, 'unfinished' | 'lastAckedOffset' | 'isPassed'>,
  batch: PendingBatch,
  transactional: boolean,
): Verdict {
  const isFirst = batch === queue.unfinished[0]
  switch (errorCode) {
    case ErrorCode.NONE:
    // written before, and forgotten where
    case ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
      return 'written'
    case ErrorCode.MESSAGE_TOO_LARGE:
      return batch.recordsCount > 1 ? 'split' : 'failed'
    case ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER:
      // behind a batch that was lost, all others are answered so; the first one has no such excuse. Where a later one was
      // taken, it was taken too, or the broker has lost what it knew: its time-out ends it, with neither told for certain
      if (!isFirst || queue.isPassed(batch)) return 'again'
      return transactional ? 'failed' : 'newEpoch'
    case ErrorCode.UNKNOWN_PRODUCER_ID:
      if (!isFirst || logStartOffset === NO_OFFSET) return 'again'
      if (!transactional) return 'newEpoch'
      return queue.lastAckedOffset < logStartOffset ? 'startOver' : 'failed'
    default:
      return protocolError(errorCode).retriable ? 'again' : 'failed'
  }
}
