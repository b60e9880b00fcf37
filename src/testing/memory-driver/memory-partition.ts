/**
 * One partition's log in memory. Offsets are dense; `startOffset` moves up when records are deleted. As in Kafka, the end
 * of a transaction takes an offset of its own, which no reader is shown.
 */
import type { ConsumerOptions, OutgoingRecord } from '../../client/port.js'
import type { TimestampType } from '../../model/index.js'

/** The transaction that records belong to, as far as readers are concerned. */
export interface RecordsOwner {
  readonly state: 'open' | 'committed' | 'aborted'
}

/** As it stands in the log. */
export interface MemoryRecord extends OutgoingRecord {
  readonly offset: number
  readonly timestampType: TimestampType
  readonly leaderEpoch: number
}

interface Entry {
  /** undefined: the marker at the end of a transaction. */
  readonly record: MemoryRecord | undefined
  readonly owner: RecordsOwner | undefined
}

export interface MemoryRead {
  readonly records: MemoryRecord[]
  /** Where the next read goes on: past what readers are not shown. */
  readonly nextOffset: number
}

export class MemoryPartition {
  private entries: Entry[] = []
  startOffset = 0

  get endOffset(): number {
    return this.startOffset + this.entries.length
  }

  /** Where the first open transaction begins, else the end. */
  get lastStableOffset(): number {
    const open = this.entries.findIndex(({ owner }) => owner?.state === 'open')
    return open < 0 ? this.endOffset : this.startOffset + open
  }

  /** Returns the offset of the first record. */
  append(
    records: readonly OutgoingRecord[],
    timestampType: TimestampType,
    nowMs: number,
    owner?: RecordsOwner,
  ): number {
    const baseOffset = this.endOffset
    for (const [i, { key, value, headers, timestampMs }] of records.entries()) {
      const record = {
        offset: baseOffset + i,
        key,
        value,
        headers,
        timestampMs: timestampType === 'LogAppendTime' ? nowMs : timestampMs,
        timestampType,
        leaderEpoch: 0,
      }
      this.entries.push({ record, owner })
    }
    return baseOffset
  }

  /** The end of a transaction. */
  appendMarker(): void {
    this.entries.push({ record: undefined, owner: undefined })
  }

  /** At most `countMax` records from `offset`, which must be in the log; at least one, even when it exceeds `bytesMax`. */
  read(
    offset: number,
    countMax: number,
    bytesMax = Infinity,
    isolation: ConsumerOptions['isolation'] = 'read_uncommitted',
  ): MemoryRead {
    const records: MemoryRecord[] = []
    const limit = isolation === 'read_committed' ? this.lastStableOffset : this.endOffset
    let bytes = 0
    let at = offset
    for (; at < limit && records.length < countMax; at++) {
      const { record, owner } = this.entries[at - this.startOffset]!
      if (record === undefined || (isolation === 'read_committed' && owner?.state === 'aborted')) continue
      bytes += recordBytes(record)
      if (records.length > 0 && bytes > bytesMax) break
      records.push(record)
    }
    return { records, nextOffset: at }
  }

  /** Whether a fetch at `offset` can be answered, if only with nothing yet. */
  has(offset: number): boolean {
    return offset >= this.startOffset && offset <= this.endOffset
  }

  firstOffsetSince(timestampMs: number): number | undefined {
    return this.entries.find(({ record }) => record !== undefined && record.timestampMs >= timestampMs)?.record?.offset
  }

  deleteBefore(offset: number): void {
    this.entries = this.entries.slice(offset - this.startOffset)
    this.startOffset = offset
  }
}

/** About what a record takes on the wire; good enough for limits in tests. */
export function recordBytes(record: Pick<OutgoingRecord, 'key' | 'value' | 'headers'>): number {
  let bytes = 8 + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  for (const header of record.headers) bytes += 2 + header.key.length + (header.value?.length ?? 0)
  return bytes
}
