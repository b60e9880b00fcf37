/** The second pass of compaction: neighbouring segments are written anew as one, without what newer records replace. */
import { batch, batchPositions } from '../../protocol/records/index.js'
import { nextTurn } from '../../base/turn.js'
import type { Disk } from '../disk/disk.js'
import { scanPieces } from './batch-scan.js'
import { cleanBatch, type CleanRules } from './clean-batch.js'
import { CLEANED } from './file-names.js'
import type { LogConfig } from './log-config.js'
import { Segment } from './segment.js'
import type { AbortedTransaction } from './transaction-index.js'

const WRITE_BYTES = 1024 * 1024
const RELATIVE_OFFSET_MAX = 0x7fff_ffff

/** Segments that together fit into one. */
export function groupSegments(segments: readonly Segment[], config: LogConfig): Segment[][] {
  const groups: Segment[][] = []
  let bytes = 0
  let entries = 0
  segments.forEach((segment, i) => {
    const group = groups.at(-1)
    const end = segments[i + 1]?.baseOffset ?? segment.baseOffset + 1
    const fits =
      group !== undefined &&
      bytes + segment.size <= config.segmentBytes &&
      (entries + segment.offsetIndex.entries) * TIME_ENTRY_BYTES <= config.segmentIndexBytes &&
      end - group[0]!.baseOffset <= RELATIVE_OFFSET_MAX
    if (fits) {
      group.push(segment)
      bytes += segment.size
      entries += segment.offsetIndex.entries
    } else {
      groups.push([segment])
      bytes = segment.size
      entries = segment.offsetIndex.entries
    }
  })
  return groups
}

/** Of the larger of the two indexes. */
const TIME_ENTRY_BYTES = 12

/** Rewrites segments by the rules; remembers, from one group to the next, whose transactions have data left. */
export class SegmentCleaner {
  private readonly withData = new Set<number>()

  constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    private readonly config: LogConfig,
    private readonly rules: CleanRules,
  ) {}

  /** Gives the new segment, under its `.cleaned` name, durable and closed. */
  async clean(group: readonly Segment[]): Promise<Segment> {
    const first = group[0]!
    const output = Segment.create(this.disk, this.folder, first.baseOffset, this.config, first.createdMs, 0, CLEANED)
    const lastOffset = await lastOffsetOf(group.at(-1)!)
    const aborted = abortedBy(group)
    let pending: Buffer[] = []
    let bytes = 0
    const write = async (): Promise<void> => {
      if (pending.length > 0) await output.file.append(pending)
      pending = []
      bytes = 0
    }
    try {
      for (const segment of group) {
        await scanPieces(segment.file, 0, segment.file.size, async (piece) => {
          await nextTurn()
          for (const at of batchPositions(piece)) {
            const kept = this.cleanOne(piece, at, lastOffset)
            if (kept === undefined) continue
            // readers look for the marker of each transaction that they are told of
            const abortedHere = batch.isControl(kept, 0) && aborted.get(batch.baseOffset(kept, 0))
            if (abortedHere && batch.recordsCount(kept, 0) > 0) output.transactionIndex.append(abortedHere)
            const { indexIntervalBytes } = this.config
            output.add(batch.lastOffset(kept, 0), batch.maxTimestamp(kept, 0), kept.length, indexIntervalBytes)
            pending.push(kept)
            bytes += kept.length
          }
          if (bytes >= WRITE_BYTES) await write()
        })
      }
      await write()
      output.seal()
      await output.saveIndexes()
      await output.file.sync()
    } finally {
      output.close()
    }
    return output
  }

  private cleanOne(piece: Buffer, at: number, lastOffset: number): Buffer | undefined {
    const producerId = batch.producerId(piece, at)
    const isControl = batch.isControl(piece, at)
    if (!isControl && batch.isTransactional(piece, at)) this.withData.add(producerId)
    const isAlone = isControl && !this.withData.delete(producerId)
    const isLast = batch.lastOffset(piece, at) === lastOffset
    return cleanBatch(piece, at, this.rules, { isLast, isAlone })
  }
}

/** Aborted transactions by the offsets of their markers. */
function abortedBy(group: readonly Segment[]): ReadonlyMap<number, AbortedTransaction> {
  const found = new Map<number, AbortedTransaction>()
  for (const { transactionIndex } of group) for (const one of transactionIndex.all()) found.set(one.lastOffset, one)
  return found
}

async function lastOffsetOf(segment: Segment): Promise<number> {
  let last = -1
  await scanPieces(segment.file, segment.offsetIndex.lastPosition, segment.file.size, (piece) => {
    for (const at of batchPositions(piece)) last = batch.lastOffset(piece, at)
  })
  return last
}
