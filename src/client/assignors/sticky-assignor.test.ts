import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { topicPartitionName, type TopicPartition } from '../../model/index.js'
import type { GroupMember } from './assignor.js'
import { cooperativeStickyAssignor, stickyAssignor } from './sticky-assignor.js'

type Shares = ReadonlyMap<string, readonly TopicPartition[]>

const owning = (shares: Shares, generation: number, topics: readonly string[]): GroupMember[] =>
  [...shares].map(([memberId, owned]) => ({ memberId, topics, owned, generation }))
const names = (shares: Shares): string[] => [...shares.values()].flat().map(topicPartitionName)
const sizes = (shares: Shares): number[] => [...shares.values()].map((each) => each.length)
const partitions = (topic: string, ...all: number[]): TopicPartition[] => all.map((partition) => ({ topic, partition }))

describe('the sticky assignor', () => {
  it('gives every partition to one subscriber, no two of which differ by what the other could take', () => {
    const topics = ['a', 'b', 'c']
    const members = fc.array(fc.subarray(topics, { minLength: 1 }), { minLength: 1, maxLength: 6 })
    const counts = fc.tuple(fc.nat(7), fc.nat(7), fc.nat(7))
    fc.assert(
      fc.property(members, counts, (subscriptions, count) => {
        const all = subscriptions.map((own, i) => ({ memberId: `m${i}`, topics: own }))
        const countOf = (topic: string): number => count[topics.indexOf(topic)]!
        const shares = stickyAssignor.assign(all, countOf)
        const expected = topics
          .filter((topic) => all.some((member) => member.topics.includes(topic)))
          .flatMap((topic) => Array.from({ length: countOf(topic) }, (_, i) => `${topic}-${i}`))
        expect(names(shares).sort()).toEqual(expected.sort())
        for (const member of all) {
          for (const tp of shares.get(member.memberId)!) expect(member.topics).toContain(tp.topic)
          for (const other of all) {
            const [own, others] = [shares.get(member.memberId)!, shares.get(other.memberId)!]
            const takeable = own.filter((tp) => other.topics.includes(tp.topic))
            if (takeable.length > 0) expect(own.length - others.length).toBeLessThan(2)
          }
        }
      }),
    )
  })

  it('moves only what has to move when a member comes, and when one goes', () => {
    const first = stickyAssignor.assign(
      [1, 2, 3].map((i) => ({ memberId: `m${i}`, topics: ['t'] })),
      () => 12,
    )
    expect(sizes(first)).toEqual([4, 4, 4])
    const joined = [...owning(first, 1, ['t']), { memberId: 'm4', topics: ['t'] }]
    const second = stickyAssignor.assign(joined, () => 12)
    expect(sizes(second)).toEqual([3, 3, 3, 3])
    for (const [id, own] of first) {
      const kept = second.get(id)!.filter((tp) => names(new Map([[id, own]])).includes(topicPartitionName(tp)))
      expect(kept.length).toBe(3)
    }
    const left = stickyAssignor.assign(owning(second, 2, ['t']).slice(1), () => 12)
    for (const [id, own] of left)
      expect(names(new Map([[id, own]]))).toEqual(expect.arrayContaining(names(new Map([[id, second.get(id)!]]))))
  })

  it('believes the later generation, and nobody of the same one', () => {
    const zombie = { memberId: 'a', topics: ['t'], owned: partitions('t', 0, 1), generation: 1 }
    const living = { memberId: 'b', topics: ['t'], owned: partitions('t', 0, 1), generation: 2 }
    const shares = stickyAssignor.assign([zombie, living], () => 4)
    expect(shares.get('b')).toEqual(partitions('t', 0, 1))
    const even = cooperativeStickyAssignor.assign([{ ...zombie, generation: 2 }, living], () => 2)
    expect(names(even)).toEqual([]) // each lets go of what the other says it has
  })

  it("reads what Java's members write", () => {
    const userData = stickyAssignor.userData!(partitions('t', 3, 1), 7)!
    expect(userData.toString('hex')).toBe('00000001' + '000174' + '00000002' + '00000003' + '00000001' + '00000007')
    const shares = stickyAssignor.assign(
      [
        { memberId: 'a', topics: ['t'] },
        { memberId: 'b', topics: ['t'], userData },
      ],
      () => 4,
    )
    expect(names(new Map([['b', shares.get('b')!]])).sort()).toEqual(['t-1', 't-3'])
    const broken = stickyAssignor.assign([{ memberId: 'a', topics: ['t'], userData: Buffer.from('xx') }], () => 1)
    expect(names(broken)).toEqual(['t-0'])
  })
})

describe('the cooperative sticky assignor', () => {
  it('gives a partition to its new member only once its old one has let it go', () => {
    const owner = { memberId: 'a', topics: ['t'], owned: partitions('t', 0, 1, 2, 3), generation: 1 }
    const shares = cooperativeStickyAssignor.assign([owner, { memberId: 'b', topics: ['t'] }], () => 4)
    expect(sizes(shares)).toEqual([2, 0])
    const next = cooperativeStickyAssignor.assign(owning(shares, 2, ['t']), () => 4)
    expect(sizes(next)).toEqual([2, 2])
    expect(next.get('a')).toEqual(shares.get('a'))
  })
})
