/**
 * A segment: a file of record batches from a base offset on, with its indexes.
 *
 * It keeps books ahead of the file: `add` is told of a batch when its place is given out, before its bytes are written.
 * What has been written is `file.size`; nobody reads beyond the high watermark.
 */
import { batch } from '../../protocol/records/index.js'
import type { Disk, DiskFile } from '../disk/disk.js'
import { DELETED, LOG, OFFSET_INDEX, segmentFile, SEGMENT_FILES, TIME_INDEX, TXN_INDEX } from './file-names.js'
import type { LogConfig } from './log-config.js'
import { OffsetIndex } from './offset-index.js'
import { TimeIndex } from './time-index.js'
import { TransactionIndex } from './transaction-index.js'

const RELATIVE_OFFSET_MAX = 0x7fff_ffff

export class Segment {
  readonly file: DiskFile
  /** Bytes given out, written or not. */
  size: number
  /** Of the first batch: what the segment's age is counted from. */
  firstTimestamp: number | undefined
  /** Largest timestamp and the last offset of the batch that has it; undefined: look into the time index. */
  private largest: { timestamp: number; offset: number } | undefined
  private bytesSinceIndexEntry = 0
  readonly jitterMs: number

  constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    readonly baseOffset: number,
    readonly offsetIndex: OffsetIndex,
    readonly timeIndex: TimeIndex,
    readonly transactionIndex: TransactionIndex,
    readonly createdMs: number,
    jitterMs = 0,
    /** Of all file names, e.g. `.cleaned`. */
    private readonly suffix = '',
    whenMissing: 'make' | 'make-on-append' = 'make',
  ) {
    this.file = disk.open(this.pathOf(LOG), whenMissing)
    this.size = this.file.size
    this.jitterMs = jitterMs
  }

  static create(
    disk: Disk,
    folder: string,
    baseOffset: number,
    config: LogConfig,
    nowMs: number,
    jitterMs: number,
    suffix = '',
    whenMissing: 'make' | 'make-on-append' = 'make',
  ): Segment {
    const name = (ending: string): string => `${folder}/${segmentFile(baseOffset, ending)}${suffix}`
    const offsetIndex = OffsetIndex.fresh(disk, name(OFFSET_INDEX), baseOffset, config.segmentIndexBytes)
    const timeIndex = TimeIndex.fresh(disk, name(TIME_INDEX), baseOffset, config.segmentIndexBytes)
    const transactionIndex = TransactionIndex.fresh(disk, name(TXN_INDEX))
    return new Segment(
      disk,
      folder,
      baseOffset,
      offsetIndex,
      timeIndex,
      transactionIndex,
      nowMs,
      jitterMs,
      suffix,
      whenMissing,
    )
  }

  /** Opens a segment whose files are whole, with what its indexes hold. */
  static existing(disk: Disk, folder: string, baseOffset: number, config: LogConfig, createdMs: number): Segment {
    const name = (ending: string): string => `${folder}/${segmentFile(baseOffset, ending)}`
    const bytesMax = config.segmentIndexBytes
    return new Segment(
      disk,
      folder,
      baseOffset,
      OffsetIndex.existing(disk, name(OFFSET_INDEX), baseOffset, bytesMax) ??
        OffsetIndex.fresh(disk, name(OFFSET_INDEX), baseOffset, bytesMax),
      TimeIndex.existing(disk, name(TIME_INDEX), baseOffset, bytesMax) ??
        TimeIndex.fresh(disk, name(TIME_INDEX), baseOffset, bytesMax),
      TransactionIndex.existing(disk, name(TXN_INDEX)) ?? TransactionIndex.fresh(disk, name(TXN_INDEX)),
      createdMs,
    )
  }

  pathOf(ending: string): string {
    return `${this.folder}/${segmentFile(this.baseOffset, ending)}${this.suffix}`
  }

  /** A batch gets the next place in the file. */
  add(lastOffset: number, maxTimestamp: number, bytes: number, indexIntervalBytes: number): void {
    this.firstTimestamp ??= this.size === 0 ? maxTimestamp : undefined
    const known = this.largestKnown
    if (maxTimestamp > known.timestamp) this.largest = { timestamp: maxTimestamp, offset: lastOffset }
    if (this.bytesSinceIndexEntry > indexIntervalBytes) {
      const { timestamp, offset } = this.largestKnown
      this.offsetIndex.append(lastOffset, this.size)
      this.timeIndex.append(timestamp, offset)
      this.bytesSinceIndexEntry = 0
    }
    this.size += bytes
    this.bytesSinceIndexEntry += bytes
  }

  /** Looks at the first batch in the file, for a segment that is loaded and grows on. */
  async learnFirstTimestamp(): Promise<void> {
    if (this.firstTimestamp !== undefined) return
    const head = await this.file.read(0, batch.BATCH_HEADER_BYTES)
    if (head.length === batch.BATCH_HEADER_BYTES) this.firstTimestamp = batch.maxTimestamp(head, 0)
  }

  /**
   * Goes back to the last indexed batch that ends at or before `offset`, forgets what the books say of what follows, and
   * gives its position: from there recovery writes them anew, batch by batch.
   */
  rewindBooks(offset: number): number {
    const position = this.offsetIndex.lookup(offset)
    this.offsetIndex.truncate(position === 0 ? this.baseOffset : offset + 1)
    this.timeIndex.truncate(position === 0 ? this.baseOffset : offset + 1)
    this.transactionIndex.truncate(offset + 1)
    this.size = position
    this.bytesSinceIndexEntry = 0
    this.firstTimestamp = undefined
    this.largest = undefined
    return position
  }

  /** -1 when no batch has a timestamp. */
  get maxTimestamp(): number {
    return this.largestKnown.timestamp
  }

  /** Last offset of the batch that has the largest timestamp. */
  get offsetOfMaxTimestamp(): number {
    return this.largestKnown.offset
  }

  private get largestKnown(): { timestamp: number; offset: number } {
    return (this.largest ??= this.timeIndex.last ?? { timestamp: -1, offset: this.baseOffset })
  }

  /** Whether a batch that ends at `lastOffset` has to go into a segment of its own. */
  mustRollFor(bytes: number, maxTimestamp: number, lastOffset: number, config: LogConfig, nowMs: number): boolean {
    if (lastOffset - this.baseOffset > RELATIVE_OFFSET_MAX) return true
    if (this.size === 0) return false
    if (this.size + bytes > config.segmentBytes || this.offsetIndex.isFull || this.timeIndex.isFull) return true
    return this.ageMs(maxTimestamp, nowMs) > config.segmentMs - Math.min(this.jitterMs, config.segmentMs)
  }

  /** By the timestamps of records where there are any, else by the clock. */
  private ageMs(maxTimestamp: number, nowMs: number): number {
    const first = this.firstTimestamp
    return first === undefined || first < 0 ? nowMs - this.createdMs : maxTimestamp - first
  }

  /** No more batches will come for now: the time index gets the segment's maximum. */
  seal(): void {
    const { timestamp, offset } = this.largestKnown
    this.timeIndex.append(timestamp, offset)
  }

  async saveIndexes(): Promise<void> {
    await this.offsetIndex.save()
    await this.timeIndex.save()
    await this.transactionIndex.save()
  }

  /** Gives idle memory back. */
  trim(): void {
    this.offsetIndex.trim()
    this.timeIndex.trim()
    this.transactionIndex.trim()
  }

  /** For retention: largest timestamp, or when the file was last written if there is none. */
  get newestMs(): number {
    const { maxTimestamp } = this
    return maxTimestamp >= 0 ? maxTimestamp : (this.disk.stat(this.file.path)?.modifiedMs ?? this.createdMs)
  }

  close(): void {
    this.file.close()
  }

  /** Renames the files of a closed segment from one suffix to another. */
  static rename({ disk, folder, baseOffset }: Segment, from: string, to: string): void {
    for (const ending of SEGMENT_FILES) {
      const path = `${folder}/${segmentFile(baseOffset, ending)}`
      if (ending === TXN_INDEX && disk.stat(path + from) === undefined) continue
      disk.rename(path + from, path + to)
    }
  }

  /** Closes the segment and renames its files as deleted; gives their names. Reads under way still finish. */
  moveAway(): string[] {
    this.close()
    const moved: string[] = []
    for (const ending of SEGMENT_FILES) {
      const path = this.pathOf(ending)
      if (this.disk.stat(path) === undefined) continue
      this.disk.rename(path, path + DELETED)
      moved.push(path + DELETED)
    }
    return moved
  }
}
