/** Finding and reading batches in a segment's file, for fetches that the tail cache can't serve. */
import { batch, CorruptBatchError, sizeOfBatch } from '../../protocol/records/index.js'
import type { Segment } from './segment.js'

export interface ReadLimits {
  readonly maxBytes: number
  /** Give a batch even when it alone is larger than `maxBytes`. */
  readonly minOneBatch: boolean
  /** Only batches that begin below this offset. */
  readonly endOffset: number
}

const EMPTY = Buffer.alloc(0)
const HEADER = batch.BATCH_HEADER_BYTES

/**
 * Whole batches from the one that holds `fromOffset`, or the next one above it; empty when there is none in this segment
 * within the limits.
 */
export async function readSegment(segment: Segment, fromOffset: number, limits: ReadLimits): Promise<Found> {
  const { file } = segment
  let position = segment.offsetIndex.lookup(fromOffset)
  for (;;) {
    const piece = await file.read(position, Math.max(limits.maxBytes, HEADER) + SCAN_AHEAD_BYTES)
    let at = 0
    while (piece.length - at >= HEADER && batch.lastOffset(piece, at) < fromOffset) at += sizeAt(segment, piece, at)
    if (piece.length - at >= HEADER) return wholeBatches(segment, piece, at, position, limits)
    // the batch begins beyond the piece, or with so few bytes of it that not even its header is whole
    if (piece.length < HEADER || position + at + HEADER > file.size) return { bytes: EMPTY, atEnd: true }
    position += at
  }
}

export interface Found {
  readonly bytes: Buffer
  /** There is nothing at or above the offset in this segment: look into the next one. */
  readonly atEnd: boolean
}

/** The index leads to a place at most so far before the batch: the entries' usual distance, and some. */
const SCAN_AHEAD_BYTES = 8 * 1024

function sizeAt(segment: Segment, piece: Buffer, at: number): number {
  const size = batch.sizeInBytes(piece, at)
  if (size < HEADER) throw new CorruptBatchError(`${segment.file.path} holds a batch of ${size} bytes`)
  return size
}

async function wholeBatches(
  segment: Segment,
  piece: Buffer,
  from: number,
  position: number,
  limits: ReadLimits,
): Promise<Found> {
  const first = batch.sizeInBytes(piece, from)
  if (batch.baseOffset(piece, from) >= limits.endOffset) return { bytes: EMPTY, atEnd: false }
  if (first > limits.maxBytes && !limits.minOneBatch) return { bytes: EMPTY, atEnd: false }
  if (from + first > piece.length) {
    const bytes = await segment.file.read(position + from, first)
    return { bytes: bytes.length < first ? EMPTY : bytes, atEnd: bytes.length < first }
  }
  return { bytes: piece.subarray(from, endOfBatches(piece, from, limits)), atEnd: false }
}

/** Where the batches end that begin at `from` and keep within the limits; the first one is taken as it is. */
export function endOfBatches(bytes: Buffer, from: number, { maxBytes, endOffset }: ReadLimits): number {
  let end = from + batch.sizeInBytes(bytes, from)
  for (let size = sizeOfBatch(bytes, end); size > 0; size = sizeOfBatch(bytes, end)) {
    if (end + size - from > maxBytes || batch.baseOffset(bytes, end) >= endOffset) break
    end += size
  }
  return end
}
