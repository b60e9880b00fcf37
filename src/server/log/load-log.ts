/**
 * Loads a partition's files: removes what an interrupted deletion or cleaning left, opens the segments, and, unless the
 * broker was stopped in order, goes through every batch from the recovery point on, cuts off what was not written whole
 * and builds the indexes anew. What Kafka leaves is loaded alike, and what this leaves Kafka loads.
 */
import type { Log } from '../../base/log.js'
import { MalformedError } from '../../base/bytes.js'
import { batch, batchPositions } from '../../protocol/records/index.js'
import type { Disk, DiskFile } from '../disk/disk.js'
import { scanPieces } from './batch-scan.js'
import {
  LEADER_EPOCH_CHECKPOINT,
  LOG,
  OFFSET_INDEX,
  offsetOfFile,
  PRODUCER_SNAPSHOT,
  segmentFile,
  SEGMENT_FILES,
  TIME_INDEX,
  TXN_INDEX,
} from './file-names.js'
import { LeaderEpochs } from './leader-epochs.js'
import { finishInterrupted } from './interrupted-files.js'
import type { LogConfig } from './log-config.js'
import { OffsetIndex } from './offset-index.js'
import type { LogContent } from './partition-log.js'
import { syncPartitionFolder } from './partition-metadata.js'
import { noteProducer } from './producer-batches.js'
import { parseProducerSnapshot } from './producer-snapshot.js'
import { ProducerState } from './producer-state.js'
import { Segment } from './segment.js'
import { Segments } from './segments.js'
import { CheckpointError, parseEpochs, type EpochStart } from './text-checkpoint.js'
import { TimeIndex } from './time-index.js'
import { TransactionIndex, type AbortedTransaction } from './transaction-index.js'

export { LEADER_EPOCH_CHECKPOINT }

export interface LoadOptions {
  readonly disk: Disk
  readonly folder: string
  readonly config: LogConfig
  readonly log: Log
  readonly nowMs: number
  /** The directory was closed in order. */
  readonly clean: boolean
  /** From the directory's checkpoints. */
  readonly recoveryPoint: number
  readonly logStartOffset: number
}

export async function loadLog(options: LoadOptions): Promise<LogContent> {
  const { disk, folder, clean } = options
  await finishInterrupted(disk, folder)
  const opened = await openSegments(options)
  const epochs = readEpochs(options)
  const producers = new ProducerState()
  const loading = new Loading(options, opened, epochs, producers)
  await loading.run()
  const { segments, logEndOffset } = await loading.dropBelowStart()
  const logStartOffset = Math.max(options.logStartOffset, segments.first.baseOffset)
  epochs.truncateEnd(logEndOffset)
  epochs.truncateStart(logStartOffset)
  const recoveryPoint = clean ? logEndOffset : Math.min(options.recoveryPoint, logEndOffset)
  return { segments, logStartOffset, logEndOffset, recoveryPoint, epochs, producers }
}

/**
 * A log that was never there.
 *
 * @param makeFolder its files are made by its first append, after this; without it at once, in a folder that is there
 */
export function newLog(
  disk: Disk,
  folder: string,
  config: LogConfig,
  nowMs: number,
  makeFolder?: () => void,
): LogContent {
  const whenMissing = makeFolder ? 'make-on-append' : 'make'
  return {
    makeFolder,
    segments: new Segments([Segment.create(disk, folder, 0, config, nowMs, 0, '', whenMissing)]),
    logStartOffset: 0,
    logEndOffset: 0,
    recoveryPoint: 0,
    epochs: new LeaderEpochs(),
    producers: new ProducerState(),
  }
}

interface OpenedSegment {
  readonly segment: Segment
  /** Indexes are missing or can't be right. */
  readonly unindexed: boolean
}

async function openSegments(options: LoadOptions): Promise<OpenedSegment[]> {
  const { disk, folder, config, nowMs } = options
  const names = disk.list(folder).map((entry) => entry.name)
  const bases = names.map((name) => offsetOfFile(name, LOG)).filter((base) => base !== undefined)
  const known = new Set(bases)
  for (const ending of [OFFSET_INDEX, TIME_INDEX, TXN_INDEX]) {
    for (const name of names) {
      const base = offsetOfFile(name, ending)
      if (base !== undefined && !known.has(base)) await disk.remove(`${folder}/${name}`)
    }
  }
  return bases.map((base) => {
    const path = (ending: string): string => `${folder}/${segmentFile(base, ending)}`
    const offsets = OffsetIndex.existing(disk, path(OFFSET_INDEX), base, config.segmentIndexBytes)
    const times = TimeIndex.existing(disk, path(TIME_INDEX), base, config.segmentIndexBytes)
    const { size = 0, modifiedMs = nowMs } = disk.stat(path(LOG)) ?? {}
    const transactions = TransactionIndex.existing(disk, path(TXN_INDEX))
    const usable = offsets !== undefined && times !== undefined && transactions !== undefined && isSane(offsets, size)
    const segment = new Segment(
      disk,
      folder,
      base,
      usable ? offsets : OffsetIndex.fresh(disk, path(OFFSET_INDEX), base, config.segmentIndexBytes),
      usable ? times : TimeIndex.fresh(disk, path(TIME_INDEX), base, config.segmentIndexBytes),
      usable ? transactions : TransactionIndex.fresh(disk, path(TXN_INDEX)),
      modifiedMs,
    )
    return { segment, unindexed: !usable && size > 0 }
  })
}

