/** Finds records by time: the record's own offset, not its batch's. */
import { batch, batchPositions, RecordCursor } from '../../protocol/records/index.js'
import { scanPieces } from './batch-scan.js'
import type { PartitionLog } from './partition-log.js'
import type { Segment } from './segment.js'

export interface FoundRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly leaderEpoch: number
}

/** The first record at or above the log's start with this timestamp or a later one. */
export async function findByTimestamp(log: PartitionLog, timestampMs: number): Promise<FoundRecord | undefined> {
  for (const segment of log.segments.all().slice()) {
    if (segment.maxTimestamp < timestampMs) continue
    const from = Math.max(segment.timeIndex.lookup(timestampMs), log.logStartOffset)
    const found = await searchSegment(segment, from, (bytes, at) =>
      batch.maxTimestamp(bytes, at) < timestampMs
        ? undefined
        : firstRecord(bytes, at, (record) => record.timestampMs >= timestampMs && record.offset >= log.logStartOffset),
    )
    if (found) return found
  }
  return undefined
}

/** The first record that has the log's largest timestamp; undefined when no record has one. */
export async function findMaxTimestamp(log: PartitionLog): Promise<FoundRecord | undefined> {
  let latest: Segment | undefined
  for (const segment of log.segments.all()) {
    if (segment.maxTimestamp > (latest?.maxTimestamp ?? -1)) latest = segment
  }
  if (!latest) return undefined
  const { maxTimestamp, offsetOfMaxTimestamp } = latest
  return searchSegment(latest, offsetOfMaxTimestamp, (bytes, at) =>
    batch.maxTimestamp(bytes, at) < maxTimestamp
      ? undefined
      : firstRecord(bytes, at, (record) => record.timestampMs === maxTimestamp),
  )
}

async function searchSegment(
  segment: Segment,
  fromOffset: number,
  search: (bytes: Buffer, at: number) => FoundRecord | undefined,
): Promise<FoundRecord | undefined> {
  let found: FoundRecord | undefined
  await scanPieces(segment.file, segment.offsetIndex.lookup(fromOffset), segment.file.size, (piece) => {
    for (const at of batchPositions(piece)) {
      found = search(piece, at)
      if (found) return false
    }
    return true
  })
  return found
}

function firstRecord(bytes: Buffer, at: number, matches: (record: RecordCursor) => boolean): FoundRecord | undefined {
  for (const cursor = new RecordCursor(bytes, at); cursor.next();) {
    if (!matches(cursor)) continue
    const { offset, timestampMs } = cursor
    return { offset, timestampMs, leaderEpoch: batch.partitionLeaderEpoch(bytes, at) }
  }
  return undefined
}
