/** The first pass of compaction: the latest offset of each key in the dirty part, and what was aborted. */
import { batch, batchPositions, RecordCursor } from '../../protocol/records/index.js'
import { nextTurn } from '../../base/turn.js'
import { scanPieces } from './batch-scan.js'
import type { CleanRange } from './clean-range.js'
import { OffsetMap } from './offset-map.js'
import type { PartitionLog } from './partition-log.js'
import { endOfTransaction } from './producer-batches.js'

export interface Dirty {
  readonly map: OffsetMap
  /** Base offsets of data batches whose transaction was aborted. */
  readonly aborted: ReadonlySet<number>
}

/** The map may be full before the range ends: it then covers less of it. */
export async function scanDirty(log: PartitionLog, range: CleanRange, mapBytesMax: number): Promise<Dirty> {
  const aborted = await abortedBatches(log, range)
  const map = new OffsetMap(mapBytesMax)
  await scanLog(log, range.firstDirtyOffset, range.endOffset, (piece) => {
    for (const at of batchPositions(piece)) {
      if (batch.lastOffset(piece, at) < range.firstDirtyOffset) continue
      if (batch.baseOffset(piece, at) >= range.endOffset || map.isFull) return false
      if (!batch.isControl(piece, at) && !aborted.has(batch.baseOffset(piece, at))) addKeys(map, piece, at)
      map.latestOffset = batch.lastOffset(piece, at)
    }
    return true
  })
  return { map, aborted }
}

function addKeys(map: OffsetMap, piece: Buffer, at: number): void {
  for (const cursor = new RecordCursor(piece, at); cursor.next();) {
    const { key } = cursor
    if (key !== null) map.put(key, cursor.offset)
  }
}

/** Looks on beyond the range until the ends of all transactions are found that have data in it. */
async function abortedBatches(log: PartitionLog, range: CleanRange): Promise<Set<number>> {
  const aborted = new Set<number>()
  const open = new Map<number, number[]>()
  await scanLog(log, log.logStartOffset, log.lastStableOffset, (piece) => {
    for (const at of batchPositions(piece)) {
      const base = batch.baseOffset(piece, at)
      if (base >= range.endOffset && open.size === 0) return false
      if (!batch.isTransactional(piece, at)) continue
      const producerId = batch.producerId(piece, at)
      if (batch.isControl(piece, at)) {
        if (endOfTransaction(piece, at)?.commit === false)
          for (const offset of open.get(producerId) ?? []) aborted.add(offset)
        open.delete(producerId)
      } else if (base < range.endOffset) {
        const known = open.get(producerId)
        if (known) known.push(base)
        else open.set(producerId, [base])
      }
    }
    return true
  })
  return aborted
}

/** Hands out pieces of all segments that have offsets in the range, until told to stop. */
async function scanLog(
  log: PartitionLog,
  fromOffset: number,
  endOffset: number,
  onPiece: (piece: Buffer) => boolean,
): Promise<void> {
  let goOn = true
  for (let i = log.segments.indexOf(fromOffset); goOn && i < log.segments.count; i++) {
    const segment = log.segments.at(i)!
    if (segment.baseOffset >= endOffset) return
    const from = segment.offsetIndex.lookup(fromOffset)
    await scanPieces(segment.file, from, segment.file.size, async (piece) => {
      await nextTurn()
      goOn = onPiece(piece)
      return goOn
    })
  }
}
