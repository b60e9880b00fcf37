/**
 * `.index`: for some batches of a segment, the last offset and where the batch begins in the file. Eight bytes an entry:
 * offset from the base, position. A lookup gives a place from which to scan.
 */
import type { Disk } from '../disk/disk.js'
import { IndexFile } from './index-file.js'

const ENTRY_BYTES = 8

export class OffsetIndex {
  constructor(
    private readonly file: IndexFile,
    private readonly baseOffset: number,
  ) {}

  static fresh(disk: Disk, path: string, baseOffset: number, bytesMax: number): OffsetIndex {
    return new OffsetIndex(IndexFile.fresh(disk, path, ENTRY_BYTES, bytesMax), baseOffset)
  }

  static existing(disk: Disk, path: string, baseOffset: number, bytesMax: number): OffsetIndex | undefined {
    const file = IndexFile.existing(disk, path, ENTRY_BYTES, bytesMax)
    return file && new OffsetIndex(file, baseOffset)
  }

  get entries(): number {
    return this.file.entries
  }

  get isFull(): boolean {
    return this.file.isFull(0)
  }

  append(offset: number, position: number): void {
    const { bytes, at } = this.file.extend()
    bytes.writeInt32BE(offset - this.baseOffset, at)
    bytes.writeInt32BE(position, at + 4)
  }

  /** Position of the last indexed batch that ends at or before `offset`; 0 when there is none. */
  lookup(offset: number): number {
    const found = this.file.floor(offset - this.baseOffset, relativeOffset)
    return found < 0 ? 0 : this.file.content().readInt32BE(found * ENTRY_BYTES + 4)
  }

  entry(i: number): { offset: number; position: number } {
    const bytes = this.file.content()
    return {
      offset: this.baseOffset + bytes.readInt32BE(i * ENTRY_BYTES),
      position: bytes.readInt32BE(i * ENTRY_BYTES + 4),
    }
  }

  /** Position of the last entry: what lies behind it has to be scanned. */
  get lastPosition(): number {
    return this.entries === 0 ? 0 : this.entry(this.entries - 1).position
  }

  /** Drops the entries at and above an offset. */
  truncate(offset: number): void {
    this.file.truncate(this.file.floor(offset - 1 - this.baseOffset, relativeOffset) + 1)
  }

  save(): Promise<void> {
    return this.file.save()
  }

  trim(): void {
    this.file.trim()
  }
}

const relativeOffset = (bytes: Buffer, at: number): number => bytes.readInt32BE(at)
