/**
 * `.timeindex`: a timestamp and an offset, meaning that no record up to that offset is later. Twelve bytes an entry:
 * timestamp, offset from the base; timestamps strictly rise. One slot is kept free for the entry that ends a segment.
 */
import { readInt64, writeInt64 } from '../../base/bytes.js'
import type { Disk } from '../disk/disk.js'
import { IndexFile } from './index-file.js'

const ENTRY_BYTES = 12

export class TimeIndex {
  constructor(
    private readonly file: IndexFile,
    private readonly baseOffset: number,
  ) {}

  static fresh(disk: Disk, path: string, baseOffset: number, bytesMax: number): TimeIndex {
    return new TimeIndex(IndexFile.fresh(disk, path, ENTRY_BYTES, bytesMax), baseOffset)
  }

  static existing(disk: Disk, path: string, baseOffset: number, bytesMax: number): TimeIndex | undefined {
    const file = IndexFile.existing(disk, path, ENTRY_BYTES, bytesMax)
    return file && new TimeIndex(file, baseOffset)
  }

  get entries(): number {
    return this.file.entries
  }

  get isFull(): boolean {
    return this.file.isFull(1)
  }

  /** Does nothing when the timestamp is not later than the last entry's. */
  append(timestamp: number, offset: number): void {
    if (this.file.isFull(0) || (this.entries > 0 && timestamp <= this.last!.timestamp) || timestamp < 0) return
    const { bytes, at } = this.file.extend()
    writeInt64(bytes, timestamp, at)
    bytes.writeInt32BE(offset - this.baseOffset, at + 8)
  }

  get last(): { timestamp: number; offset: number } | undefined {
    return this.entries === 0 ? undefined : this.entry(this.entries - 1)
  }

  entry(i: number): { timestamp: number; offset: number } {
    const bytes = this.file.content()
    return {
      timestamp: readInt64(bytes, i * ENTRY_BYTES),
      offset: this.baseOffset + bytes.readInt32BE(i * ENTRY_BYTES + 8),
    }
  }

  /** Every record with a timestamp of at least `timestamp` is at or above this offset. */
  lookup(timestamp: number): number {
    const found = this.file.floor(timestamp, timestampAt)
    return found < 0 ? this.baseOffset : this.entry(found).offset
  }

  /** Drops the entries at and above an offset. */
  truncate(offset: number): void {
    let entries = this.entries
    while (entries > 0 && this.entry(entries - 1).offset >= offset) entries--
    this.file.truncate(entries)
  }

  save(): Promise<void> {
    return this.file.save()
  }

  trim(): void {
    this.file.trim()
  }
}

const timestampAt = (bytes: Buffer, at: number): number => readInt64(bytes, at)
