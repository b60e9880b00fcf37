/**
 * `.txnindex`: the aborted transactions whose end markers stand in a segment, in the order of these markers. Readers of
 * committed records are told of those that overlap what they read. Most segments have none, and then no such file.
 */
import { readInt64, writeInt64 } from '../../base/bytes.js'
import type { Disk } from '../disk/disk.js'
import { IndexFile } from './index-file.js'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Of the marker. */
  readonly lastOffset: number
  /** The log's when the marker had been written: every later marker ends a transaction that began at or after it. */
  readonly lastStableOffset: number
}

const VERSION = 0
const ENTRY_BYTES = 34
const AT = { producerId: 2, firstOffset: 10, lastOffset: 18, lastStableOffset: 26 }

export class TransactionIndex {
  private constructor(
    private readonly disk: Disk,
    private readonly file: IndexFile,
  ) {}

  static fresh(disk: Disk, path: string): TransactionIndex {
    return new TransactionIndex(disk, IndexFile.fresh(disk, path, ENTRY_BYTES, Infinity))
  }

  /** undefined: there is a file, but it can't be such an index. */
  static existing(disk: Disk, path: string): TransactionIndex | undefined {
    if (disk.stat(path) === undefined) return TransactionIndex.fresh(disk, path)
    const file = IndexFile.existing(disk, path, ENTRY_BYTES, Infinity)
    return file && new TransactionIndex(disk, file)
  }

  get isEmpty(): boolean {
    return this.file.entries === 0
  }

  append({ producerId, firstOffset, lastOffset, lastStableOffset }: AbortedTransaction): void {
    const { bytes, at } = this.file.extend()
    bytes.writeInt16BE(VERSION, at)
    writeInt64(bytes, producerId, at + AT.producerId)
    writeInt64(bytes, firstOffset, at + AT.firstOffset)
    writeInt64(bytes, lastOffset, at + AT.lastOffset)
    writeInt64(bytes, lastStableOffset, at + AT.lastStableOffset)
  }

  *all(): Generator<AbortedTransaction> {
    for (let i = 0; i < this.file.entries; i++) yield this.entry(i)
  }

  /** Adds those that overlap [from, to). True when no later segment can have another one. */
  collect(from: number, to: number, found: AbortedTransaction[]): boolean {
    for (let i = this.file.floor(from - 1, lastOffsetAt) + 1; i < this.file.entries; i++) {
      const one = this.entry(i)
      if (one.firstOffset < to) found.push(one)
      if (one.lastStableOffset >= to) return true
    }
    return false
  }

  /** Drops those that ended at or above an offset. */
  truncate(offset: number): void {
    this.file.truncate(this.file.floor(offset - 1, lastOffsetAt) + 1)
  }

  async save(): Promise<void> {
    if (this.isEmpty && this.disk.stat(this.file.path) === undefined) return
    await this.file.save()
  }

  trim(): void {
    this.file.trim()
  }

  private entry(i: number): AbortedTransaction {
    const bytes = this.file.content()
    const at = i * ENTRY_BYTES
    return {
      producerId: readInt64(bytes, at + AT.producerId),
      firstOffset: readInt64(bytes, at + AT.firstOffset),
      lastOffset: lastOffsetAt(bytes, at),
      lastStableOffset: readInt64(bytes, at + AT.lastStableOffset),
    }
  }
}

const lastOffsetAt = (bytes: Buffer, at: number): number => readInt64(bytes, at + AT.lastOffset)
