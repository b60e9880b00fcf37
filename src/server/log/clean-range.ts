/** Which part of a log is to be compacted, and how much it asks for it. */
import type { LogConfig } from './log-config.js'
import type { PartitionLog } from './partition-log.js'
import type { Segment } from './segment.js'

export interface CleanRange {
  readonly firstDirtyOffset: number
  /** Base of the first segment that must stay as it is. */
  readonly endOffset: number
  /** Share of the bytes that were not compacted yet, of all that may be. */
  readonly dirtyRatio: number
  /** `max.compaction.lag.ms` has passed for something in it. */
  readonly isOverdue: boolean
}

/** Undefined when there is nothing to compact. `checkpoint`: where the last compaction ended. */
export async function cleanRange(
  log: PartitionLog,
  config: LogConfig,
  checkpoint: number | undefined,
  nowMs: number,
): Promise<CleanRange | undefined> {
  const firstDirtyOffset = firstDirty(log, checkpoint)
  const limit = Math.min(log.lastStableOffset, log.recoveryPoint, log.segments.active.baseOffset)
  let cleanBytes = 0
  let dirtyBytes = 0
  let endOffset = firstDirtyOffset
  let isOverdue = false
  for (const [i, segment] of log.segments.all().entries()) {
    const end = log.segments.endOf(i)
    if (end === undefined || end > limit) break
    if (end <= firstDirtyOffset) {
      cleanBytes += segment.size
      continue
    }
    if (config.minCompactionLagMs > 0 && segment.newestMs > nowMs - config.minCompactionLagMs) break
    if (config.maxCompactionLagMs !== Infinity)
      isOverdue ||= nowMs - (await ageFrom(segment)) > config.maxCompactionLagMs
    dirtyBytes += segment.size
    endOffset = end
  }
  if (dirtyBytes === 0) return undefined
  return { firstDirtyOffset, endOffset, dirtyRatio: dirtyBytes / (cleanBytes + dirtyBytes), isOverdue }
}

/** A checkpoint outside the log is of another time: then all is dirty. */
function firstDirty(log: PartitionLog, checkpoint: number | undefined): number {
  const start = log.logStartOffset
  return checkpoint === undefined || checkpoint < start || checkpoint > log.logEndOffset ? start : checkpoint
}

async function ageFrom(segment: Segment): Promise<number> {
  await segment.learnFirstTimestamp()
  const { firstTimestamp } = segment
  return firstTimestamp === undefined || firstTimestamp < 0 ? segment.createdMs : firstTimestamp
}
