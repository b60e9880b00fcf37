import { describe, expect, it } from 'vitest'
import { MemoryCluster, memoryDriver } from './memory-driver/index.js'
import { readRecords } from './read-records.js'

const cluster = new MemoryCluster({ topics: [{ name: 't', partitions: 2 }, 'empty'] })
const driver = memoryDriver(cluster)
for (const [partition, value] of [
  [1, '{"n":1}'],
  [0, '{"n":2}'],
  [1, '{"n":3}'],
] as const) {
  cluster.append('t', { partition, key: Buffer.from('k'), value: Buffer.from(value) })
}

describe('reading records for assertions', () => {
  it('gives what is there, partition after partition', async () => {
    const records = await readRecords(driver, 't')
    expect(records.map((r) => [r.partition, r.offset, r.key, r.json()])).toEqual([
      [0, 0, 'k', { n: 2 }],
      [1, 0, 'k', { n: 1 }],
      [1, 1, 'k', { n: 3 }],
    ])
    expect(await readRecords(driver, 'empty')).toEqual([])
    expect(await readRecords(driver, 'missing')).toEqual([])
  })

  it('one partition, or from an offset', async () => {
    expect((await readRecords(driver, 't', { partition: 0 })).map((r) => r.value)).toEqual(['{"n":2}'])
    expect((await readRecords(driver, 't', { fromOffset: 1 })).map((r) => r.value)).toEqual(['{"n":3}'])
  })

  it('waits for so many, also of a topic that comes later, and does not make that itself', async () => {
    const reading = readRecords(driver, 'later', { count: 1 })
    await new Promise(setImmediate)
    expect(cluster.topic('later')).toBeUndefined()
    cluster.createTopic('later', 3)
    cluster.append('later', { partition: 2, value: Buffer.from('x') })
    expect((await reading).map((r) => r.value)).toEqual(['x'])
  })

  it('tells what there is when it waited in vain', async () => {
    await expect(readRecords(driver, 't', { count: 4, timeoutMs: 50 })).rejects.toThrow(
      /Waited 50 ms for 4 records of 't'; there are 3 \(/,
    )
  })
})
