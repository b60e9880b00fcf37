/**
 * What logs need from time to time: retention, flushes with their checkpoints, forgetting silent producers, cleaning, and
 * giving idle memory back. One task of a kind at a time, in slices, so that requests are served in between.
 */
import type { Clock, Timer } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import { nextTurn } from '../../base/turn.js'
import type { Settings } from '../config/settings.js'
import type { DelayedRemoval } from '../log/delayed-removal.js'
import type { LogCleaner } from '../log/log-cleaner.js'
import type { LogDirectories } from '../log/log-directories.js'
import type { LogDirectory } from '../log/log-directory.js'
import type { TailCache } from '../log/tail-cache.js'
import type { LocalPartition } from './local-partition.js'

export interface UpkeepParts {
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
  readonly directories: LogDirectories
  readonly partitions: () => Iterable<LocalPartition>
  readonly cache: TailCache | undefined
  readonly removals: DelayedRemoval
  readonly cleaner: LogCleaner
}

const IDLE_MS = 30_000
/** Partitions looked at before others have their turn. */
const SLICE = 200

const REASONS = {
  age: 'their records are older than retention.ms',
  size: 'the log is larger than retention.bytes',
  start: 'they lie below the log start',
} as const

export class Upkeep {
  private readonly timers = new Set<Timer>()
  private readonly running = new Set<Promise<void>>()
  private stopped = false

  constructor(private readonly parts: UpkeepParts) {}

  start(): void {
    const { settings } = this.parts
    this.every(
      () => settings.long('log.retention.check.interval.ms'),
      () => this.retain(),
    )
    this.every(
      () => settings.int('log.flush.offset.checkpoint.interval.ms'),
      () => this.checkpoint(),
    )
    this.every(
      () => settings.int('producer.id.expiration.check.interval.ms'),
      () => this.expireProducers(),
    )
    this.every(
      () => IDLE_MS,
      () => this.trim(),
    )
    if (settings.bool('log.cleaner.enable')) {
      this.every(
        () => settings.long('log.cleaner.backoff.ms'),
        () => this.clean(),
      )
    }
  }

  /** Resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true
    for (const timer of this.timers) timer.cancel()
    await Promise.all(this.running)
  }

  private every(intervalMs: () => number, task: () => Promise<void>): void {
    if (this.stopped) return
    const timer = this.parts.clock.after(Math.max(intervalMs(), 1), () => {
      this.timers.delete(timer)
      const run = task()
        .catch((error: unknown) => this.parts.log.error('upkeep of the logs failed', { error }))
        .then(() => {
          this.running.delete(run)
          this.every(intervalMs, task)
        })
      this.running.add(run)
    })
    this.timers.add(timer)
  }

  /** Removes segments whose time is over. */
  async retain(): Promise<void> {
    const { clock, log, removals } = this.parts
    await this.forEach((partition) => {
      if (partition.cleaning) return
      const current = partition.upToDate()
      for (let gone = current.retain(clock.now()); gone; gone = current.retain(clock.now())) {
        const { paths, reason } = gone
        removals.after(current.config.fileDeleteDelayMs, partition.directory.disk, paths)
        log.info(`${partition.key}: segments below offset ${current.logStartOffset} are deleted: ${REASONS[reason]}`)
      }
    })
  }

  /** Flushes what has grown, and notes how far each log has got. */
  async checkpoint(): Promise<void> {
    await this.forEach((partition) => partition.log.flush())
    for (const directory of this.parts.directories.online) await this.saveCheckpoints(directory)
  }

  async saveCheckpoints(directory: LogDirectory): Promise<void> {
    const recoveryPoints = new Map<string, number>()
    const logStarts = new Map<string, number>()
    const highWatermarks = new Map<string, number>()
    const cleaned = new Map<string, number>()
    for (const { key, log, directory: own, firstDirtyOffset } of this.parts.partitions()) {
      if (own !== directory) continue
      recoveryPoints.set(key, log.recoveryPoint)
      highWatermarks.set(key, log.highWatermark)
      if (log.logStartOffset > log.segments.first.baseOffset) logStarts.set(key, log.logStartOffset)
      if (firstDirtyOffset !== undefined) cleaned.set(key, firstDirtyOffset)
    }
    await directory.saveCheckpoint('recoveryPoint', recoveryPoints)
    await directory.saveCheckpoint('logStart', logStarts)
    await directory.saveCheckpoint('highWatermark', highWatermarks)
    await directory.saveCheckpoint('cleaner', cleaned)
  }

  async expireProducers(): Promise<void> {
    const { clock, settings } = this.parts
    const expirationMs = settings.int('producer.id.expiration.ms')
    await this.forEach(({ log }) => log.producers.expire(clock.now(), expirationMs))
  }

  async trim(): Promise<void> {
    const { cache, clock } = this.parts
    cache?.dropOlderThan(clock.now() - IDLE_MS)
    await this.forEach(({ log }) => log.trim())
  }

  /** Compacts logs, the dirtiest first, until none is dirty enough. */
  async clean(): Promise<void> {
    for (;;) {
      const cleaned = this.stopped ? undefined : await this.parts.cleaner.cleanDirtiest(this.parts.partitions())
      if (cleaned === undefined) return
      await this.saveCheckpoints(cleaned.directory)
    }
  }

  private async forEach(task: (partition: LocalPartition) => void | Promise<void>): Promise<void> {
    let count = 0
    for (const partition of Array.from(this.parts.partitions())) {
      if (this.stopped) return
      if (++count % SLICE === 0) await nextTurn()
      await task(partition)
    }
  }
}
