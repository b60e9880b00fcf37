/**
 * Walking over the batches that stand one after another in a buffer, as a produce request, a fetch response or a piece of
 * a log file has them. The last one may be cut off: it is left out, not an error. What is there must look like a batch:
 * a size that is too small and magics 0 and 1, which Kafka 4 no longer reads, are refused.
 */
import { MalformedError } from '../../base/bytes.js'
import { BATCH_HEADER_BYTES, LENGTH_OVERHEAD, MAGIC, magic, sizeInBytes } from './batch.js'

/** The batch is damaged: CORRUPT_MESSAGE. */
export class CorruptBatchError extends MalformedError {
  override readonly name: string = 'CorruptBatchError'
}

/** The batch has a record format that is not served: UNSUPPORTED_FOR_MESSAGE_FORMAT, or UNSUPPORTED_VERSION. */
export class UnsupportedMagicError extends CorruptBatchError {
  override readonly name = 'UnsupportedMagicError'

  constructor(readonly magic: number) {
    super(
      magic === 0 || magic === 1
        ? `record format v${magic} (magic ${magic}) is no longer supported; write with a client of Kafka 0.11 or later`
        : `record format with magic ${magic} is not known; this version reads magic ${MAGIC}`,
    )
  }
}

/** Enough of a header to know the size and the magic. */
const PREFIX_BYTES = LENGTH_OVERHEAD + 5

/**
 * Size of the batch at `at`, or 0 when the buffer ends before the batch does.
 *
 * @throws CorruptBatchError when what is there can't be a batch
 */
export function sizeOfBatch(buffer: Buffer, at: number): number {
  const left = buffer.length - at
  if (left < PREFIX_BYTES) return 0
  const found = magic(buffer, at)
  if (found !== MAGIC) throw new UnsupportedMagicError(found)
  const size = sizeInBytes(buffer, at)
  if (size < BATCH_HEADER_BYTES) {
    throw new CorruptBatchError(`a batch of ${size} bytes is smaller than its header of ${BATCH_HEADER_BYTES}`)
  }
  return size > left ? 0 : size
}

/** Positions of the whole batches in a buffer, from `start` on. */
export function* batchPositions(buffer: Buffer, start = 0): Generator<number, void, undefined> {
  for (let at = start, size = sizeOfBatch(buffer, at); size > 0; size = sizeOfBatch(buffer, at)) {
    yield at
    at += size
  }
}

/** Bytes of the whole batches from `start` on: what is left of a buffer without its cut-off tail. */
export function wholeBatchesBytes(buffer: Buffer, start = 0): number {
  let at = start
  for (let size = sizeOfBatch(buffer, at); size > 0; size = sizeOfBatch(buffer, at)) at += size
  return at - start
}
