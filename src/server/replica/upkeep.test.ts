import { describe, expect, it } from 'vitest'
import {
  localNode,
  NOW_MS,
  records,
  recordsIn,
  type LocalNode,
  type RecordsOptions,
} from '../../../test/server/local-node.js'
import { seededRandom } from '../../base/random.js'
import { ErrorCode } from '../../protocol/errors.js'
import { batch, BatchBuilder, batchPositions, endMarkerBatch } from '../../protocol/records/index.js'
import { faultyDisk } from '../disk/faulty-disk.js'
import { memoryDisk } from '../disk/memory-disk.js'

const SMALL = { 'internal.segment.bytes': '1000', 'index.interval.bytes': '100' }
const MINUTES_5 = 300_000

async function withTopic(
  configs: Record<string, string>,
  options: Parameters<typeof localNode>[0] = {},
): Promise<LocalNode> {
  const node = await localNode(options)
  await node.createTopic('orders', { configs: { ...SMALL, ...configs } })
  return node
}

const partitionOf = (node: LocalNode) => node.partitions.get('orders', 0)!

async function produce(node: LocalNode, bytes: Buffer): Promise<void> {
  const partition = partitionOf(node)
  await partition.committed(partition.append(bytes, 'coordinator').lastOffset)
}

async function fill(node: LocalNode, count: number, options: RecordsOptions = {}): Promise<void> {
  for (let i = 0; i < count; i++) await produce(node, records([`v${i}`], { valueBytes: 100, ...options }))
}

async function readAll(node: LocalNode): Promise<string[]> {
  const partition = partitionOf(node)
  const out: string[] = []
  for (let offset = partition.logStartOffset; offset < partition.highWatermark;) {
    const bytes = await partition.read(offset, { maxBytes: 1e9, minOneBatch: true, endOffset: Infinity })
    if (bytes.length === 0) break
    out.push(...recordsIn(bytes))
    for (const at of batchPositions(bytes)) offset = batch.nextOffset(bytes, at)
  }
  return out
}

const filesOf = (node: LocalNode): string[] => node.disk.list('/data/orders-0').map((entry) => entry.name)
const bases = (node: LocalNode): number[] =>
  partitionOf(node)
    .log.segments.all()
    .map(({ baseOffset }) => baseOffset)

describe('retention', () => {
  it('by time takes old segments, moves the log start, and removes the files later', async () => {
    const node = await withTopic({ 'retention.ms': '1000' })
    await fill(node, 20, { timestampMs: NOW_MS - 5000 })
    await fill(node, 3, { timestampMs: NOW_MS + MINUTES_5 })
    const before = bases(node)
    await node.clock.advance(MINUTES_5)
    const start = partitionOf(node).logStartOffset
    expect(start).toBe(bases(node)[0])
    expect(before.filter((base) => base < start).length).toBeGreaterThan(1)
    expect((await readAll(node)).length).toBe(23 - start)
    expect(filesOf(node).some((name) => name.endsWith('.log.deleted'))).toBe(true)
    await node.clock.advance(60_000)
    expect(filesOf(node).some((name) => name.endsWith('.deleted'))).toBe(false)
    expect(filesOf(node).filter((name) => name.endsWith('.snapshot') && Number(name.slice(0, 20)) < start)).toEqual([])
  })

  it('by time empties a log whose newest records are old, and its offsets go on', async () => {
    const node = await withTopic({ 'retention.ms': '1000' })
    await fill(node, 10, { timestampMs: NOW_MS - 5000 })
    await node.clock.advance(MINUTES_5)
    expect(partitionOf(node).logStartOffset).toBe(10)
    await fill(node, 1)
    expect(await readAll(node)).toEqual(['10:v0'])
  })

  it('by size keeps at least that much', async () => {
    const node = await withTopic({ 'retention.bytes': '2500', 'retention.ms': '-1' })
    await fill(node, 40)
    await node.clock.advance(MINUTES_5)
    const size = partitionOf(node).log.sizeInBytes
    expect(size).toBeGreaterThanOrEqual(2500)
    expect(size).toBeLessThan(3600)
  })

  it('takes what lies below the log start, also where only compaction is asked for', async () => {
    const node = await withTopic({ 'cleanup.policy': 'compact', 'retention.ms': '1', 'min.cleanable.dirty.ratio': '1' })
    await fill(node, 20, { timestampMs: NOW_MS - 5000 })
    await node.clock.advance(MINUTES_5)
    expect(partitionOf(node).logStartOffset).toBe(0)
    partitionOf(node).deleteRecordsBefore(12)
    await node.clock.advance(MINUTES_5)
    expect(partitionOf(node).logStartOffset).toBe(12)
    expect(bases(node)[0]).toBeGreaterThan(0)
  })

  it('leaves a reader in peace that is at work on a segment', async () => {
    const inner = memoryDisk()
    const node = await withTopic(
      { 'retention.bytes': '0' },
      { disk: faultyDisk(inner, seededRandom(2)), cacheBytes: 0 },
    )
    await fill(node, 20)
    const reading = Array.from({ length: 20 }, (_, offset) =>
      Promise.resolve(partitionOf(node).read(offset, { maxBytes: 100, minOneBatch: true, endOffset: Infinity })),
    )
    await node.partitions.upkeep.retain()
    for (const bytes of await Promise.all(reading)) expect(recordsIn(bytes).length).toBeLessThanOrEqual(1)
    expect(partitionOf(node).logStartOffset).toBe(20)
  })
})

