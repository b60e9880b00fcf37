/**
 * A partition's log: it gives out offsets, queues bytes, rolls segments, and finds batches again.
 *
 *   logStartOffset ≤ lastStableOffset ≤ highWatermark ≤ logEndOffset
 *
 * `append` is synchronous and only queues; the high watermark follows when the write has returned. After the first failed
 * write the log takes nothing more: its directory is offline.
 */
import type { Clock } from '../../base/clock.js'
import type { Random } from '../../base/random.js'
import { SerialQueue } from '../../base/serial-queue.js'
import { batch, batchPositions } from '../../protocol/records/index.js'
import { replaceFile, type Disk } from '../disk/disk.js'
import { StorageError, type AppendOrigin, type Appended } from '../replica/partitions.js'
import { scanPieces } from './batch-scan.js'
import { LEADER_EPOCH_CHECKPOINT, PRODUCER_SNAPSHOT, segmentFile } from './file-names.js'
import type { LeaderEpochs } from './leader-epochs.js'
import type { LogConfig } from './log-config.js'
import { syncPartitionFolder } from './partition-metadata.js'
import { noteProducer, producerBatch } from './producer-batches.js'
import { formatProducerSnapshot } from './producer-snapshot.js'
import { ProducerState, type RememberedBatch } from './producer-state.js'
import { rebuildBatch, storedCodec } from './rebuild-batch.js'
import { endOfBatches, readSegment, type ReadLimits } from './segment-reader.js'
import { Segment } from './segment.js'
import type { Segments } from './segments.js'
import { formatEpochs } from './text-checkpoint.js'
import type { LogTail, TailCache } from './tail-cache.js'
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

const EMPTY = Buffer.alloc(0)

export class PartitionLog {
  readonly segments: Segments
  readonly epochs: LeaderEpochs
  readonly producers: ProducerState
  private readonly queue: WriteQueue
  private readonly tail: LogTail | undefined
  private readonly flushes = new SerialQueue()
  private readonly openedAt: number
  private startOffset: number
  private nextOffset: number
  private flushedOffset: number
  /** Synced by writes (`flush.messages`), which leave the indexes for later. */
  private syncedOffset: number
  /** Base of the last segment whose name was made durable; -1 = not even the folder's was. */
  private durableNames = -1

  constructor(
    private readonly environment: LogEnvironment,
    readonly folder: string,
    public config: LogConfig,
    content: LogContent,
    private readonly events: LogEvents,
  ) {
    this.segments = content.segments
    this.epochs = content.epochs
    this.producers = content.producers
    this.startOffset = content.logStartOffset
    this.nextOffset = content.logEndOffset
    this.openedAt = content.logEndOffset
    this.flushedOffset = content.recoveryPoint
    this.syncedOffset = content.recoveryPoint
    this.tail = environment.cache?.tail()
    this.queue = new WriteQueue(this.nextOffset, environment.turn, {
      written: (endOffset, bytes, synced) => this.written(endOffset, bytes, synced),
      failed: (error) => this.events.failed(error),
    })
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
    return this.producers.firstUnstableOffset(this.highWatermark) ?? this.highWatermark
  }

