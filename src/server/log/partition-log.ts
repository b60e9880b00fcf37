/**
 * A partition's log: it gives out offsets, queues bytes, rolls segments, and finds batches again.
 *
 *   logStartOffset ≤ lastStableOffset ≤ highWatermark ≤ logEndOffset
 *
 * `append` is synchronous and only queues; the high watermark follows when the write has returned. After the first failed
 * write the log takes nothing more: its directory is offline.
 */
import { assert } from '../../base/assert.js'
import type { Clock } from '../../base/clock.js'
import type { Random } from '../../base/random.js'
import { batch, batchPositions } from '../../protocol/records/index.js'
import type { Disk } from '../disk/disk.js'
import type { Appended, AppendOrigin, FirstWrite, StorageError, Verification } from '../replica/partitions.js'
import { CLEANED, PRODUCER_SNAPSHOT, segmentFile, SWAP } from './file-names.js'
import type { LeaderEpochs } from './leader-epochs.js'
import type { LogConfig } from './log-config.js'
import { LogFlusher } from './log-flusher.js'
import { LogReader } from './log-reader.js'
import { checkCoordinated, noteProducer, producerBatch } from './producer-batches.js'
import { formatProducerSnapshot } from './producer-snapshot.js'
import { ProducerState, type RememberedBatch } from './producer-state.js'
import { expiredSegments, type RetentionReason } from './retention.js'
import { rebuildBatch, storedCodec } from './rebuild-batch.js'
import type { ReadLimits } from './segment-reader.js'
import { Segment } from './segment.js'
import type { Segments } from './segments.js'
import type { LogTail, TailCache } from './tail-cache.js'
import type { AbortedTransaction } from './transaction-index.js'
import { validators, type Candidate } from './validators.js'
import { storageError, WriteQueue, type WriteTurn } from './write-queue.js'

/** What the logs of a node share. */
export interface LogEnvironment {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly turn: WriteTurn
  /** undefined: nothing is kept in memory, because the disk is memory already. */
  readonly cache: TailCache | undefined
}

/** What loading a log's files has found. */
export interface LogContent {
  /** Makes the folder of a log that holds nothing and has none: called before anything is put there. */
  readonly makeFolder?: (() => void) | undefined
  readonly segments: Segments
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Everything below is durable. */
  readonly recoveryPoint: number
  readonly epochs: LeaderEpochs
  readonly producers: ProducerState
}

export interface LogEvents {
  /** The high watermark moved on by so many bytes. */
  committed(bytes: number): void
  failed(error: StorageError): void
}

export class PartitionLog {
  readonly segments: Segments
  readonly epochs: LeaderEpochs
  readonly producers: ProducerState
  private readonly queue: WriteQueue
  private readonly tail: LogTail | undefined
  private readonly reader: LogReader
  private readonly flusher: LogFlusher
  private readonly openedAt: number
  /** Set as long as the log has no folder. */
  private makeFolder: (() => void) | undefined
  private startOffset: number
  private nextOffset: number

  constructor(
    private readonly environment: LogEnvironment,
    readonly folder: string,
    public config: LogConfig,
    content: LogContent,
    private readonly events: LogEvents,
  ) {
    const { segments, epochs, producers } = content
    const { disk, clock } = environment
    this.makeFolder = content.makeFolder
    this.segments = segments
    this.epochs = epochs
    this.producers = producers
    this.startOffset = content.logStartOffset
    this.nextOffset = content.logEndOffset
    producers.settle(this.nextOffset)
    this.openedAt = content.logEndOffset
    this.tail = environment.cache?.tail()
    this.reader = new LogReader(segments, this.tail)
    this.queue = new WriteQueue(this.nextOffset, environment.turn, {
      written: (endOffset, bytes, synced) => this.written(endOffset, bytes, synced),
      failed: (error) => this.events.failed(error),
    })
    this.flusher = new LogFlusher(
      {
        disk,
        clock,
        folder,
        segments,
        epochs,
        producers,
        writtenOffset: () => this.queue.writtenOffset,
        logEndOffset: () => this.nextOffset,
      },
      content.recoveryPoint,
    )
  }

  get logStartOffset(): number {
    return this.startOffset
  }

  get logEndOffset(): number {
    return this.nextOffset
  }

  get highWatermark(): number {
    return this.queue.writtenOffset
  }

  get lastStableOffset(): number {
    const unstable = this.producers.firstUnstableOffset
    return unstable === undefined
      ? this.highWatermark
      : Math.min(Math.max(unstable, this.startOffset), this.highWatermark)
  }

  get recoveryPoint(): number {
    return this.flusher.recoveryPoint
  }

  /** A log that never held anything has no folder yet: making thousands costs seconds, and most stay empty for long. */
  get hasFolder(): boolean {
    return this.makeFolder === undefined
  }

  get sizeInBytes(): number {
    let sum = 0
    for (const segment of this.segments.all()) sum += segment.size
    return sum
  }

  committed(offset: number): Promise<void> {
    return this.queue.committed(offset)
  }