describe('flushing', () => {
  it('by time makes durable what was written', async () => {
    const disk = memoryDisk()
    const node = await withTopic({ 'flush.ms': '500' }, { disk })
    await fill(node, 3)
    expect(disk.powerLoss().stat('/data/orders-0')).toBeUndefined()
    await node.clock.advance(500)
    expect(disk.powerLoss().stat('/data/orders-0/00000000000000000000.log')!.size).toBe(
      partitionOf(node).log.sizeInBytes,
    )
  })

  it('notes how far it has got: the next start looks at what follows only', async () => {
    const inner = memoryDisk()
    const disk = faultyDisk(inner)
    const node = await withTopic({ 'internal.segment.bytes': '100000' }, { disk })
    await fill(node, 20, { producer: { producerId: 7, producerEpoch: 0, baseSequence: 0 } })
    await node.partitions.upkeep.checkpoint()
    expect(inner.readFile('/data/recovery-point-offset-checkpoint')!.toString()).toBe('0\n1\norders 0 20\n')
    await fill(node, 2)
    disk.kill()
    // damage that nobody looks for below the recovery point
    const path = '/data/orders-0/00000000000000000000.log'
    const content = inner.readFile(path)!
    content[100]! ^= 1
    inner.writeFile(path, content)
    const again = await localNode({ disk: inner, events: node.history })
    expect(partitionOf(again).logEndOffset).toBe(22)
    expect(partitionOf(again).log.producers.size).toBe(1)
  })
})

