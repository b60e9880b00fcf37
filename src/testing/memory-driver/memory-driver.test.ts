import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../base/clock.js'
import type { ConsumerHandler, ConsumerOptions, IncomingRecords } from '../../client/port.js'
import { MemoryCluster, memoryDriver } from './index.js'

const consumerOptions: ConsumerOptions = {
  groupId: 'g',
  assignors: ['range'],
  groupProtocol: 'classic',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  heartbeatIntervalMs: 1_000,
  fetchMinBytes: 1,
  fetchMaxBytes: 50_000_000,
  fetchMaxBytesPerPartition: 1_000_000,
  fetchMaxWaitMs: 500,
  isolation: 'read_uncommitted',
  metadataMaxAgeMs: 1_000,
}

const handler = (own: Partial<ConsumerHandler>): ConsumerHandler => ({
  onAssigned: async (tps) => tps.map((tp) => ({ ...tp, start: 'earliest' as const })),
  onRevoked: async () => {},
  onLost: () => {},
  onRecords: () => {},
  onOffsetOutOfRange: () => {},
  onState: () => {},
  ...own,
})

describe('memory driver', () => {
  it('needs no time to pass: what can happen happens in the next microtasks', async () => {
    const clock = virtualClock()
    const cluster = new MemoryCluster({ clock, topics: ['t'] })
    cluster.append('t', { value: Buffer.from('a') })
    const got: IncomingRecords[] = []
    const consumer = memoryDriver(cluster).consumer(consumerOptions)
    await consumer.start({ topics: ['t'] }, handler({ onRecords: (records) => void got.push(records) }))
    await clock.advance(0)
    expect(got.map((chunk) => chunk.records.map((r) => r.rawValue?.toString()))).toEqual([['a']])
    expect(clock.pending).toBe(0)
  })

  it('takes partitions from a member that does not finish by its deadline', async () => {
    const clock = virtualClock()
    const cluster = new MemoryCluster({ clock, topics: [{ name: 't', partitions: 2 }] })
    const driver = memoryDriver(cluster)
    const deadlines: number[] = []
    const slow = driver.consumer(consumerOptions)
    const onRevoked = (_: unknown, deadlineMs: number): Promise<void> => {
      deadlines.push(deadlineMs - clock.now())
      return new Promise(() => {})
    }
    let epoch = -1
    await slow.start({ topics: ['t'] }, handler({ onRevoked, onAssigned: async (_, e) => ((epoch = e), []) }))
    await clock.advance(0)
    const old = epoch
    const assigned: string[] = []
    const other = driver.consumer(consumerOptions)
    const onAssigned: ConsumerHandler['onAssigned'] = async (tps) => {
      assigned.push(...tps.map((tp) => `${tp.topic}-${tp.partition}`))
      return []
    }
    await other.start({ topics: ['t'] }, handler({ onAssigned }))
    await clock.advance(7_999)
    expect(assigned).toEqual([])
    await clock.advance(1)
    expect(assigned).toEqual(['t-1'])
    expect(deadlines).toEqual([8_000])
    await expect(slow.commit([{ topic: 't', partition: 0, offset: 1 }], old)).rejects.toMatchObject({ kind: 'fenced' })
  })

  it('an expired member loses what it has, and joins anew', async () => {
    const cluster = new MemoryCluster({ clock: virtualClock(), topics: ['t'] })
    const seen: string[] = []
    const consumer = memoryDriver(cluster).consumer(consumerOptions)
    await consumer.start(
      { topics: ['t'] },
      handler({
        onAssigned: async (_, epoch) => (seen.push(`assigned ${epoch}`), []),
        onRevoked: async () => void seen.push('revoked'),
        onLost: () => void seen.push('lost'),
      }),
    )
    await new Promise(setImmediate)
    cluster.group('g').expire([...cluster.group('g').members.keys()][0]!)
    await new Promise(setImmediate)
    expect(seen).toEqual(['assigned 1', 'lost', 'assigned 2'])
  })
})