  /** Takes `bytes` over: headers are patched in place, and the buffer may serve reads until the cache lets it go. */
  append(bytes: Buffer, origin: AppendOrigin, leaderEpoch: number): Appended {
    if (this.queue.failed) throw this.queue.failed
    const nowMs = this.environment.clock.now()
    if (origin === 'coordinator') {
      for (const at of batchPositions(bytes)) checkCoordinated(this.producers, bytes, at)
      return this.place(bytes, leaderEpoch, nowMs)
    }
    const accepted = this.accept(bytes, nowMs)
    if (batch.hasProducerId(accepted, 0)) {
      const duplicate = this.producers.check(producerBatch(accepted, 0))
      if (duplicate) return this.duplicate(duplicate)
    }
    return this.place(accepted, leaderEpoch, nowMs)
  }

  /** The batch as it is stored, when every rule lets it pass. */
  private accept(bytes: Buffer, nowMs: number): Buffer {
    const { config } = this
    const candidate: Candidate = { bytes, config, nowMs, maxTimestamp: batch.NO_TIMESTAMP, offsetsHaveGaps: false }
    for (const { check } of validators) check(candidate)
    const codec = storedCodec(bytes, config)
    if (candidate.offsetsHaveGaps || codec.id !== batch.codecId(bytes, 0)) {
      return rebuildBatch(bytes, codec, config, nowMs)
    }
    if (config.timestampType === 'LogAppendTime') batch.setLogAppendTime(bytes, 0, nowMs)
    else if (candidate.maxTimestamp !== batch.maxTimestamp(bytes, 0)) {
      batch.setMaxTimestamp(bytes, 0, candidate.maxTimestamp)
    }
    return bytes
  }

  private duplicate(remembered: RememberedBatch): Appended {
    return {
      baseOffset: remembered.lastOffset - remembered.offsetDelta,
      lastOffset: remembered.lastOffset,
      logAppendTimeMs: remembered.timestamp,
      logStartOffset: this.startOffset,
      duplicate: true,
    }
  }

