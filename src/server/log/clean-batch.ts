/**
 * What compaction leaves of a batch: all of it, some of its records, its bare header, or nothing.
 *
 * Offsets never change. A tombstone, and the marker that ends a transaction, must be seen by readers for a while: the first
 * pass that meets one writes into its batch until when (the delete horizon), and a later pass removes it (KIP-534).
 */
import { batch, BatchBuilder, BATCH_HEADER_BYTES, codecNumbered, RecordCursor } from '../../protocol/records/index.js'
import type { OffsetMap } from './offset-map.js'
import { producerBatch } from './producer-batches.js'
import type { ProducerBatch } from './producer-state.js'

export interface CleanRules {
  readonly map: OffsetMap
  readonly nowMs: number
  readonly deleteRetentionMs: number
  /** Batches, by base offset, of transactions that were aborted. */
  readonly aborted: ReadonlySet<number>
  /** By which a producer that may still write is known: the next start must find its sequence numbers and its epoch. */
  readonly isLastOfProducer: (batch: ProducerBatch, isControl: boolean) => boolean
}

export interface BatchPlace {
  /** The last batch of what is cleaned: its header stays in any case, so that the log ends where it did. */
  readonly isLast: boolean
  /** For the marker that ends a transaction: nothing of the transaction is left before it. */
  readonly isAlone: boolean
}

/** Undefined: nothing is left. */
export function cleanBatch(bytes: Buffer, at: number, rules: CleanRules, place: BatchPlace): Buffer | undefined {
  const { isLast } = place
  const whole = bytes.subarray(at, at + batch.sizeInBytes(bytes, at))
  if (batch.recordsCount(whole, 0) === 0) return headerOrNothing(whole, rules, isLast)
  if (batch.isControl(whole, 0)) return place.isAlone ? cleanMarker(whole, rules, isLast) : whole
  if (rules.aborted.has(batch.baseOffset(whole, 0))) return headerOrNothing(whole, rules, isLast)
  return cleanRecords(whole, rules, isLast)
}

function cleanRecords(whole: Buffer, rules: CleanRules, isLast: boolean): Buffer | undefined {
  const { map, nowMs } = rules
  const horizonMs = batch.deleteHorizonMs(whole, 0)
  let kept = 0
  let count = 0
  let hasTombstone = false
  const keeps: boolean[] = []
  for (const cursor = new RecordCursor(whole, 0); cursor.next(); count++) {
    const isPast = cursor.offset > map.latestOffset
    const { key } = cursor
    const isLatest = isPast || (key !== null && cursor.offset >= (map.get(key) ?? -1))
    const isDue = !isPast && !cursor.hasValue && horizonMs !== undefined && nowMs >= horizonMs
    const keep = isLatest && !isDue
    keeps.push(keep)
    if (!keep) continue
    kept++
    if (!cursor.hasValue && !isPast) hasTombstone = true
  }
  if (kept === 0) return headerOrNothing(whole, rules, isLast)
  const setsHorizon = hasTombstone && horizonMs === undefined
  if (kept === count && !setsHorizon) return whole
  return rewrite(whole, (index) => keeps[index]!, setsHorizon ? nowMs + rules.deleteRetentionMs : horizonMs)
}

function cleanMarker(whole: Buffer, rules: CleanRules, isLast: boolean): Buffer | undefined {
  const horizonMs = batch.deleteHorizonMs(whole, 0)
  if (batch.lastOffset(whole, 0) > rules.map.latestOffset) return whole
  if (horizonMs === undefined) return rewrite(whole, () => true, rules.nowMs + rules.deleteRetentionMs)
  return rules.nowMs >= horizonMs ? headerOrNothing(whole, rules, isLast) : whole
}

function rewrite(whole: Buffer, keeps: (index: number) => boolean, deleteHorizonMs: number | undefined): Buffer {
  const builder = new BatchBuilder(
    {
      codec: codecNumbered(batch.codecId(whole, 0)).name,
      baseOffset: batch.baseOffset(whole, 0),
      partitionLeaderEpoch: batch.partitionLeaderEpoch(whole, 0),
      control: batch.isControl(whole, 0),
      logAppendTimeMs: batch.timestampType(whole, 0) === 'LogAppendTime' ? batch.maxTimestamp(whole, 0) : undefined,
      deleteHorizonMs,
    },
    whole.length,
  )
  let index = 0
  for (const cursor = new RecordCursor(whole, 0); cursor.next(); index++) {
    if (!keeps(index)) continue
    const { key, value, timestampMs } = cursor
    builder.append({ key, value, headers: cursor.headers(), timestampMs }, cursor.offsetDelta)
  }
  return builder.finish(producerOf(whole), batch.lastOffsetDelta(whole, 0))
}

function headerOrNothing(whole: Buffer, rules: CleanRules, isLast: boolean): Buffer | undefined {
  const isNeeded =
    batch.hasProducerId(whole, 0) && rules.isLastOfProducer(producerBatch(whole, 0), batch.isControl(whole, 0))
  if (!isLast && !isNeeded) return undefined
  const header = Buffer.alloc(BATCH_HEADER_BYTES)
  batch.writeBatchHeader(header, 0, {
    baseOffset: batch.baseOffset(whole, 0),
    sizeInBytes: BATCH_HEADER_BYTES,
    partitionLeaderEpoch: batch.partitionLeaderEpoch(whole, 0),
    attributes: batch.attributes(whole, 0) & ~(batch.CODEC_MASK | batch.DELETE_HORIZON),
    lastOffsetDelta: batch.lastOffsetDelta(whole, 0),
    baseTimestamp: batch.NO_TIMESTAMP,
    maxTimestamp: batch.NO_TIMESTAMP,
    producerId: batch.producerId(whole, 0),
    producerEpoch: batch.producerEpoch(whole, 0),
    baseSequence: batch.baseSequence(whole, 0),
    recordsCount: 0,
  })
  return header
}

function producerOf(whole: Buffer): Parameters<BatchBuilder['finish']>[0] {
  return {
    producerId: batch.producerId(whole, 0),
    producerEpoch: batch.producerEpoch(whole, 0),
    baseSequence: batch.baseSequence(whole, 0),
    transactional: batch.isTransactional(whole, 0),
  }
}
