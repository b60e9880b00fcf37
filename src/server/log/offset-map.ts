/**
 * The latest offset of each key in the part of a log that is about to be compacted. Keys are kept exactly: no two ever
 * count as one. It is full at `log.cleaner.dedupe.buffer.size`, as far as that can be reckoned.
 */
export class OffsetMap {
  private readonly offsets = new Map<string, number>()
  private bytes = 0
  /** Everything up to here is in the map; what lies beyond is kept whatever its key. */
  latestOffset = -1

  constructor(private readonly bytesMax: number) {}

  get size(): number {
    return this.offsets.size
  }

  get isFull(): boolean {
    return this.bytes >= this.bytesMax
  }

  put(key: Buffer, offset: number): void {
    const text = key.toString('latin1')
    const before = this.offsets.size
    this.offsets.set(text, offset)
    if (this.offsets.size > before) this.bytes += text.length + ENTRY_OVERHEAD_BYTES
  }

  get(key: Buffer): number | undefined {
    return this.offsets.get(key.toString('latin1'))
  }
}

/** A string, its place in the table, and a number, as the engine stores them. */
const ENTRY_OVERHEAD_BYTES = 80
