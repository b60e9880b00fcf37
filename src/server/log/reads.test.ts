/** Whatever the sizes of batches, segments, index and cache: a read gives what is there, from any offset, within limits. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { localNode, NOW_MS, records } from '../../../test/server/local-node.js'
import { seededRandom } from '../../base/random.js'
import { batch, batchPositions } from '../../protocol/records/index.js'
import { faultyDisk } from '../disk/faulty-disk.js'
import { memoryDisk } from '../disk/memory-disk.js'
import { TailCache } from './tail-cache.js'

const plan = fc.record({
  seed: fc.nat(),
  batches: fc.array(
    fc.record({ count: fc.integer({ min: 1, max: 5 }), valueBytes: fc.integer({ min: 0, max: 400 }) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  ),
  segmentBytes: fc.integer({ min: 2600, max: 20_000 }),
  indexIntervalBytes: fc.integer({ min: 0, max: 2000 }),
  cacheBytes: fc.constantFrom(0, 1500, 5000, 1_000_000),
  reads: fc.array(
    fc.record({
      from: fc.nat(),
      maxBytes: fc.integer({ min: 0, max: 8000 }),
      minOneBatch: fc.boolean(),
      end: fc.nat(),
    }),
    { minLength: 1, maxLength: 10 },
  ),
})

describe('reads', () => {
  it('give whole batches from the one that holds the offset, as many as the limits allow', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ seed, batches, segmentBytes, indexIntervalBytes, cacheBytes, reads }) => {
        const node = await localNode({ disk: faultyDisk(memoryDisk(), seededRandom(seed)), cacheBytes })
        const configs = {
          'internal.segment.bytes': String(segmentBytes),
          'index.interval.bytes': String(indexIntervalBytes),
        }
        await node.createTopic('t', { configs })
        const partition = node.partitions.get('t', 0)!
        const starts: { first: number; last: number; size: number }[] = []
        for (const { count, valueBytes } of batches) {
          const bytes = records(Array<string>(count).fill('v'), { valueBytes })
          const { baseOffset, lastOffset } = partition.append(bytes, 'client')
          starts.push({ first: baseOffset, last: lastOffset, size: bytes.length })
          if (valueBytes % 3 === 0) await partition.committed(lastOffset)
        }
        await partition.committed(partition.logEndOffset - 1)
        for (const { from, maxBytes, minOneBatch, end } of reads) {
          const fromOffset = from % partition.logEndOffset
          const endOffset = end % (partition.logEndOffset + 1)
          const bytes = await partition.read(fromOffset, { maxBytes, minOneBatch, endOffset })
          const found = [...batchPositions(bytes)].map((at) => batch.baseOffset(bytes, at))
          const index = starts.findIndex(({ last }) => last >= fromOffset)
          const expected = starts.slice(index, index + found.length).map(({ first }) => first)
          expect(found).toEqual(expected)
          const first = starts[index]!
          if (found.length === 0) {
            expect(fromOffset >= endOffset || first.first >= endOffset || (first.size > maxBytes && !minOneBatch)).toBe(
              true,
            )
          } else {
            expect(bytes.length <= maxBytes || (minOneBatch && found.length === 1)).toBe(true)
            expect(found.every((offset) => offset < endOffset)).toBe(true)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('by time find the first record that is as late, or none', async () => {
    const times = fc.array(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: -10, max: 1010 }), async (batches, wanted) => {
        const node = await localNode()
        await node.createTopic('t', { configs: { 'internal.segment.bytes': '700', 'index.interval.bytes': '100' } })
        const partition = node.partitions.get('t', 0)!
        for (const offsets of batches) {
          const timestampMs = offsets.map((offset) => NOW_MS + offset)
          await partition.committed(
            partition.append(records(offsets.map(String), { timestampMs }), 'client').lastOffset,
          )
        }
        const flat = batches.flat()
        const at = flat.findIndex((time) => time >= wanted)
        const found = await partition.findByTimestamp(NOW_MS + wanted)
        expect(found?.offset ?? -1).toBe(at)
        const largest = await partition.findMaxTimestamp()
        expect(largest).toMatchObject({ timestampMs: NOW_MS + Math.max(...flat) })
        expect(flat[largest!.offset]).toBe(Math.max(...flat))
      }),
      { numRuns: 60 },
    )
  })
})

describe('tail cache', () => {
  it('drops the oldest of all logs first, and never holds more than it may', () => {
    const cache = new TailCache(3000)
    const [a, b] = [cache.tail(), cache.tail()]
    for (let i = 0; i < 10; i++) (i % 2 === 0 ? a : b).add(i * 10, i * 10 + 10, Buffer.alloc(400), i)
    expect(cache.bytes).toBeLessThanOrEqual(3000)
    expect(a.startOffset).toBe(60)
    expect(b.startOffset).toBe(70)
    expect(b.chunkAt(b.find(95))!.baseOffset).toBe(90)
    cache.dropOlderThan(8)
    expect(a.startOffset).toBe(80)
    a.clear()
    expect(a.startOffset).toBe(Infinity)
    cache.dropOlderThan(99)
    expect(cache.bytes).toBe(0)
    expect(b.startOffset).toBe(Infinity)
  })

  it('stays small when many small batches come and go', () => {
    const cache = new TailCache(10_000)
    const tail = cache.tail()
    for (let i = 0; i < 20_000; i++) tail.add(i, i + 1, Buffer.alloc(10), i)
    expect(cache.bytes).toBeLessThanOrEqual(10_000)
    expect(tail.startOffset).toBeGreaterThan(19_900)
    expect(tail.chunkAt(tail.find(19_999))!.baseOffset).toBe(19_999)
  })
})