  /** Gives out offsets to whole batches and queues them. */
  private place(bytes: Buffer, leaderEpoch: number, nowMs: number): Appended {
    const baseOffset = this.nextOffset
    let maxTimestamp = batch.NO_TIMESTAMP
    let count = 0
    for (const at of batchPositions(bytes)) {
      maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp(bytes, at))
      count += batch.lastOffsetDelta(bytes, at) + 1
    }
    const lastOffset = baseOffset + count - 1
    const { config } = this
    this.ensureFolder()
    if (this.segments.active.mustRollFor(bytes.length, maxTimestamp, lastOffset, config, nowMs)) this.roll()
    const segment = this.segments.active
    if (this.epochs.latest?.epoch !== leaderEpoch) this.epochs.assign(leaderEpoch, baseOffset)
    for (const at of batchPositions(bytes)) {
      batch.setBaseOffset(bytes, at, this.nextOffset)
      batch.setPartitionLeaderEpoch(bytes, at, leaderEpoch)
      const aborted = noteProducer(this.producers, bytes, at)
      if (aborted) segment.transactionIndex.append(aborted)
      this.nextOffset = batch.nextOffset(bytes, at)
      const size = batch.sizeInBytes(bytes, at)
      segment.add(this.nextOffset - 1, batch.maxTimestamp(bytes, at), size, config.indexIntervalBytes)
    }
    const sync = this.nextOffset - this.flusher.syncedOffset >= config.flushMessages
    this.queue.push(segment.file, bytes, this.nextOffset, sync ? () => this.flusher.sync(segment) : undefined)
    this.tail?.add(baseOffset, this.nextOffset, bytes, nowMs)
    const logAppendTimeMs = config.timestampType === 'LogAppendTime' ? nowMs : -1
    return { baseOffset, lastOffset, logAppendTimeMs, logStartOffset: this.startOffset, duplicate: false }
  }

  private ensureFolder(): void {
    if (!this.makeFolder) return
    try {
      this.makeFolder()
      this.makeFolder = undefined
    } catch (error) {
      this.failedBy(error)
      throw this.queue.failed
    }
  }

  /** Begins a new segment at the log end; the one before it becomes durable in the background. */
  roll(): void {
    const { disk, clock, random } = this.environment
    const { config, segments } = this
    if (segments.active.baseOffset === this.nextOffset) return
    segments.active.seal()
    try {
      this.writeProducerSnapshot()
      const jitterMs = config.segmentJitterMs > 0 ? random.below(config.segmentJitterMs) : 0
      segments.push(Segment.create(disk, this.folder, this.nextOffset, config, clock.now(), jitterMs))
    } catch (error) {
      this.failedBy(error)
      throw this.queue.failed
    }
    void this.flush()
  }

  private writeProducerSnapshot(): void {
    const path = `${this.folder}/${segmentFile(this.nextOffset, PRODUCER_SNAPSHOT)}`
    this.environment.disk.writeFile(path, formatProducerSnapshot(this.producers.snapshot()))
  }

  private written(endOffset: number, bytes: number, synced: boolean): void {
    if (synced) this.flusher.noteSynced(endOffset)
    this.producers.settle(endOffset)
    const { flushMs } = this.config
    if (flushMs !== Infinity) this.flusher.flushWithin(flushMs, (error) => this.failedBy(error))
    this.events.committed(bytes)
  }

  /** See `LogReader`. The caller has checked that the offset lies within the log. */
  read(fromOffset: number, limits: ReadLimits): Buffer | Promise<Buffer> {
    return this.reader.read(fromOffset, limits)
  }

  replay(fromOffset: number, onBatches: (batches: Buffer) => void): Promise<void> {
    return this.reader.replay(fromOffset, onBatches)
  }

  /** See `Partition.verification`. */
  verification(write: FirstWrite): Verification | undefined {
    return this.producers.verification(write, this.environment.clock.now())
  }

  /** Aborted transactions of which readers of [from, to) have to know. */
  abortedTransactions(from: number, to: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let i = this.segments.indexOf(from); i < this.segments.count; i++) {
      if (this.segments.at(i)!.transactionIndex.collect(from, to, found)) break
    }
    return found
  }

  /** Moves the log start up; what lies below may not be read any more. Gives the log start. */
  moveStart(offset: number): number {
    if (offset > this.startOffset) {
      this.startOffset = offset
      this.epochs.truncateStart(offset)
    }
    return this.startOffset
  }

  /** Makes all that is written durable, and moves the recovery point. A disk that fails takes the log's directory offline. */
  async flush(): Promise<void> {
    if (this.queue.failed) return
    try {
      await this.flusher.flush()
    } catch (error) {
      this.failedBy(error)
    }
  }

  /**
   * Takes the oldest segments out of the log when their time is over, and moves the log start with them. Gives the names
   * of their files, to be removed, and the reason.
   */
  retain(nowMs: number): { readonly paths: string[]; readonly reason: RetentionReason } | undefined {
    if (this.queue.failed) return undefined
    const expired = expiredSegments(this, this.config, nowMs)
    if (!expired) return undefined
    const { disk } = this.environment
    try {
      if (expired.count === this.segments.count) this.roll()
      const gone = this.segments.shift(expired.count)
      this.moveStart(this.segments.first.baseOffset)
      const paths = gone.flatMap((segment) => segment.moveAway())
      const snapshots = gone.map((segment) => segment.pathOf(PRODUCER_SNAPSHOT)).filter((path) => disk.stat(path))
      return { paths: [...paths, ...snapshots], reason: expired.reason }
    } catch (error) {
      this.failedBy(error)
      return undefined
    }
  }

  /**
   * Puts a cleaned segment in the place of those it was made of. Gives the names of their files, to be removed. When the
   * process dies in between, the next start goes on: see `finishInterrupted`.
   */
  swapIn(group: readonly Segment[], cleaned: Segment): string[] {
    const { disk } = this.environment
    const first = group[0]!
    const index = this.segments.all().indexOf(first)
    assert(index >= 0 && index + group.length < this.segments.count, 'only old segments are cleaned')
    try {
      Segment.rename(cleaned, CLEANED, SWAP)
      const paths = group.flatMap((segment) => segment.moveAway())
      Segment.rename(cleaned, SWAP, '')
      const fresh = Segment.existing(disk, this.folder, first.baseOffset, this.config, first.createdMs)
      this.segments.replace(index, group.length, [fresh])
      this.tail?.dropBelow(this.segments.endOf(index)!)
      const snapshots = group.slice(1).map((segment) => segment.pathOf(PRODUCER_SNAPSHOT))
      return [...paths, ...snapshots.filter((path) => disk.stat(path))]
    } catch (error) {
      this.failedBy(error)
      throw error
    }
  }

  /** The log takes nothing any more: its directory failed, or its topic is gone. */
  get failed(): boolean {
    return this.queue.failed !== undefined
  }

  /** Gives memory back that was not used since the last call. */
  trim(): void {
    for (const segment of this.segments.all()) if (segment !== this.segments.active) segment.trim()
  }

  /** Writes what is queued, flushes, and leaves the files as a stopped broker does. Nothing may be appended any more. */
  async close(): Promise<void> {
    this.flusher.stop()
    await this.queue.idle()
    const grown = this.nextOffset > this.openedAt
    if (!this.queue.failed && grown) this.segments.active.seal()
    await this.flush()
    if (!this.queue.failed && this.hasFolder) {
      await this.segments.active.saveIndexes()
      if (grown) this.writeProducerSnapshot()
    }
    this.release()
  }

  /** Closes the files as they are. */
  release(): void {
    this.flusher.stop()
    this.tail?.clear()
    for (const segment of this.segments.all()) segment.close()
  }

  /** From here on every append and every wait for a commit fails. */
  refuse(error: StorageError): void {
    this.queue.refuse(error)
  }

  private failedBy(error: unknown): void {
    if (this.queue.failed) return
    const failure = storageError(error, { path: this.folder })
    this.queue.refuse(failure)
    this.events.failed(failure)
  }
}
