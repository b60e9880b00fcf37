/**
 * The settings of one log, read once and again whenever they change: the path of every append looks at several.
 * Fields are Kafka's topic settings; `*Messages` and `*Ms` are Infinity where Kafka says "never".
 */
import type { TopicSettings } from '../config/settings.js'

export interface LogConfig {
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly segmentJitterMs: number
  /** Of the offset index and of the time index, each. */
  readonly segmentIndexBytes: number
  readonly indexIntervalBytes: number
  readonly maxMessageBytes: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  /** How far before and after now the timestamp of a record may lie, under CreateTime. */
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  readonly compressionType: CompressionSetting
  readonly compressionLevels: { readonly gzip: number; readonly lz4: number; readonly zstd: number }
  readonly compact: boolean
  readonly delete: boolean
  /** -1 = no limit. */
  readonly retentionBytes: number
  /** -1 = no limit. */
  readonly retentionMs: number
  readonly flushMessages: number
  readonly flushMs: number
  readonly fileDeleteDelayMs: number
  readonly deleteRetentionMs: number
  readonly minCleanableDirtyRatio: number
  readonly minCompactionLagMs: number
  readonly maxCompactionLagMs: number
  readonly minInSyncReplicas: number
}

export type CompressionSetting = 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** `internalSegmentBytes`: `internal.segment.bytes`, which tests set below the least that `segment.bytes` may be. */
export function logConfig(settings: TopicSettings, internalSegmentBytes?: number): LogConfig {
  const policy = settings.list('cleanup.policy')
  const compact = policy.includes('compact')
  const segmentMs = settings.long('segment.ms')
  const maxCompactionLagMs = orNever(settings.long('max.compaction.lag.ms'))
  return {
    segmentBytes: internalSegmentBytes ?? settings.int('segment.bytes'),
    // what has to be compacted in time must not lie in the active segment for longer
    segmentMs: compact ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs,
    segmentJitterMs: settings.long('segment.jitter.ms'),
    segmentIndexBytes: settings.int('segment.index.bytes'),
    indexIntervalBytes: settings.int('index.interval.bytes'),
    maxMessageBytes: settings.int('max.message.bytes'),
    timestampType: settings.string('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    timestampBeforeMaxMs: settings.long('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: settings.long('message.timestamp.after.max.ms'),
    compressionType: settings.string('compression.type') as CompressionSetting,
    compressionLevels: {
      gzip: settings.int('compression.gzip.level'),
      lz4: settings.int('compression.lz4.level'),
      zstd: settings.int('compression.zstd.level'),
    },
    compact,
    delete: policy.includes('delete'),
    retentionBytes: settings.long('retention.bytes'),
    retentionMs: settings.long('retention.ms'),
    flushMessages: orNever(settings.long('flush.messages')),
    flushMs: orNever(settings.long('flush.ms')),
    fileDeleteDelayMs: settings.long('file.delete.delay.ms'),
    deleteRetentionMs: settings.long('delete.retention.ms'),
    minCleanableDirtyRatio: settings.double('min.cleanable.dirty.ratio'),
    minCompactionLagMs: settings.long('min.compaction.lag.ms'),
    maxCompactionLagMs,
    minInSyncReplicas: settings.int('min.insync.replicas'),
  }
}

/** Kafka writes "never" as the largest long, which reading saturates. */
const orNever = (value: number): number => (value >= Number.MAX_SAFE_INTEGER ? Infinity : value)

/** A log with Kafka's defaults, for logs that are no topic's and for tests. */
export const DEFAULT_LOG_CONFIG: LogConfig = {
  segmentBytes: 1_073_741_824,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  compressionType: 'producer',
  compressionLevels: { gzip: -1, lz4: 9, zstd: 3 },
  compact: false,
  delete: true,
  retentionBytes: -1,
  retentionMs: 604_800_000,
  flushMessages: Infinity,
  flushMs: Infinity,
  fileDeleteDelayMs: 60_000,
  deleteRetentionMs: 86_400_000,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Infinity,
  minInSyncReplicas: 1,
}
