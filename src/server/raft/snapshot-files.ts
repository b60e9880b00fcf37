/**
 * Snapshots of the metadata log, as files beside it: `<end offset>-<epoch>.checkpoint`. A snapshot stands for all records
 * below its end offset, the last of which was written in that epoch. Between a header and a footer it has ordinary batches.
 */
import { nextTurn } from '../../base/turn.js'
import { MalformedError } from '../../base/bytes.js'
import {
  batch,
  BatchBuilder,
  batchPositions,
  controlBatch,
  ControlType,
  RecordCursor,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  wholeBatchesBytes,
} from '../../protocol/records/index.js'
import { replaceFile, type Disk } from '../disk/disk.js'
import { decodeEvent, encodeEvent, type MetadataEvent } from '../metadata/events.js'

export interface SnapshotId {
  readonly endOffset: number
  readonly epoch: number
}

export interface Snapshot {
  readonly id: SnapshotId
  readonly events: readonly MetadataEvent[]
}

const FILE = /^(\d{20})-(\d{10})\.checkpoint$/
/** What an interrupted write or removal leaves. */
const LEFT_OVER = /\.checkpoint\.(part|deleted|tmp)$/
const EVENTS_PER_BATCH = 1000

export const snapshotFile = ({ endOffset, epoch }: SnapshotId): string =>
  `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}.checkpoint`

/** Newest first. */
export function listSnapshots(disk: Disk, folder: string): SnapshotId[] {
  return disk
    .list(folder)
    .map(({ name }) => FILE.exec(name))
    .filter((match) => match !== null)
    .map(([, endOffset, epoch]) => ({ endOffset: Number(endOffset), epoch: Number(epoch) }))
    .sort((a, b) => b.endOffset - a.endOffset)
}

/** The form in which snapshots and `bootstrap.checkpoint` are written. Gives way to others between batches. */
export async function formatSnapshot(
  events: readonly MetadataEvent[],
  lastTimestampMs: number,
  nowMs: number,
): Promise<Buffer> {
  const place = (baseOffset: number) => ({ baseOffset, leaderEpoch: 0, timestampMs: nowMs })
  const header = { version: 0, lastContainedLogTimestamp: lastTimestampMs }
  const parts = [controlBatch(ControlType.SNAPSHOT_HEADER, snapshotHeaderRecord, header, place(0))]
  for (let at = 0; at < events.length; at += EVENTS_PER_BATCH) {
    const records = new BatchBuilder({ baseOffset: 1 + at, partitionLeaderEpoch: 0 })
    for (const event of events.slice(at, at + EVENTS_PER_BATCH)) {
      records.append({ key: null, value: encodeEvent(event), timestampMs: nowMs })
    }
    parts.push(records.finish())
    await nextTurn()
  }
  const end = place(1 + events.length)
  parts.push(controlBatch(ControlType.SNAPSHOT_FOOTER, snapshotFooterRecord, { version: 0 }, end))
  return Buffer.concat(parts)
}

/** @throws MalformedError when the file is not whole, or damaged */
export function parseSnapshot(content: Buffer): MetadataEvent[] {
  const events: MetadataEvent[] = []
  let isEnded = false
  if (wholeBatchesBytes(content) !== content.length) throw new MalformedError('the snapshot is cut short')
  for (const at of batchPositions(content)) {
    if (!batch.hasValidCrc(content, at)) throw new MalformedError(`the batch at ${at} has a wrong checksum`)
    const isControl = batch.isControl(content, at)
    const cursor = new RecordCursor(content, at)
    while (cursor.next()) {
      if (isControl) isEnded = cursor.key?.readInt16BE(2) === ControlType.SNAPSHOT_FOOTER
      const event = isControl || !cursor.value ? undefined : decodeEvent(cursor.value)
      if (event) events.push(event)
    }
  }
  if (!isEnded) throw new MalformedError('the snapshot has no footer')
  return events
}

export async function writeSnapshot(disk: Disk, folder: string, id: SnapshotId, content: Buffer): Promise<void> {
  await replaceFile(disk, `${folder}/${snapshotFile(id)}`, content)
}

/** Removes snapshots that a newer one stands for, and what interrupted work has left. */
export async function removeOldSnapshots(disk: Disk, folder: string, newest: SnapshotId): Promise<void> {
  for (const id of listSnapshots(disk, folder)) {
    if (id.endOffset < newest.endOffset) await disk.remove(`${folder}/${snapshotFile(id)}`)
  }
  for (const { name } of disk.list(folder)) if (LEFT_OVER.test(name)) await disk.remove(`${folder}/${name}`)
}
