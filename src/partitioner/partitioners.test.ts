import { describe, expect, it } from 'vitest'
import java from '../../test/facts/partitioner.json' with { type: 'json' }
import type { Random } from '../base/random.js'
import { seededRandom } from '../base/random.js'
import {
  defaultPartitioner,
  roundRobinPartitioner,
  STICKY,
  StickyPartition,
  uniformStickyPartitioner,
} from './index.js'

const record = (key: Buffer | null, topic = 't'): { topic: string; key: Buffer | null; value: null } => ({
  topic,
  key,
  value: null,
})

describe('the default partitioner', () => {
  it("places keys where Kafka's Java producer does", () => {
    const partitioner = defaultPartitioner()
    for (const { key, partitions, partition } of java.keyed) {
      expect(partitioner.partition(record(Buffer.from(key, 'hex')), partitions)).toBe(partition)
    }
  })

  it('lets a record without a key join the batch being filled; an empty key is a key', () => {
    expect(defaultPartitioner().partition(record(null), 3)).toBe(STICKY)
    expect(defaultPartitioner().partition(record(Buffer.alloc(0)), 3)).toBeGreaterThanOrEqual(0)
  })
})

describe('the uniform sticky partitioner', () => {
  it('does not look at keys', () => {
    expect(uniformStickyPartitioner().partition(record(Buffer.from('key')), 3)).toBe(STICKY)
  })
})

describe('the round-robin partitioner', () => {
  it('takes each partition in turn, each topic by itself', () => {
    const partitioner = roundRobinPartitioner()
    const turns = Array.from({ length: 5 }, () => partitioner.partition(record(null), 3))
    expect(turns).toEqual([0, 1, 2, 0, 1])
    expect(partitioner.partition(record(Buffer.from('k'), 'other'), 3)).toBe(0)
  })
})

describe('the sticky partition', () => {
  it("moves exactly as Kafka's built-in partitioner, given the same draws and queues", () => {
    const { batchSizeBytes, draws, steps } = java.sticky
    let drawn = 0
    const random: Random = { ...seededRandom(1), below: () => draws[drawn++]! }
    const sticky = new StickyPartition(random, batchSizeBytes)
    // Java chooses the next partition when it leaves one, by the queues of that moment
    let queues = steps[0]!.queues
    for (const step of steps) {
      expect(sticky.choose(5, () => queues)).toBe(step.partition)
      sticky.appended(step.bytes, step.full)
      ;({ queues } = step)
    }
    expect(drawn).toBeGreaterThan(20)
  })

  it('moves when the topic turns out to have fewer partitions', () => {
    const sticky = new StickyPartition({ ...seededRandom(1), below: () => 4 }, 1_000)
    expect(sticky.choose(5, () => [0, 0, 0, 0, 0])).toBe(4)
    expect(sticky.choose(3, () => [0, 0, 0])).toBe(1)
  })
})