describe('compaction', () => {
  const MANUAL = { configs: { 'log.cleaner.enable': 'false' } }
  const COMPACT = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.01' }
  const put = (key: string, value: string | null, codec: 'none' | 'gzip' = 'none') => keyed([[key, value]], codec)

  function keyed(
    pairs: readonly (readonly [string, string | null])[],
    codec: 'none' | 'gzip' = 'none',
    producer?: Parameters<BatchBuilder['finish']>[0],
  ): Buffer {
    const builder = new BatchBuilder({ codec })
    for (const [key, value] of pairs) {
      builder.append({
        key: Buffer.from(key),
        value: value === null ? null : Buffer.from(value.padEnd(60)),
        timestampMs: NOW_MS,
      })
    }
    return builder.finish(producer)
  }

  async function compact(node: LocalNode): Promise<void> {
    partitionOf(node).log.roll()
    await partitionOf(node).log.flush()
    await node.partitions.upkeep.clean()
  }

  it.each(['none', 'gzip'] as const)('keeps the latest record of each key at its offset (%s)', async (codec) => {
    const node = await withTopic(COMPACT, MANUAL)
    for (let i = 0; i < 30; i++)
      await produce(
        node,
        keyed(
          [
            [`k${i % 3}`, `v${i}`],
            [`only${i % 10}`, `w${i}`],
          ],
          codec,
        ),
      )
    const sizeBefore = partitionOf(node).log.sizeInBytes
    await compact(node)
    const latest = new Map<string, string>()
    for (let i = 0; i < 30; i++) {
      latest.set(`k${i % 3}`, `${i * 2}:v${i}`)
      latest.set(`only${i % 10}`, `${i * 2 + 1}:w${i}`)
    }
    expect((await readAll(node)).toSorted()).toEqual([...latest.values()].toSorted())
    expect(partitionOf(node).log.sizeInBytes).toBeLessThan(sizeBefore)
    expect(partitionOf(node).logEndOffset).toBe(60)
    // from any offset the next record that is left is found
    const bytes = await partitionOf(node).read(5, { maxBytes: 1, minOneBatch: true, endOffset: Infinity })
    expect(batch.lastOffset(bytes, 0)).toBeGreaterThanOrEqual(5)
  })

  it('leaves the active segment, and what is younger than min.compaction.lag.ms', async () => {
    const node = await withTopic({ ...COMPACT, 'min.compaction.lag.ms': '10000' }, MANUAL)
    for (let i = 0; i < 30; i++) await produce(node, put('k', `v${i}`))
    await compact(node)
    expect((await readAll(node)).length).toBe(30)
    await node.clock.advance(20_000)
    await node.partitions.upkeep.clean()
    expect((await readAll(node)).map((record) => record.split(':')[1])).toEqual(['v29'])
    for (let i = 30; i < 33; i++) await produce(node, put('k', `v${i}`))
    await node.partitions.upkeep.clean()
    expect((await readAll(node)).length).toBe(4)
  })

  it('shows tombstones for delete.retention.ms, then removes them', async () => {
    const node = await withTopic({ ...COMPACT, 'delete.retention.ms': '5000' }, MANUAL)
    await produce(node, put('a', 'one'))
    await produce(node, put('b', 'two'))
    await produce(node, put('a', null))
    await compact(node)
    expect(await readAll(node)).toEqual(['1:two', '2:null'])
    await node.clock.advance(5000)
    await produce(node, put('c', 'three'))
    await produce(node, put('d', 'four'))
    await compact(node)
    expect(await readAll(node)).toEqual(['1:two', '3:three', '4:four'])
  })

  it('drops aborted records at once, and markers once nothing of their transaction is left', async () => {
    const node = await withTopic({ ...COMPACT, 'delete.retention.ms': '5000' }, MANUAL)
    const transaction = (producerId: number) => ({ producerId, producerEpoch: 0, baseSequence: 0, transactional: true })
    const end = (producerId: number, committed: boolean) =>
      endMarkerBatch({ producerId, producerEpoch: 0, committed, coordinatorEpoch: 0, timestampMs: NOW_MS })
    await produce(node, keyed([['a', 'kept']], 'none', transaction(1)))
    await produce(
      node,
      keyed(
        [
          ['a', 'aborted'],
          ['b', 'aborted'],
        ],
        'none',
        transaction(2),
      ),
    )
    await produce(node, end(2, false))
    await produce(node, end(1, true))
    await produce(node, put('z', 'last'))
    const markers = async (): Promise<number> => {
      const bytes = await partitionOf(node).read(0, { maxBytes: 1e9, minOneBatch: true, endOffset: Infinity })
      return [...batchPositions(bytes)].filter((at) => batch.isControl(bytes, at) && batch.recordsCount(bytes, at) > 0)
        .length
    }
    await compact(node)
    const data = async () => (await readAll(node)).filter((record) => /kept|aborted|last/.test(record))
    expect(await data()).toEqual(['0:kept', '5:last'])
    expect(await markers()).toBe(2)
    // their producers have gone on, and all of their transactions is replaced: markers are shown for a while, then go
    for (const producerId of [1, 2]) {
      await produce(
        node,
        keyed([['a', 'last']], 'none', { producerId, producerEpoch: 0, baseSequence: 9, transactional: false }),
      )
    }
    await compact(node)
    await produce(node, put('x', 'last'))
    await compact(node)
    expect(await markers()).toBe(2)
    await node.clock.advance(5000)
    await produce(node, put('y', 'last'))
    await compact(node)
    expect(await markers()).toBe(0)
    expect(partitionOf(node).lastStableOffset).toBe(partitionOf(node).highWatermark)
  })

  it('keeps what it must know of producers, also through a restart', async () => {
    const node = await withTopic(COMPACT, MANUAL)
    const producer = (baseSequence: number) => ({ producerId: 5, producerEpoch: 0, baseSequence, transactional: false })
    await produce(node, keyed([['a', 'one']], 'none', producer(0)))
    await produce(node, keyed([['a', 'two']], 'none', producer(1)))
    for (let i = 0; i < 20; i++) await produce(node, put('a', `v${i}`))
    await compact(node)
    await node.stop()
    for (const name of filesOf(node).filter((file) => file.endsWith('.snapshot')))
      await node.disk.remove(`/data/orders-0/${name}`)
    await node.disk.remove('/data/.kafka_cleanshutdown')
    const again = await localNode({ disk: node.disk, events: node.history })
    const partition = partitionOf(again)
    expect(partition.append(keyed([['a', 'two']], 'none', producer(1)), 'client')).toMatchObject({ duplicate: true })
    expect(partition.append(keyed([['a', 'three']], 'none', producer(2)), 'client')).toMatchObject({ duplicate: false })
  })

  it('keeps the epoch that the end of a transaction has raised (KIP-890), also through a restart', async () => {
    const node = await withTopic({ ...COMPACT, 'delete.retention.ms': '1' }, MANUAL)
    const writer = { producerId: 5, producerEpoch: 0, baseSequence: 0, transactional: true }
    await produce(node, keyed([['a', 'aborted']], 'none', writer))
    const end = { producerId: 5, producerEpoch: 1, committed: false, coordinatorEpoch: 0, timestampMs: NOW_MS }
    await produce(node, endMarkerBatch(end))
    for (let pass = 0; pass < 3; pass++) {
      await produce(node, put('b', `v${pass}`))
      await compact(node)
      await node.clock.advance(1)
    }
    const bytes = await partitionOf(node).read(0, { maxBytes: 1e9, minOneBatch: true, endOffset: Infinity })
    const left = [...batchPositions(bytes)].map((at) => [batch.baseOffset(bytes, at), batch.recordsCount(bytes, at)])
    expect(left).toEqual([
      [1, 0],
      [4, 1],
    ])
    await node.stop()
    for (const name of filesOf(node).filter((file) => file.endsWith('.snapshot')))
      await node.disk.remove(`/data/orders-0/${name}`)
    await node.disk.remove('/data/.kafka_cleanshutdown')
    const again = await localNode({ disk: node.disk, events: node.history })
    const late = keyed([['a', 'late']], 'none', { ...writer, baseSequence: 1 })
    expect(() => partitionOf(again).append(late, 'client')).toThrow(
      expect.objectContaining({ code: ErrorCode.INVALID_PRODUCER_EPOCH }),
    )
  })

  it('goes on from where it was after a restart', async () => {
    const node = await withTopic(COMPACT, MANUAL)
    for (let i = 0; i < 20; i++) await produce(node, put('k', `v${i}`))
    await compact(node)
    await node.stop()
    expect(node.disk.readFile('/data/cleaner-offset-checkpoint')!.toString()).toBe('0\n1\norders 0 20\n')
    const again = await localNode({ disk: node.disk, events: node.history })
    expect(partitionOf(again).firstDirtyOffset).toBe(20)
    expect(await readAll(again)).toEqual(['19:v19'])
  })

  it('together with retention does both', async () => {
    const node = await withTopic({ ...COMPACT, 'cleanup.policy': 'compact,delete', 'retention.ms': '1000' }, MANUAL)
    for (let i = 0; i < 20; i++) await produce(node, put(`k${i % 2}`, `v${i}`))
    await compact(node)
    expect((await readAll(node)).length).toBe(2)
    await node.clock.advance(MINUTES_5)
    expect(partitionOf(node).logStartOffset).toBe(20)
  })

  it('that is interrupted anywhere leaves a log with the same latest records', async () => {
    for (let stopAfter = 1; stopAfter < 40; stopAfter++) {
      const inner = memoryDisk()
      const disk = faultyDisk(inner)
      const node = await withTopic(COMPACT, { disk, ...MANUAL })
      const latest = new Map<string, string>()
      for (let i = 0; i < 40; i++) {
        latest.set(`k${i % 4}`, `v${i}`)
        await produce(node, put(`k${i % 4}`, `v${i}`))
      }
      partitionOf(node).log.roll()
      await partitionOf(node).log.flush()
      let operations = 0
      disk.faults = () => {
        if (++operations === stopAfter) disk.kill()
        return undefined
      }
      await Promise.race([node.partitions.upkeep.clean(), new Promise((resolve) => setTimeout(resolve, 20))])
      disk.kill()
      const again = await localNode({ disk: inner, events: node.history })
      const found = (await readAll(again)).map((record) => record.split(':')[1]!)
      expect(found.slice(-4), `stopped after ${stopAfter}`).toEqual([...latest.values()])
      expect(partitionOf(again).logEndOffset).toBe(40)
      expect(filesOf(again).filter((name) => /cleaned|swap|deleted/.test(name))).toEqual([])
      if (operations < stopAfter) return
    }
  })
})
