import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../base/clock.js'
import { silentLog } from '../../base/log.js'
import { seededRandom } from '../../base/random.js'
import { ErrorCode } from '../../protocol/errors.js'
import { batch, BatchBuilder, batchPositions, RecordCursor } from '../../protocol/records/index.js'
import type { Disk } from '../disk/disk.js'
import { memoryDisk } from '../disk/memory-disk.js'
import { loadLog, newLog } from './load-log.js'
import { DEFAULT_LOG_CONFIG, type LogConfig } from './log-config.js'
import { PartitionLog, type LogEnvironment } from './partition-log.js'
import { TailCache } from './tail-cache.js'
import { WriteTurn } from './write-queue.js'

const FOLDER = '/data/orders-0'

interface Options {
  disk?: Disk
  config?: Partial<LogConfig>
  cacheBytes?: number
  clean?: boolean
  recoveryPoint?: number
}

const environment = (disk: Disk, cacheBytes?: number): LogEnvironment & { clock: ReturnType<typeof virtualClock> } => ({
  disk,
  clock: virtualClock(),
  random: seededRandom(1),
  turn: new WriteTurn(),
  cache: cacheBytes === undefined ? undefined : new TailCache(cacheBytes),
})

function create({ disk = memoryDisk(), config = {}, cacheBytes }: Options = {}) {
  disk.makeDirectory(FOLDER)
  const parts = environment(disk, cacheBytes)
  const whole = { ...DEFAULT_LOG_CONFIG, ...config }
  const content = newLog(disk, FOLDER, whole, parts.clock.now())
  return { ...parts, log: new PartitionLog(parts, FOLDER, whole, content, { committed: () => {}, failed: () => {} }) }
}

async function reopen({ disk = memoryDisk(), config = {}, cacheBytes, clean = true, recoveryPoint = 0 }: Options) {
  const parts = environment(disk, cacheBytes)
  const whole = { ...DEFAULT_LOG_CONFIG, ...config }
  const nowMs = parts.clock.now()
  const content = await loadLog({
    disk,
    folder: FOLDER,
    config: whole,
    log: silentLog,
    nowMs,
    clean,
    recoveryPoint,
    logStartOffset: 0,
  })
  return { ...parts, log: new PartitionLog(parts, FOLDER, whole, content, { committed: () => {}, failed: () => {} }) }
}

interface BatchOptions {
  producer?: { producerId: number; producerEpoch: number; baseSequence: number; transactional?: boolean }
  timestampMs?: number
  valueBytes?: number
  key?: string | null
}

function records(values: readonly string[], options: BatchOptions = {}): Buffer {
  const builder = new BatchBuilder()
  const { key = 'k', timestampMs = 1_700_000_000_000, valueBytes = 0, producer } = options
  for (const value of values) {
    builder.append({
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(value.padEnd(valueBytes)),
      timestampMs,
    })
  }
  return builder.finish(producer && { transactional: false, ...producer })
}

const valuesOf = (bytes: Buffer): string[] => {
  const out: string[] = []
  for (const at of batchPositions(bytes)) {
    for (const cursor = new RecordCursor(bytes, at); cursor.next();)
      out.push(`${cursor.offset}:${cursor.value!.toString().trim()}`)
  }
  return out
}

const all = { maxBytes: 1e9, minOneBatch: true, endOffset: Infinity }

