/** One partition's log in memory. Offsets are dense; `startOffset` moves up when records are deleted. */
import type { IncomingRecord, OutgoingRecord } from '../../client/port.js'
import type { TimestampType } from '../../model/index.js'

export class MemoryPartition {
  private records: IncomingRecord[] = []
  startOffset = 0

  get endOffset(): number {
    return this.startOffset + this.records.length
  }

  /** Returns the offset of the first record. */
  append(records: readonly OutgoingRecord[], timestampType: TimestampType, nowMs: number): number {
    const baseOffset = this.endOffset
    for (const [i, record] of records.entries()) {
      this.records.push({
        offset: baseOffset + i,
        key: record.key,
        value: record.value,
        headers: record.headers,
        timestampMs: timestampType === 'LogAppendTime' ? nowMs : record.timestampMs,
        timestampType,
        leaderEpoch: 0,
      })
    }
    return baseOffset
  }

  /** At most `countMax` records from `offset`, which must be in the log; at least one, even when it exceeds `bytesMax`. */
  read(offset: number, countMax: number, bytesMax = Infinity): IncomingRecord[] {
    const found: IncomingRecord[] = []
    let bytes = 0
    for (let i = offset - this.startOffset; i < this.records.length && found.length < countMax; i++) {
      const record = this.records[i]!
      bytes += recordBytes(record)
      if (found.length > 0 && bytes > bytesMax) break
      found.push(record)
    }
    return found
  }

  /** Whether a fetch at `offset` can be answered, if only with nothing yet. */
  has(offset: number): boolean {
    return offset >= this.startOffset && offset <= this.endOffset
  }

  firstOffsetSince(timestampMs: number): number | undefined {
    return this.records.find((record) => record.timestampMs >= timestampMs)?.offset
  }

  deleteBefore(offset: number): void {
    this.records = this.records.slice(offset - this.startOffset)
    this.startOffset = offset
  }
}

/** About what a record takes on the wire; good enough for limits in tests. */
export function recordBytes(record: Pick<OutgoingRecord, 'key' | 'value' | 'headers'>): number {
  let bytes = 8 + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  for (const header of record.headers) bytes += 2 + header.key.length + (header.value?.length ?? 0)
  return bytes
}
