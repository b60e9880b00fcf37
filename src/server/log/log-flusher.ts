/**
 * Makes a log durable, off the loop: files, indexes, leader epochs, producer state, and the names of all these. Below the
 * recovery point nothing has to be looked at after a crash.
 */
import type { Clock, Timer } from '../../base/clock.js'
import { SerialQueue } from '../../base/serial-queue.js'
import { replaceFile, type Disk } from '../disk/disk.js'
import { LEADER_EPOCH_CHECKPOINT, PRODUCER_SNAPSHOT, segmentFile } from './file-names.js'
import type { LeaderEpochs } from './leader-epochs.js'
import { syncPartitionFolder } from './partition-metadata.js'
import { formatProducerSnapshot } from './producer-snapshot.js'
import type { ProducerState } from './producer-state.js'
import type { Segment } from './segment.js'
import type { Segments } from './segments.js'

export interface FlushedLog {
  readonly disk: Disk
  readonly clock: Clock
  readonly folder: string
  readonly segments: Segments
  readonly epochs: LeaderEpochs
  readonly producers: ProducerState
  /** Everything below is in the files. */
  readonly writtenOffset: () => number
  readonly logEndOffset: () => number
}

export class LogFlusher {
  private readonly flushes = new SerialQueue()
  /** Synced by writes (`flush.messages`), which leave the indexes for later. */
  private synced: number
  /** Base of the last segment whose name was made durable; -1 = not even the folder's was. */
  private durableNames = -1
  /** Offset of the newest producer snapshot that stands in the middle of a segment. */
  private looseSnapshot: number | undefined
  private timer: Timer | undefined

  constructor(
    private readonly log: FlushedLog,
    private recovery: number,
  ) {
    this.synced = recovery
  }

  get recoveryPoint(): number {
    return this.recovery
  }

  /** Below it all was made durable, if only by writes that waited for it. */
  get syncedOffset(): number {
    return this.synced
  }

  /** A write was synced on its way. */
  noteSynced(endOffset: number): void {
    this.synced = Math.max(this.synced, endOffset)
  }

  flush(): Promise<void> {
    return this.flushes.run(() => this.flushNow())
  }

  /** Flushes after so long, unless a flush is due already (`flush.ms`). */
  flushWithin(delayMs: number, onFailed: (error: unknown) => void): void {
    this.timer ??= this.log.clock.after(delayMs, () => {
      this.timer = undefined
      this.flush().catch(onFailed)
    })
  }

  stop(): void {
    this.timer?.cancel()
    this.timer = undefined
  }

  private async flushNow(): Promise<void> {
    const { segments } = this.log
    const end = this.log.writtenOffset()
    if (end <= this.recovery) return
    const snapshot = this.snapshotAt(end)
    for (const segment of segments.all().slice(segments.indexOf(this.recovery))) {
      if (segment.baseOffset >= end) break
      try {
        await this.sync(segment)
        await segment.saveIndexes()
      } catch (error) {
        // what retention or the cleaner took away need not be durable
        if (segments.all().includes(segment)) throw error
      }
    }
    await this.saveEpochs()
    if (snapshot) await this.saveSnapshot(end, snapshot)
    this.recovery = Math.max(this.recovery, end)
    this.noteSynced(end)
  }

  /** A file is only as durable as its name. */
  async sync(segment: Segment): Promise<void> {
    const { disk, folder } = this.log
    await segment.file.sync()
    if (this.durableNames === segment.baseOffset) return
    if (this.durableNames < 0) await syncPartitionFolder(disk, folder)
    else await disk.syncDirectory(folder)
    this.durableNames = segment.baseOffset
  }

  private async saveEpochs(): Promise<void> {
    const { epochs, disk, folder } = this.log
    if (!epochs.dirty) return
    epochs.dirty = false
    await replaceFile(disk, `${folder}/${LEADER_EPOCH_CHECKPOINT}`, epochs.format())
  }

  /** What is known of producers is known as of the log's end: a snapshot is possible when all up to there is written. */
  private snapshotAt(end: number): Buffer | undefined {
    return end === this.log.logEndOffset() ? formatProducerSnapshot(this.log.producers.snapshot()) : undefined
  }

  /** Spares the next start reading the active segment from its beginning. Those of rolls stay, loose ones give way. */
  private async saveSnapshot(offset: number, content: Buffer): Promise<void> {
    const { disk, folder, segments } = this.log
    await replaceFile(disk, `${folder}/${segmentFile(offset, PRODUCER_SNAPSHOT)}`, content)
    const before = this.looseSnapshot
    const isLoose = !segments.all().some(({ baseOffset }) => baseOffset === offset)
    this.looseSnapshot = isLoose ? offset : undefined
    if (before === undefined || segments.all().some(({ baseOffset }) => baseOffset === before)) return
    await disk.remove(`${folder}/${segmentFile(before, PRODUCER_SNAPSHOT)}`)
  }
}