  get recoveryPoint(): number {
    return this.flushedOffset
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
    if (origin === 'coordinator') return this.place(bytes, leaderEpoch, nowMs)
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
    if (this.segments.active.mustRollFor(bytes.length, maxTimestamp, lastOffset, config, nowMs)) this.roll()
    const segment = this.segments.active
    if (this.epochs.latest?.epoch !== leaderEpoch) this.epochs.assign(leaderEpoch, baseOffset)
    for (const at of batchPositions(bytes)) {
      batch.setBaseOffset(bytes, at, this.nextOffset)
      batch.setPartitionLeaderEpoch(bytes, at, leaderEpoch)
      noteProducer(this.producers, bytes, at)
      this.nextOffset = batch.nextOffset(bytes, at)
      const size = batch.sizeInBytes(bytes, at)
      segment.add(this.nextOffset - 1, batch.maxTimestamp(bytes, at), size, config.indexIntervalBytes)
    }
    const sync = this.nextOffset - this.syncedOffset >= config.flushMessages
    this.queue.push(segment.file, bytes, this.nextOffset, sync ? () => this.sync(segment) : undefined)
    this.tail?.add(baseOffset, this.nextOffset, bytes, nowMs)
    const logAppendTimeMs = config.timestampType === 'LogAppendTime' ? nowMs : -1
    return { baseOffset, lastOffset, logAppendTimeMs, logStartOffset: this.startOffset, duplicate: false }
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
      this.fail(storageError(error, { path: this.folder }))
      throw this.queue.failed
    }
    this.flush().catch(() => {
      // the directory is offline by now, and its log says why
    })
  }

  private writeProducerSnapshot(): void {
    const path = `${this.folder}/${segmentFile(this.nextOffset, PRODUCER_SNAPSHOT)}`
    this.environment.disk.writeFile(path, formatProducerSnapshot(this.producers.snapshot()))
  }

  private written(endOffset: number, bytes: number, synced: boolean): void {
    if (synced) this.syncedOffset = endOffset
    this.events.committed(bytes)
  }

  /**
   * Whole batches from the one that holds `fromOffset`, at once when the tail cache has them. The caller has checked that
   * the offset lies within the log. Empty: there is nothing within the limits.
   */
  read(fromOffset: number, limits: ReadLimits): Buffer | Promise<Buffer> {
    if (fromOffset >= limits.endOffset) return EMPTY
    if (this.tail && fromOffset >= this.tail.startOffset) return readTail(this.tail, fromOffset, limits)
    return this.readFiles(fromOffset, limits)
  }

  private async readFiles(fromOffset: number, limits: ReadLimits): Promise<Buffer> {
    let index = this.segments.indexOf(fromOffset)
    for (let segment = this.segments.at(index); segment; segment = this.segments.at(++index)) {
      const { bytes, atEnd } = await readSegment(segment, fromOffset, limits)
      if (!atEnd) return bytes
    }
    return EMPTY
  }

  /** Every batch from the one that holds `fromOffset` to the high watermark, in pieces of whole batches. */
  async replay(fromOffset: number, onBatches: (batches: Buffer) => void): Promise<void> {
    let next = fromOffset
    for (let index = this.segments.indexOf(next); index < this.segments.count; index++) {
      const segment = this.segments.at(index)!
      const end = segment.file.size
      await scanPieces(segment.file, segment.offsetIndex.lookup(next), end, (piece) => {
        let at = 0
        while (at < piece.length && batch.lastOffset(piece, at) < next) at += batch.sizeInBytes(piece, at)
        if (at < piece.length) onBatches(at === 0 ? piece : piece.subarray(at))
      })
      next = Math.max(next, this.segments.endOf(index) ?? 0)
    }
  }

  /** Moves the log start up; what lies below may not be read any more. Gives the log start. */
  moveStart(offset: number): number {
    if (offset > this.startOffset) {
      this.startOffset = offset
      this.epochs.truncateStart(offset)
    }
    return this.startOffset
  }

  /** Makes all that is written durable, indexes included, and moves the recovery point. */
  flush(): Promise<void> {
    return this.flushes.run(() => this.flushNow())
  }

  private async flushNow(): Promise<void> {
    const end = this.queue.writtenOffset
    if (end <= this.flushedOffset || this.queue.failed) return
    try {
      const from = this.segments.indexOf(this.flushedOffset)
      for (const segment of this.segments.all().slice(from)) {
        if (segment.baseOffset >= end) break
        await this.sync(segment)
        await segment.saveIndexes()
      }
      await this.saveEpochs()
      this.flushedOffset = Math.max(this.flushedOffset, end)
      this.syncedOffset = Math.max(this.syncedOffset, end)
    } catch (error) {
      if (this.queue.failed) return
      this.fail(storageError(error, { path: this.folder }))
      throw error
    }
  }

  /** A file is only as durable as its name. */
  private async sync(segment: Segment): Promise<void> {
    const { disk } = this.environment
    await segment.file.sync()
    if (this.durableNames === segment.baseOffset) return
    if (this.durableNames < 0) await syncPartitionFolder(disk, this.folder)
    else await disk.syncDirectory(this.folder)
    this.durableNames = segment.baseOffset
  }

  private async saveEpochs(): Promise<void> {
    const { epochs } = this
    if (!epochs.dirty) return
    epochs.dirty = false
    const path = `${this.folder}/${LEADER_EPOCH_CHECKPOINT}`
    await replaceFile(this.environment.disk, path, formatEpochs(epochs.entries))
  }

  /** Writes what is queued, flushes, and leaves the files as a stopped broker does. Nothing may be appended any more. */
  async close(): Promise<void> {
    await this.queue.idle()
    if (!this.queue.failed) {
      const grown = this.nextOffset > this.openedAt
      if (grown) this.segments.active.seal()
      await this.flush()
      await this.segments.active.saveIndexes()
      if (grown) this.writeProducerSnapshot()
    }
    this.release()
  }

  /** Closes the files as they are. */
  release(): void {
    this.tail?.clear()
    for (const segment of this.segments.all()) segment.close()
  }

  /** From here on every append and every wait for a commit fails. */
  refuse(error: StorageError): void {
    this.queue.refuse(error)
  }

  private fail(error: StorageError): void {
    if (this.queue.failed) return
    this.queue.refuse(error)
    this.events.failed(error)
  }
}

function readTail(tail: LogTail, fromOffset: number, limits: ReadLimits): Buffer {
  const found: Buffer[] = []
  let total = 0
  for (let index = tail.find(fromOffset), chunk = tail.chunkAt(index); chunk; chunk = tail.chunkAt(++index)) {
    const { bytes } = chunk
    let from = 0
    while (from < bytes.length && batch.lastOffset(bytes, from) < fromOffset) from += batch.sizeInBytes(bytes, from)
    if (from >= bytes.length) continue
    if (batch.baseOffset(bytes, from) >= limits.endOffset) break
    const left = limits.maxBytes - total
    if (batch.sizeInBytes(bytes, from) > left && !(limits.minOneBatch && total === 0)) break
    const end = endOfBatches(bytes, from, { ...limits, maxBytes: left })
    found.push(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end))
    total += end - from
    if (end < bytes.length) break
  }
  return found.length === 1 ? found[0]! : Buffer.concat(found, total)
}
