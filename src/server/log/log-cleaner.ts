/**
 * Compaction: of each key the latest record stays. The log that asks for it most is cleaned, from its start to the end of
 * what may be cleaned, and its old segments give way to the new ones one group at a time.
 *
 * A log whose cleaning fails is left alone until the broker is restarted: it is whole, only larger than it need be.
 */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Settings } from '../config/settings.js'
import { cleanRange, type CleanRange } from './clean-range.js'
import { groupSegments, SegmentCleaner } from './clean-segments.js'
import type { DelayedRemoval } from './delayed-removal.js'
import type { LogDirectory } from './log-directory.js'
import type { PartitionLog } from './partition-log.js'
import type { ProducerBatch } from './producer-state.js'
import { scanDirty } from './scan-dirty.js'

/** A log as the cleaner sees it; it notes how far it has come. */
export interface Cleanable {
  readonly key: string
  readonly directory: LogDirectory
  readonly log: PartitionLog
  /** Where the last cleaning ended; undefined = never cleaned. */
  firstDirtyOffset: number | undefined
  /** Set while the cleaner is at work: nobody else may take segments away. */
  cleaning: boolean
  /** The log with its settings as they stand. */
  upToDate(): PartitionLog
}

export interface CleanerParts {
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
  readonly removals: DelayedRemoval
}

export class LogCleaner {
  private readonly failed = new WeakSet<PartitionLog>()

  constructor(private readonly parts: CleanerParts) {}

  /** Cleans the log that is dirtiest, and gives it; undefined when none is dirty enough. */
  async cleanDirtiest<C extends Cleanable>(logs: Iterable<C>): Promise<C | undefined> {
    const nowMs = this.parts.clock.now()
    let chosen: { readonly one: C; readonly range: CleanRange } | undefined
    for (const one of Array.from(logs)) {
      const { log } = one
      const { config } = one.upToDate()
      if (!config.compact || one.cleaning || this.failed.has(log) || log.segments.count === 1) continue
      const range = await cleanRange(log, config, one.firstDirtyOffset, nowMs)
      if (!range || !(range.isOverdue || range.dirtyRatio > config.minCleanableDirtyRatio)) continue
      if (!chosen || range.dirtyRatio > chosen.range.dirtyRatio) chosen = { one, range }
    }
    if (!chosen) return undefined
    await this.clean(chosen.one, chosen.range)
    return chosen.one
  }

  async clean(one: Cleanable, range: CleanRange): Promise<void> {
    one.cleaning = true
    try {
      one.firstDirtyOffset = await this.compact(one, range)
    } catch (error) {
      if (one.log.failed) return
      this.failed.add(one.log)
      this.parts.log.error(`${one.key} can't be compacted, and is left as it is until the next start`, { error })
    } finally {
      one.cleaning = false
    }
  }

  /** Gives the offset from which the log is dirty now. */
  private async compact({ key, directory, log }: Cleanable, range: CleanRange): Promise<number> {
    const { clock, settings, removals } = this.parts
    const { config } = log
    const { map, aborted } = await scanDirty(log, range, settings.long('log.cleaner.dedupe.buffer.size'))
    const endOffset = map.latestOffset + 1
    const rules = {
      map,
      aborted,
      nowMs: clock.now(),
      deleteRetentionMs: config.deleteRetentionMs,
      isLastOfProducer: (one: ProducerBatch, isControl: boolean) => log.producers.isLastOf(one, isControl),
    }
    const cleaner = new SegmentCleaner(directory.disk, log.folder, config, rules)
    const segments = log.segments
      .all()
      .filter(({ baseOffset }) => baseOffset < endOffset && baseOffset < range.endOffset)
    let before = 0
    let after = 0
    for (const group of groupSegments(segments, config)) {
      const cleaned = await cleaner.clean(group)
      await directory.disk.syncDirectory(log.folder)
      if (log.failed) return endOffset
      removals.after(config.fileDeleteDelayMs, directory.disk, log.swapIn(group, cleaned))
      for (const { size } of group) before += size
      after += cleaned.size
    }
    this.parts.log.info(`${key} is compacted up to offset ${endOffset}: ${before} bytes became ${after}`)
    return endOffset
  }
}
