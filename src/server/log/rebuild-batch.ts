/**
 * Writes a batch anew, record by record: for topics that set another compression than the producer's, and for compressed
 * batches whose inner offsets do not rise by one. Everything else of the batch stays.
 */
import {
  batch,
  BatchBuilder,
  codecNamed,
  codecNumbered,
  RecordCursor,
  type Codec,
  type CodecName,
} from '../../protocol/records/index.js'
import type { LogConfig } from './log-config.js'

/** The codec that a topic stores a batch with. */
export function storedCodec(bytes: Buffer, { compressionType }: LogConfig): Codec {
  if (compressionType === 'producer') return codecNumbered(batch.codecId(bytes, 0))
  return codecNamed(compressionType === 'uncompressed' ? 'none' : compressionType)
}

/** Offsets begin at 0, as in a batch that a producer sends. */
export function rebuildBatch(bytes: Buffer, codec: Codec, config: LogConfig, nowMs: number): Buffer {
  const levels: Partial<Record<CodecName, number>> = config.compressionLevels
  const level = levels[codec.name]
  const builder = new BatchBuilder(
    {
      codec: codec.name,
      level: level === -1 ? undefined : level,
      logAppendTimeMs: config.timestampType === 'LogAppendTime' ? nowMs : undefined,
    },
    bytes.length * 2,
  )
  for (const cursor = new RecordCursor(bytes, 0); cursor.next();) {
    builder.append({
      key: cursor.key,
      value: cursor.value,
      headers: cursor.headers(),
      timestampMs: cursor.timestampMs,
    })
  }
  return builder.finish({
    producerId: batch.producerId(bytes, 0),
    producerEpoch: batch.producerEpoch(bytes, 0),
    baseSequence: batch.baseSequence(bytes, 0),
    transactional: batch.isTransactional(bytes, 0),
  })
}
