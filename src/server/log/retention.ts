/** Which of a log's oldest segments have had their time: by their records' age, by the log's size, by the log's start. */
import type { LogConfig } from './log-config.js'
import type { Segment } from './segment.js'
import type { Segments } from './segments.js'

export interface RetainedLog {
  readonly segments: Segments
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly highWatermark: number
}

export type RetentionReason = 'age' | 'size' | 'start'

export interface Expired {
  /** So many of the oldest segments; the active one is among them when it is the last of these. */
  readonly count: number
  readonly reason: RetentionReason
}

/** Undefined when all may stay. Without `delete` in `cleanup.policy` only what lies below the log start goes. */
export function expiredSegments(log: RetainedLog, config: LogConfig, nowMs: number): Expired | undefined {
  const { retentionMs, retentionBytes } = config
  if (config.delete && retentionMs >= 0) {
    const count = oldest(log, (segment) => nowMs - segment.newestMs > retentionMs)
    if (count > 0) return { count, reason: 'age' }
  }
  if (config.delete && retentionBytes >= 0) {
    let excess = -retentionBytes
    for (const { size } of log.segments.all()) excess += size
    const count = oldest(log, ({ size }) => {
      if (excess < size) return false
      excess -= size
      return true
    })
    if (count > 0) return { count, reason: 'size' }
  }
  const count = oldest(log, (_, next) => next !== undefined && next.baseOffset <= log.logStartOffset)
  return count > 0 ? { count, reason: 'start' } : undefined
}

/** How many from the oldest on, without a gap, all of them below the high watermark; an empty active segment stays. */
function oldest(
  { segments, logEndOffset, highWatermark }: RetainedLog,
  isDue: (segment: Segment, next: Segment | undefined) => boolean,
): number {
  let count = 0
  for (const segment of segments.all()) {
    const next = segments.at(count + 1)
    if ((next?.baseOffset ?? logEndOffset) > highWatermark) break
    if (next === undefined && segment.size === 0) break
    if (!isDue(segment, next)) break
    count++
  }
  return count
}
