import { describe, expect, it } from 'vitest'
import { topicPartitionName } from '../../model/index.js'
import { rangeAssignor, roundRobinAssignor, type Assignor, type GroupMember } from './index.js'

const member = (memberId: string, ...topics: string[]): GroupMember => ({ memberId, topics })

const run = (assignor: Assignor, members: GroupMember[], sizes: Record<string, number>): Record<string, string[]> =>
  Object.fromEntries(
    [...assignor.assign(members, (topic) => sizes[topic] ?? 0)].map(([id, tps]) => [id, tps.map(topicPartitionName)]),
  )

// expected values are those of Kafka's own RangeAssignor and RoundRobinAssignor javadoc and tests
describe('range assignor', () => {
  it('gives the first members one partition more, topic by topic', () => {
    expect(run(rangeAssignor, [member('C1', 't1', 't0'), member('C0', 't0', 't1')], { t0: 3, t1: 3 })).toEqual({
      C0: ['t0-0', 't0-1', 't1-0', 't1-1'],
      C1: ['t0-2', 't1-2'],
    })
  })

  it('passes over members that do not subscribe, and topics that do not exist', () => {
    const members = [member('a', 't1'), member('b', 't1', 't2'), member('c', 't1')]
    expect(run(rangeAssignor, members, { t1: 3, t2: 2 })).toEqual({
      a: ['t1-0'],
      b: ['t1-1', 't2-0', 't2-1'],
      c: ['t1-2'],
    })
    expect(run(rangeAssignor, [member('a', 'gone')], {})).toEqual({ a: [] })
  })

  it('puts static members first, by instance id', () => {
    const members = [member('a', 't'), { memberId: 'z', groupInstanceId: 'i', topics: ['t'] }]
    expect(run(rangeAssignor, members, { t: 1 })).toEqual({ a: [], z: ['t-0'] })
  })
})

describe('round-robin assignor', () => {
  it('deals the partitions of all topics in turn', () => {
    expect(run(roundRobinAssignor, [member('C0', 't0', 't1'), member('C1', 't0', 't1')], { t0: 3, t1: 3 })).toEqual({
      C0: ['t0-0', 't0-2', 't1-1'],
      C1: ['t0-1', 't1-0', 't1-2'],
    })
  })

  it('passes over members that do not subscribe', () => {
    const members = [member('C0', 't0'), member('C1', 't0', 't1'), member('C2', 't0', 't1', 't2')]
    expect(run(roundRobinAssignor, members, { t0: 1, t1: 2, t2: 3 })).toEqual({
      C0: ['t0-0'],
      C1: ['t1-0'],
      C2: ['t1-1', 't2-0', 't2-1', 't2-2'],
    })
  })
})