/** Positions lie within the file; a tail of zeros is what Kafka leaves of a file that it had made larger than needed. */
function isSane(offsets: OffsetIndex, size: number): boolean {
  const { entries, lastPosition } = offsets
  return lastPosition < Math.max(size, 1) && (entries <= 1 || lastPosition > 0)
}

function readEpochs({ disk, folder, log }: LoadOptions): LeaderEpochs {
  const path = `${folder}/${LEADER_EPOCH_CHECKPOINT}`
  const content = disk.readFile(path)
  let starts: EpochStart[] = []
  if (content !== undefined) {
    try {
      starts = parseEpochs(content, path)
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      log.warn(`${error.message}; going on without it`)
    }
  }
  return new LeaderEpochs(starts)
}

/** One pass over the segments that need it; producer state is read on the way. */
class Loading {
  private end = 0
  private segments: Segment[] = []

  constructor(
    private readonly options: LoadOptions,
    private readonly opened: readonly OpenedSegment[],
    private readonly epochs: LeaderEpochs,
    private readonly producers: ProducerState,
  ) {}

  async run(): Promise<void> {
    const unsafe = this.opened.map((one, i) => this.isUnsafe(one, i))
    const firstUnsafe = this.opened[unsafe.indexOf(true)]
    const snapshotOffset = await this.restoreProducers(firstUnsafe ? this.safeUpTo(firstUnsafe) : Infinity)
    for (const [i, { segment }] of this.opened.entries()) {
      const next = this.opened[i + 1]?.segment.baseOffset
      this.segments.push(segment)
      let whole = true
      if (segment.file.size === 0) this.end = segment.baseOffset
      else if (unsafe[i]) whole = await this.recover(this.opened[i]!, snapshotOffset, next === undefined)
      else if (next === undefined || next > snapshotOffset) whole = await this.readOn(segment, snapshotOffset, next)
      // offsets go on from one segment to the next without a gap, until the cleaner has seen them: writes were lost, or
      // the removal of a file was
      if (next !== undefined && (this.end > next || (this.end < next && this.mayEndEarly(next)))) whole = false
      if (!whole) {
        await this.dropAfter(i)
        break
      }
    }
    await this.segments.at(-1)?.learnFirstTimestamp()
    // a disk that lost what it had called durable: then the snapshot tells of batches that are gone
    if (this.end < snapshotOffset) this.producers.restore([])
  }

  /** Below this offset a segment that was not closed in order is known to be whole, and its indexes to be right. */
  private safeUpTo({ segment, unindexed }: OpenedSegment): number {
    return unindexed ? segment.baseOffset : Math.max(segment.baseOffset, this.options.recoveryPoint)
  }

  private isUnsafe({ segment, unindexed }: OpenedSegment, i: number): boolean {
    if (unindexed) return true
    const next = this.opened[i + 1]?.segment.baseOffset ?? Infinity
    return segment.file.size > 0 && this.mayEndEarly(next)
  }

  /** Whether what a segment holds below `next` may not all have reached the disk. */
  private mayEndEarly(next: number): boolean {
    return !this.options.clean && next > this.options.recoveryPoint
  }

  /** Newest snapshot that is whole and not beyond what is trusted; those beyond and damaged ones are removed. */
  private async restoreProducers(trusted: number): Promise<number> {
    const { disk, folder, log, logStartOffset } = this.options
    const offsets = disk
      .list(folder)
      .map(({ name }) => offsetOfFile(name, PRODUCER_SNAPSHOT))
      .filter((offset) => offset !== undefined)
      .reverse()
    for (const offset of offsets) {
      const path = `${folder}/${segmentFile(offset, PRODUCER_SNAPSHOT)}`
      if (offset > trusted) {
        await disk.remove(path)
        continue
      }
      try {
        this.producers.restore(parseProducerSnapshot(disk.readFile(path)!))
        await this.dropLooseSnapshots(offsets.filter((other) => other < offset))
        return offset
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error
        log.warn(`${path}: ${error.message}; it is removed, and producer state read from the batches instead`)
        await disk.remove(path)
      }
    }
    return logStartOffset
  }

