/** From a batch's bytes to what the producer state is told of it, alike when it is appended and when a log is loaded. */
import { batch, RecordCursor } from '../../protocol/records/index.js'
import type { ProducerBatch, ProducerState } from './producer-state.js'
import type { AbortedTransaction } from './transaction-index.js'

export function producerBatch(bytes: Buffer, at: number): ProducerBatch {
  return {
    producerId: batch.producerId(bytes, at),
    producerEpoch: batch.producerEpoch(bytes, at),
    baseSequence: batch.baseSequence(bytes, at),
    baseOffset: batch.baseOffset(bytes, at),
    lastOffsetDelta: batch.lastOffsetDelta(bytes, at),
    maxTimestamp: batch.maxTimestamp(bytes, at),
    isTransactional: batch.isTransactional(bytes, at),
  }
}

/**
 * A batch has its place in the log. Batches without a producer id, and KRaft's own control batches, say nothing. Gives the
 * transaction that it aborted, if it had written anything.
 */
export function noteProducer(state: ProducerState, bytes: Buffer, at: number): AbortedTransaction | undefined {
  if (!batch.hasProducerId(bytes, at)) return undefined
  const written = producerBatch(bytes, at)
  if (!batch.isControl(bytes, at)) {
    state.update(written)
    return undefined
  }
  if (batch.recordsCount(bytes, at) === 0) state.noteEpoch(written)
  const marker = endOfTransaction(bytes, at)
  if (marker === undefined) return undefined
  const firstOffset = state.endTransaction(written, marker.coordinatorEpoch)
  if (firstOffset === undefined || marker.commit) return undefined
  const { producerId, baseOffset: lastOffset } = written
  return { producerId, firstOffset, lastOffset, lastStableOffset: state.firstOpenOffset ?? lastOffset + 1 }
}

/**
 * Looks at what a coordinator is about to append in a producer's name.
 *
 * @throws AppendError as `ProducerState.checkCoordinated`
 */
export function checkCoordinated(state: ProducerState, bytes: Buffer, at: number): void {
  if (!batch.hasProducerId(bytes, at)) return
  const marker = batch.isControl(bytes, at) ? endOfTransaction(bytes, at) : undefined
  state.checkCoordinated(batch.producerId(bytes, at), batch.producerEpoch(bytes, at), marker?.coordinatorEpoch)
}

const ABORT = 0
const COMMIT = 1

/** What a control batch says of a transaction's end; undefined when it is about something else. */
export function endOfTransaction(
  bytes: Buffer,
  at: number,
): { readonly commit: boolean; readonly coordinatorEpoch: number } | undefined {
  const cursor = new RecordCursor(bytes, at)
  if (!cursor.next()) return undefined
  const { key, value } = cursor
  // key: version, type; value: version, coordinator epoch
  if (key === null || value === null || key.length < 4 || value.length < 6) return undefined
  const type = key.readInt16BE(2)
  if (type !== ABORT && type !== COMMIT) return undefined
  return { commit: type === COMMIT, coordinatorEpoch: value.readInt32BE(2) }
}
