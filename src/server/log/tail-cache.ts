/**
 * The newest batches of all logs, in memory, so that consumers who keep up are served without the disk. One cache for a
 * node, capped by bytes; the oldest go first, whatever log they are of, so each log keeps an unbroken tail.
 *
 * Appended buffers are kept as they are, not copied: the cache is what pins a request's bytes after it was answered.
 */

export interface CachedBatches {
  readonly baseOffset: number
  /** Offset after the last record. */
  readonly endOffset: number
  readonly bytes: Buffer
}

interface Chunk extends CachedBatches {
  readonly tail: LogTail
  readonly addedMs: number
}

/** What a chunk costs beside its bytes. */
const CHUNK_OVERHEAD_BYTES = 300
const COMPACT_FROM = 1024

export class TailCache {
  /** In order of age; those before `oldest` are gone. */
  private chunks: (Chunk | undefined)[] = []
  private oldest = 0
  private held = 0

  constructor(private readonly bytesMax: number) {}

  get bytes(): number {
    return this.held
  }

  tail(): LogTail {
    return new LogTail(this)
  }

  add(chunk: Chunk): void {
    this.chunks.push(chunk)
    this.held += chunk.bytes.length + CHUNK_OVERHEAD_BYTES
    while (this.held > this.bytesMax) this.dropOldest()
  }

  /** Lets go of what was added before that time: nobody who keeps up still needs it. */
  dropOlderThan(addedMs: number): void {
    while (this.oldest < this.chunks.length && this.chunks[this.oldest]!.addedMs < addedMs) this.dropOldest()
  }

  private dropOldest(): void {
    const chunk = this.chunks[this.oldest]!
    this.chunks[this.oldest++] = undefined
    this.held -= chunk.bytes.length + CHUNK_OVERHEAD_BYTES
    chunk.tail.dropFirst(chunk)
    if (this.oldest >= COMPACT_FROM && this.oldest * 2 >= this.chunks.length) {
      this.chunks = this.chunks.slice(this.oldest)
      this.oldest = 0
    }
  }
}

/** The part of the cache that is one log's. */
export class LogTail {
  private chunks: CachedBatches[] = []
  private first = 0

  constructor(private readonly cache: TailCache) {}

  /** From here on everything is held; Infinity when nothing is. */
  get startOffset(): number {
    return this.first < this.chunks.length ? this.chunks[this.first]!.baseOffset : Infinity
  }

  /** `nowMs` by any clock that `dropOlderThan` is asked by too. */
  add(baseOffset: number, endOffset: number, bytes: Buffer, nowMs: number): void {
    const chunk = { baseOffset, endOffset, bytes, tail: this, addedMs: nowMs }
    this.chunks.push(chunk)
    this.cache.add(chunk)
  }

  /** Index of the chunk that holds `offset`, for `chunkAt`; only when `offset` is at or above `startOffset`. */
  find(offset: number): number {
    let low = this.first
    let high = this.chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.chunks[middle]!.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  chunkAt(index: number): CachedBatches | undefined {
    return this.chunks[index]
  }

  /** The log was cut, or is gone: what is held may not be read any more. The cache forgets it in its own time. */
  clear(): void {
    this.chunks = []
    this.first = 0
  }

  /** What ends at or before `offset` may not be read from here any more. */
  dropBelow(offset: number): void {
    while (this.first < this.chunks.length && this.chunks[this.first]!.endOffset <= offset) this.first++
    if (this.first === this.chunks.length) this.clear()
  }

  dropFirst(chunk: CachedBatches): void {
    if (this.chunks[this.first] !== chunk) return
    this.first++
    if (this.first === this.chunks.length) this.clear()
    else if (this.first >= COMPACT_FROM && this.first * 2 >= this.chunks.length) {
      this.chunks = this.chunks.slice(this.first)
      this.first = 0
    }
  }
}