  /** Of the older snapshots only those stay that segments begin with. */
  private async dropLooseSnapshots(offsets: readonly number[]): Promise<void> {
    const { disk, folder } = this.options
    const bases = new Set(this.opened.map(({ segment }) => segment.baseOffset))
    for (const offset of offsets) {
      if (!bases.has(offset)) await disk.remove(`${folder}/${segmentFile(offset, PRODUCER_SNAPSHOT)}`)
    }
  }

  /** Checks every batch, and builds indexes, epochs and producer state of what is good. False: something was cut off. */
  private async recover(opened: OpenedSegment, snapshotOffset: number, last: boolean): Promise<boolean> {
    const { config, log } = this.options
    const { segment } = opened
    const { file } = segment
    const from = segment.rewindBooks(Math.min(this.safeUpTo(opened), snapshotOffset) - 1)
    this.end = segment.baseOffset
    let problem: string | undefined
    try {
      await scanPieces(file, from, file.size, (piece) => {
        for (const at of batchPositions(piece)) {
          problem = this.problemOf(piece, at, segment)
          if (problem !== undefined) return false
          const aborted = this.note(piece, at, snapshotOffset)
          if (aborted) segment.transactionIndex.append(aborted)
          const size = batch.sizeInBytes(piece, at)
          segment.add(this.end - 1, batch.maxTimestamp(piece, at), size, config.indexIntervalBytes)
        }
        return true
      })
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      problem = error.message
    }
    const cut = file.size - segment.size
    if (cut > 0) {
      log.warn(
        `${file.path} ends with ${cut} bytes that are no whole record batch${problem ? ` (${problem})` : ''}; ` +
          `they are cut off, and the log ends at offset ${this.end}`,
      )
      file.truncate(segment.size)
    }
    if (config.flushMessages !== Infinity) await this.makeDurable(file)
    if (cut === 0 && !last) {
      segment.seal()
      await segment.saveIndexes()
    }
    return cut === 0
  }

  /** Who wants writes to be durable before they count is told of these again, as duplicates, and believes it. */
  private async makeDurable(file: DiskFile): Promise<void> {
    await file.sync()
    await syncPartitionFolder(this.options.disk, this.options.folder)
  }

  private problemOf(piece: Buffer, at: number, segment: Segment): string | undefined {
    if (!batch.hasValidCrc(piece, at)) return 'wrong checksum'
    const first = batch.baseOffset(piece, at)
    if (first < this.end || batch.lastOffset(piece, at) - segment.baseOffset > 0x7fff_ffff) {
      return `offset ${first} where ${this.end} or a later one is due`
    }
    return undefined
  }

  private note(piece: Buffer, at: number, snapshotOffset: number): AbortedTransaction | undefined {
    const epoch = batch.partitionLeaderEpoch(piece, at)
    const latest = this.epochs.latest
    const first = batch.baseOffset(piece, at)
    if (epoch >= 0 && (latest === undefined || epoch > latest.epoch)) this.epochs.assign(epoch, first)
    this.end = batch.nextOffset(piece, at)
    return first >= snapshotOffset ? noteProducer(this.producers, piece, at) : undefined
  }

  /** Reads what the snapshot does not cover, and finds the end of a segment whose content is trusted. */
  private async readOn(segment: Segment, snapshotOffset: number, next: number | undefined): Promise<boolean> {
    const { file } = segment
    this.end = segment.baseOffset
    const stopped = await scanPieces(file, segment.offsetIndex.lookup(snapshotOffset), file.size, (piece) => {
      for (const at of batchPositions(piece)) this.note(piece, at, snapshotOffset)
    })
    // trusted, but not whole: then nothing about it is
    return stopped === file.size || this.recover({ segment, unindexed: true }, snapshotOffset, next === undefined)
  }

  private async dropAfter(index: number): Promise<void> {
    const { disk, folder } = this.options
    for (const { segment } of this.opened.slice(index + 1)) {
      segment.close()
      for (const ending of [...SEGMENT_FILES, PRODUCER_SNAPSHOT]) {
        await disk.remove(`${folder}/${segmentFile(segment.baseOffset, ending)}`)
      }
    }
    await disk.syncDirectory(folder)
  }

  /** A log that ends before its start (its tail was lost, its start was not) begins anew at its start. */
  async dropBelowStart(): Promise<{ segments: Segments; logEndOffset: number }> {
    const { disk, folder, config, nowMs, logStartOffset } = this.options
    if (this.segments.length > 0 && this.end >= logStartOffset) {
      return { segments: new Segments(this.segments), logEndOffset: this.end }
    }
    for (const segment of this.segments) {
      segment.close()
      for (const ending of SEGMENT_FILES) await disk.remove(segment.pathOf(ending))
    }
    const fresh = Segment.create(disk, folder, logStartOffset, config, nowMs, 0)
    return { segments: new Segments([fresh]), logEndOffset: logStartOffset }
  }
}
