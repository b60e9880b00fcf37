/** From a batch's bytes to what the producer state is told of it, alike when it is appended and when a log is loaded. */
import { batch, RecordCursor } from '../../protocol/records/index.js'
import type { ProducerBatch, ProducerState } from './producer-state.js'

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

/** A batch has its place in the log. Batches without a producer id, and KRaft's own control batches, say nothing. */
export function noteProducer(state: ProducerState, bytes: Buffer, at: number): void {
  if (!batch.hasProducerId(bytes, at)) return
  if (!batch.isControl(bytes, at)) return state.update(producerBatch(bytes, at))
  const marker = endOfTransaction(bytes, at)
  if (marker !== undefined) state.endTransaction(producerBatch(bytes, at), marker.coordinatorEpoch)
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
