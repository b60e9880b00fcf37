/** Records of one partition that wait for their handler, in order, and how much they hold. */
import type { IncomingRecord, IncomingRecords } from '../../client/port.js'

/** What is handed to a handler's side in one go: Spring's "records of a poll", of one partition. */
export interface Delivery {
  readonly records: readonly IncomingRecord[]
  /** The position once all are done: past what the broker will not show (control records, compacted ones). */
  readonly endPosition: number
}

interface Chunk {
  readonly records: readonly IncomingRecord[]
  readonly nextOffset: number
  /** Of what is not taken yet. */
  bytes: number
}

const RECORD_OVERHEAD_BYTES = 64

export class RecordQueue {
  private readonly chunks: Chunk[] = []
  /** Place of the next record in the first chunk. */
  private at = 0
  /** About: the records of a chunk count as equally large. */
  bytes = 0
  size = 0

  get isEmpty(): boolean {
    return this.chunks.length === 0
  }

  push({ records, nextOffset }: IncomingRecords): void {
    let bytes = 0
    for (const { rawKey, rawValue } of records) {
      bytes += RECORD_OVERHEAD_BYTES + (rawKey?.length ?? 0) + (rawValue?.length ?? 0)
    }
    this.chunks.push({ records, nextOffset, bytes })
    this.bytes += bytes
    this.size += records.length
  }

  /** The next records, at most so many; across chunks, so that small fetches still make full batches. */
  take(limit: number): Delivery {
    const first = this.chunks[0]!
    if (this.at === 0 && first.records.length <= limit && this.chunks.length === 1) {
      this.drop()
      this.size = 0
      return { records: first.records, endPosition: first.nextOffset }
    }
    const records: IncomingRecord[] = []
    let endPosition = 0
    while (this.chunks.length > 0 && (records.length < limit || this.chunks[0]!.records.length === 0)) {
      const chunk = this.chunks[0]!
      const end = Math.min(chunk.records.length, this.at + limit - records.length)
      for (let i = this.at; i < end; i++) records.push(chunk.records[i]!)
      if (end === chunk.records.length) {
        endPosition = chunk.nextOffset
        this.drop()
        continue
      }
      const takenBytes = (chunk.bytes / (chunk.records.length - this.at)) * (end - this.at)
      chunk.bytes -= takenBytes
      this.bytes -= takenBytes
      this.at = end
      endPosition = chunk.records[end - 1]!.offset + 1
      break
    }
    this.size -= records.length
    return { records, endPosition }
  }

  clear(): void {
    this.chunks.length = 0
    this.at = 0
    this.bytes = 0
    this.size = 0
  }

  private drop(): void {
    this.bytes -= this.chunks.shift()!.bytes
    if (this.chunks.length === 0) this.bytes = 0
    this.at = 0
  }
}
