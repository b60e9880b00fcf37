/**
 * Brings a partition's folder in order after the broker stopped while it deleted or compacted segments. A cleaner's output
 * is made under `.cleaned`, renamed to `.swap` once whole, and takes its place as the old segments go: what is `.swap` is
 * finished, what is `.cleaned` never was.
 */
import { batch, batchPositions } from '../../protocol/records/index.js'
import type { Disk } from '../disk/disk.js'
import { scanPieces } from './batch-scan.js'
import {
  CLEANED,
  DELETED,
  LOG,
  offsetOfFile,
  PRODUCER_SNAPSHOT,
  segmentFile,
  SEGMENT_FILES,
  SWAP,
} from './file-names.js'

export async function finishInterrupted(disk: Disk, folder: string): Promise<void> {
  const names = disk.list(folder).map((entry) => entry.name)
  const marked = names.filter((name) => name.endsWith(DELETED) || name.endsWith(CLEANED) || name.endsWith(SWAP))
  if (marked.length === 0) return
  const unfinished = Math.min(...marked.filter((name) => name.endsWith(CLEANED)).map(offsetOf))
  const swaps: string[] = []
  for (const name of marked) {
    // when one cleaning made several segments, those still under way show that the later swaps are of it too
    if (name.endsWith(SWAP) && offsetOf(name) < unfinished) swaps.push(name)
    else await disk.remove(`${folder}/${name}`)
  }
  await swapIn(disk, folder, names, swaps)
}

async function swapIn(disk: Disk, folder: string, names: readonly string[], swaps: readonly string[]): Promise<void> {
  const logs = swaps.filter((name) => name.endsWith(`${LOG}${SWAP}`))
  const bases = names.map((name) => offsetOfFile(name, LOG)).filter((base) => base !== undefined)
  for (const name of logs) {
    const base = offsetOf(name)
    const end = (await lastOffsetIn(disk, `${folder}/${name}`)) ?? base
    for (const old of bases.filter((offset) => offset >= base && offset <= end)) {
      for (const ending of SEGMENT_FILES) await disk.remove(`${folder}/${segmentFile(old, ending)}`)
      if (old !== base) await disk.remove(`${folder}/${segmentFile(old, PRODUCER_SNAPSHOT)}`)
    }
  }
  for (const name of swaps) disk.rename(`${folder}/${name}`, `${folder}/${name.slice(0, -SWAP.length)}`)
}

const offsetOf = (name: string): number => Number(name.slice(0, 20))

/** Cleaned segments keep the last batch of those that they replace, so their last offset tells which these are. */
async function lastOffsetIn(disk: Disk, path: string): Promise<number | undefined> {
  const file = disk.open(path)
  let last: number | undefined
  await scanPieces(file, 0, file.size, (piece) => {
    for (const at of batchPositions(piece)) last = batch.lastOffset(piece, at)
  })
  file.close()
  return last
}
