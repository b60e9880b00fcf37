/**
 * Going through the batches of a segment's file in large pieces, for whoever has to see all of them: recovery, replay,
 * producer state, the cleaner. Between pieces the loop has its turn.
 */
import { batch, sizeOfBatch, CorruptBatchError } from '../../protocol/records/index.js'
import type { DiskFile } from '../disk/disk.js'

const PIECE_BYTES = 1024 * 1024
const PREFIX_BYTES = batch.BATCH_HEADER_BYTES

/**
 * A piece of a file that begins with a batch and holds at least one; `position` is where it stands in the file. False
 * ends the scan.
 */
export type OnPiece = (piece: Buffer, position: number) => boolean | void | Promise<boolean | void>

/**
 * Hands out whole batches from `position` up to `end`. Stops at a batch that is cut off; throws what `sizeOfBatch` throws
 * at one that can't be a batch. Gives the position at which it stopped.
 */
export async function scanPieces(file: DiskFile, position: number, end: number, onPiece: OnPiece): Promise<number> {
  let at = position
  while (at < end) {
    let piece = await file.read(at, Math.min(PIECE_BYTES, end - at))
    const size = batchAt(piece, end - at)
    if (size === 0) return at
    if (size > piece.length) piece = await file.read(at, size)
    const whole = wholePrefix(piece)
    if (whole === 0) return at
    const goOn = await onPiece(whole === piece.length ? piece : piece.subarray(0, whole), at)
    at += whole
    if (goOn === false) return at
  }
  return at
}

/** Size of the batch that a piece begins with; 0 when the file ends before it does. */
function batchAt(piece: Buffer, left: number): number {
  if (piece.length < PREFIX_BYTES) return 0
  const fits = sizeOfBatch(piece, 0)
  if (fits > 0) return fits
  const size = batch.sizeInBytes(piece, 0)
  return size > left ? 0 : size
}

/** Bytes of the whole batches at the front. What can't be a batch ends them; it is for the next piece to meet it. */
function wholePrefix(piece: Buffer): number {
  let at = 0
  try {
    for (let size = sizeOfBatch(piece, 0); size > 0; size = sizeOfBatch(piece, at)) at += size
  } catch (error) {
    if (!(error instanceof CorruptBatchError) || at === 0) throw error
  }
  return at
}