describe('partition log', () => {
  it('gives out offsets at once, and commits them when the write has returned', async () => {
    const { log } = create()
    expect(log.append(records(['a', 'b']), 'client', 5)).toMatchObject({ baseOffset: 0, lastOffset: 1 })
    expect(log.append(records(['c']), 'client', 5)).toMatchObject({ baseOffset: 2, lastOffset: 2 })
    expect(log.logEndOffset).toBe(3)
    expect(log.highWatermark).toBe(0)
    await log.committed(2)
    expect(log.highWatermark).toBe(3)
    const bytes = await log.read(0, all)
    expect(valuesOf(bytes)).toEqual(['0:a', '1:b', '2:c'])
    expect(batch.partitionLeaderEpoch(bytes, 0)).toBe(5)
    expect(batch.hasValidCrc(bytes, 0)).toBe(true)
  })

  it.each([undefined, 1e6])('reads whole batches within limits (cache of %s bytes)', async (cacheBytes) => {
    const { log } = create({ ...(cacheBytes && { cacheBytes }) })
    for (let i = 0; i < 10; i++) log.append(records([`${i}a`, `${i}b`]), 'client', 0)
    await log.committed(19)
    const size = records(['0a', '0b']).length
    expect(valuesOf(await log.read(3, { ...all, maxBytes: size * 2 }))).toEqual(['2:1a', '3:1b', '4:2a', '5:2b'])
    expect((await log.read(3, { ...all, maxBytes: size - 1 })).length).toBe(size)
    expect((await log.read(3, { ...all, maxBytes: size - 1, minOneBatch: false })).length).toBe(0)
    expect(valuesOf(await log.read(15, { ...all, endOffset: 18 }))).toEqual(['14:7a', '15:7b', '16:8a', '17:8b'])
    expect((await log.read(18, { ...all, endOffset: 18 })).length).toBe(0)
    expect((await log.read(20, all)).length).toBe(0)
  })

  it('finds every offset through index and segments', async () => {
    const { log } = create({ config: { segmentBytes: 20_000, indexIntervalBytes: 500 } })
    for (let i = 0; i < 300; i++) log.append(records([`${i}`, `${i}`, `${i}`], { valueBytes: 100 }), 'client', 0)
    await log.committed(899)
    expect(log.segments.count).toBeGreaterThan(4)
    expect(log.segments.first.offsetIndex.entries).toBeGreaterThan(10)
    for (let offset = 0; offset < 900; offset += 7) {
      const found = valuesOf(await log.read(offset, { ...all, maxBytes: 1 }))
      expect(found[0]).toBe(`${offset - (offset % 3)}:${Math.floor(offset / 3)}`)
    }
  })

  it('replays everything from an offset on', async () => {
    const { log } = create({ config: { segmentBytes: 20_000 } })
    for (let i = 0; i < 300; i++) log.append(records([`${i}`, `${i}`], { valueBytes: 100 }), 'client', 0)
    await log.committed(599)
    const seen: string[] = []
    await log.replay(101, (piece) => seen.push(...valuesOf(piece)))
    expect(seen.length).toBe(500)
    expect(seen[0]).toBe('100:50')
    expect(seen.at(-1)).toBe('599:299')
  })

  it('rolls by size, by time of the records, and by full indexes', async () => {
    const bySize = create({ config: { segmentBytes: 1000 } }).log
    for (let i = 0; i < 10; i++) bySize.append(records(['x'], { valueBytes: 300 }), 'client', 0)
    expect(bySize.segments.count).toBe(5)
    const byTime = create({ config: { segmentMs: 1000, timestampAfterMaxMs: 1e9 } }).log
    for (const seconds of [0, 1, 1.001, 1.5, 2.1]) {
      byTime.append(records(['x'], { timestampMs: 1_700_000_000_000 + seconds * 1000 }), 'client', 0)
    }
    expect(byTime.segments.all().map((segment) => segment.baseOffset)).toEqual([0, 2, 4])
    const byIndex = create({ config: { segmentIndexBytes: 24, indexIntervalBytes: 0 } }).log
    for (let i = 0; i < 10; i++) byIndex.append(records(['x']), 'client', 0)
    expect(byIndex.segments.count).toBeGreaterThan(2)
  })

  it('answers a duplicate with the first offsets, and refuses a gap', async () => {
    const { log } = create()
    const producer = { producerId: 9, producerEpoch: 0, baseSequence: 0 }
    log.append(records(['a', 'b'], { producer }), 'client', 0)
    log.append(records(['c'], { producer: { ...producer, baseSequence: 2 } }), 'client', 0)
    const again = log.append(records(['a', 'b'], { producer }), 'client', 0)
    expect(again).toMatchObject({ baseOffset: 0, lastOffset: 1, duplicate: true })
    expect(log.logEndOffset).toBe(3)
    expect(() => log.append(records(['x'], { producer: { ...producer, baseSequence: 5 } }), 'client', 0)).toThrow(
      expect.objectContaining({ code: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER }),
    )
  })

  it('is as it was after a clean stop, also for producers', async () => {
    const { disk, log } = create({ config: { segmentBytes: 2000 } })
    const producer = { producerId: 9, producerEpoch: 0, baseSequence: 0 }
    for (let i = 0; i < 30; i++) {
      log.append(records([`${i}`], { valueBytes: 150, producer: { ...producer, baseSequence: i } }), 'client', 3)
    }
    await log.close()
    const { log: again } = await reopen({ disk, config: { segmentBytes: 2000 } })
    expect(again.logEndOffset).toBe(30)
    expect(again.segments.count).toBe(log.segments.count)
    expect(
      again.append(records(['29'], { valueBytes: 150, producer: { ...producer, baseSequence: 29 } }), 'client', 3),
    ).toMatchObject({ duplicate: true, baseOffset: 29 })
    again.append(records(['new'], { producer: { ...producer, baseSequence: 30 } }), 'client', 4)
    await again.committed(30)
    expect(valuesOf(await again.read(28, all)).at(-1)).toBe('30:new')
    expect(again.epochs.latest).toEqual({ epoch: 4, startOffset: 30 })
  })

  it('after a crash keeps what was written whole, cuts the rest off, and rebuilds indexes and producers', async () => {
    const { disk, log } = create({ config: { segmentBytes: 3000, indexIntervalBytes: 300 } })
    const producer = { producerId: 9, producerEpoch: 0, baseSequence: 0 }
    for (let i = 0; i < 60; i++) {
      log.append(records([`${i}`], { valueBytes: 100, producer: { ...producer, baseSequence: i } }), 'client', 1)
    }
    await log.committed(59)
    const active = log.segments.active
    const torn = disk.open(active.file.path)
    torn.truncate(torn.size - 10)
    torn.close()
    const { log: again } = await reopen({ disk, clean: false, config: { segmentBytes: 3000, indexIntervalBytes: 300 } })
    expect(again.logEndOffset).toBe(59)
    const indexed = (of: PartitionLog): number[][] =>
      of.segments
        .all()
        .slice(0, -1)
        .map((segment) => [segment.baseOffset, segment.offsetIndex.entries, segment.timeIndex.entries])
    expect(indexed(again)).toEqual(indexed(log))
    expect(again.append(records(['59'], { producer: { ...producer, baseSequence: 59 } }), 'client', 1)).toMatchObject({
      duplicate: false,
      baseOffset: 59,
    })
    expect(again.append(records(['58'], { producer: { ...producer, baseSequence: 58 } }), 'client', 1)).toMatchObject({
      duplicate: true,
      baseOffset: 58,
    })
  })
})
