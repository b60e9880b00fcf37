/**
 * Entries of one size in a file, in rising order: what the offset index and the time index have in common.
 *
 * The newest segment's entries live in memory and reach the file when the log is flushed: after a crash the indexes of
 * everything above the recovery point are rebuilt anyway. The entries of older segments are read when they are needed, and
 * dropped when they have not been for a while.
 */
import type { Disk } from '../disk/disk.js'

export class IndexFile {
  private bytes: Buffer | undefined
  private count: number
  /** Entries in the file that are as in memory. */
  private saved: number
  private usedSinceTrim = false

  private constructor(
    private readonly disk: Disk,
    readonly path: string,
    readonly entryBytes: number,
    private readonly entriesMax: number,
    count: number,
  ) {
    this.count = count
    this.saved = count
    if (count === 0) this.bytes = EMPTY
  }

  /** `bytesMax` is rounded down to whole entries. */
  static fresh(disk: Disk, path: string, entryBytes: number, bytesMax: number): IndexFile {
    return new IndexFile(disk, path, entryBytes, Math.floor(bytesMax / entryBytes), 0)
  }

  /** undefined: there is no such file, or it can't be an index, as its size is not a number of whole entries. */
  static existing(disk: Disk, path: string, entryBytes: number, bytesMax: number): IndexFile | undefined {
    const size = disk.stat(path)?.size
    if (size === undefined || size % entryBytes !== 0) return undefined
    return new IndexFile(disk, path, entryBytes, Math.floor(bytesMax / entryBytes), size / entryBytes)
  }

  get entries(): number {
    return this.count
  }

  /** No room for another entry but the one that is kept for the end. */
  isFull(spare: number): boolean {
    return this.count >= this.entriesMax - spare
  }

  /** All entries, read from the file when they are not in memory. */
  content(): Buffer {
    this.usedSinceTrim = true
    if (this.bytes === undefined) this.bytes = this.disk.readFile(this.path) ?? EMPTY
    return this.bytes
  }

  /** Makes room for one more entry and tells where it begins; the caller fills it in. */
  extend(): { bytes: Buffer; at: number } {
    const at = this.count * this.entryBytes
    let bytes = this.content()
    if (at + this.entryBytes > bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, this.entryBytes * 16))
      bytes.copy(grown, 0, 0, at)
      this.bytes = bytes = grown
    }
    this.count++
    return { bytes, at }
  }

  truncate(entries: number): void {
    if (entries >= this.count) return
    if (entries > 0) this.content()
    this.count = entries
    this.saved = Math.min(this.saved, entries)
    if (entries === 0) this.bytes = EMPTY
  }

  /** Index of the last entry for which `key(entry) <= target`; -1 when there is none. */
  floor(target: number, key: (bytes: Buffer, at: number) => number): number {
    const bytes = this.content()
    let low = -1
    let high = this.count - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (key(bytes, middle * this.entryBytes) <= target) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Brings the file up to date, and into being when there is none. */
  async save(): Promise<void> {
    const { saved, count } = this
    if (count === 0) return this.saveEmpty()
    if (saved === count && this.disk.stat(this.path)?.size === count * this.entryBytes) return
    const added = Buffer.from(this.content().subarray(saved * this.entryBytes, count * this.entryBytes))
    const file = this.disk.open(this.path)
    try {
      file.truncate(Math.min(file.size, saved * this.entryBytes))
      if (added.length > 0) await file.append([added])
      await file.sync()
    } finally {
      file.close()
    }
    this.saved = Math.min(count, this.count)
  }

  private saveEmpty(): void {
    if (this.disk.stat(this.path)?.size !== 0) this.disk.writeFile(this.path, EMPTY)
  }

  /** Gives memory back when the entries were not used since the last call; true when there is nothing in memory. */
  trim(): void {
    if (!this.usedSinceTrim && this.saved === this.count && this.count > 0) this.bytes = undefined
    this.usedSinceTrim = false
  }
}

const EMPTY = Buffer.alloc(0)
