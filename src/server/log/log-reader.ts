/** Reading a log: from the tail cache when it holds the offset, else from the segments' files. */
import { batch } from '../../protocol/records/index.js'
import { scanPieces } from './batch-scan.js'
import { endOfBatches, readSegment, type ReadLimits } from './segment-reader.js'
import type { Segments } from './segments.js'
import type { LogTail } from './tail-cache.js'

const EMPTY = Buffer.alloc(0)

export class LogReader {
  constructor(
    private readonly segments: Segments,
    private readonly tail: LogTail | undefined,
  ) {}

  /** Whole batches from the one that holds `fromOffset`; empty: there is nothing within the limits. */
  read(fromOffset: number, limits: ReadLimits): Buffer | Promise<Buffer> {
    if (fromOffset >= limits.endOffset) return EMPTY
    if (this.tail && fromOffset >= this.tail.startOffset) return readTail(this.tail, fromOffset, limits)
    return this.readFiles(fromOffset, limits)
  }

  private async readFiles(fromOffset: number, limits: ReadLimits): Promise<Buffer> {
    let index = this.segments.indexOf(fromOffset)
    for (let segment = this.segments.at(index); segment; segment = this.segments.at(++index)) {
      try {
        const { bytes, atEnd } = await readSegment(segment, fromOffset, limits)
        if (!atEnd) return bytes
      } catch (error) {
        // retention or the cleaner has taken the segment away meanwhile
        if (!this.segments.all().includes(segment)) return this.readFiles(fromOffset, limits)
        throw error
      }
    }
    return EMPTY
  }

  /** Every batch from the one that holds `fromOffset` to the end of the files, in pieces of whole batches. */
  async replay(fromOffset: number, onBatches: (batches: Buffer) => void): Promise<void> {
    let next = fromOffset
    for (let index = this.segments.indexOf(next); index < this.segments.count; index++) {
      const segment = this.segments.at(index)!
      await scanPieces(segment.file, segment.offsetIndex.lookup(next), segment.file.size, (piece) => {
        let at = 0
        while (at < piece.length && batch.lastOffset(piece, at) < next) at += batch.sizeInBytes(piece, at)
        if (at < piece.length) onBatches(at === 0 ? piece : piece.subarray(at))
      })
      next = Math.max(next, this.segments.endOf(index) ?? 0)
    }
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
