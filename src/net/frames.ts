/**
 * Kafka's framing: an int32 size, then that many bytes. Chunks are kept as they come; a frame's memory is allocated once,
 * exactly, when all of it is there, so that a claimed size alone costs nothing.
 */

/** The peer's framing is broken; nothing that follows on this connection can be trusted. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

const SIZE_BYTES = 4

export class FrameReader {
  private chunks: Buffer[] = []
  /** Bytes of the first chunk that are used up. */
  private offset = 0
  private buffered = 0
  /** Size of the frame under way; -1 = its size is not known yet. */
  private size = -1

  /** @param maxBytes largest frame; may be changed, and counts for sizes that are not read yet */
  constructor(public maxBytes: number) {}

  /** Bytes that have come and are not yet part of a frame given out. */
  get bufferedBytes(): number {
    return this.buffered
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.chunks.push(chunk)
    this.buffered += chunk.length
  }

  /** The next complete frame, without its size, in memory of its own; undefined when more bytes are needed. */
  next(): Buffer | undefined {
    if (this.size < 0) {
      if (this.buffered < SIZE_BYTES) return undefined
      this.size = this.readSize()
    }
    if (this.buffered < this.size) return undefined
    const frame = this.take(this.size)
    this.size = -1
    return frame
  }

  private readSize(): number {
    const first = this.chunks[0]!
    let size: number
    if (first.length - this.offset > SIZE_BYTES) {
      size = first.readInt32BE(this.offset)
      this.offset += SIZE_BYTES
      this.buffered -= SIZE_BYTES
    } else {
      size = this.take(SIZE_BYTES).readInt32BE(0)
    }
    if (size < 0 || size > this.maxBytes) {
      throw new FrameError(`a frame of ${size} bytes, where 0 to ${this.maxBytes} are allowed`)
    }
    return size
  }

  private take(length: number): Buffer {
    const out = Buffer.allocUnsafe(length)
    let filled = 0
    let used = 0
    while (filled < length) {
      const chunk = this.chunks[used]!
      const count = Math.min(chunk.length - this.offset, length - filled)
      chunk.copy(out, filled, this.offset, this.offset + count)
      filled += count
      this.offset += count
      if (this.offset === chunk.length) {
        used++
        this.offset = 0
      }
    }
    if (used > 0) this.chunks.splice(0, used)
    this.buffered -= length
    return out
  }
}

/** The size that stands before a frame made of these chunks. */
export function framePrefix(chunks: readonly Buffer[]): Buffer {
  let size = 0
  for (const chunk of chunks) size += chunk.length
  const prefix = Buffer.allocUnsafe(SIZE_BYTES)
  prefix.writeInt32BE(size, 0)
  return prefix
}
