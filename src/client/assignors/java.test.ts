/** Held against what Java's assignors make of the same groups: `test/facts/assignments.json`, from Kafka's own jars. */
import { describe, expect, it } from 'vitest'
import facts from '../../../test/facts/assignments.json' with { type: 'json' }
import { topicPartitionName } from '../../model/index.js'
import type { GroupMember } from './assignor.js'
import { rangeAssignor, roundRobinAssignor, stickyAssignor, type Assignor } from './index.js'

interface Group {
  readonly assignor: string
  readonly generation: number
  /** By topic, then partition. */
  readonly racks: Readonly<Record<string, readonly (readonly string[])[]>>
  readonly members: readonly { memberId: string; topics: readonly string[]; rackId: string | null; owned: string[] }[]
  readonly shares: Readonly<Record<string, readonly string[]>>
}

const groups = facts as readonly Group[]
const of = (name: string): [string, Group][] =>
  groups.flatMap((group, i) => (group.assignor === name ? [[`group ${i}`, group]] : []))

function assign(assignor: Assignor, { racks, members, generation }: Group): Record<string, string[]> {
  const all = members.map(({ memberId, topics, rackId, owned }): GroupMember => ({
    memberId,
    topics,
    rackId: rackId ?? undefined,
    owned: owned.map((name) => ({ topic: name.slice(0, -2), partition: Number(name.slice(-1)) })),
    generation: owned.length > 0 ? generation : -1,
  }))
  const shares = assignor.assign(
    all,
    (topic) => racks[topic]!.length,
    (topic, partition) => racks[topic]![partition]!,
  )
  return Object.fromEntries([...shares].map(([memberId, own]) => [memberId, own.map(topicPartitionName).sort()]))
}

const sorted = (shares: Group['shares']): Record<string, string[]> =>
  Object.fromEntries(Object.entries(shares).map(([memberId, own]) => [memberId, [...own].sort()]))

describe("Java's assignments", () => {
  it.each(of('range'))('range, %s', (_, group) => expect(assign(rangeAssignor, group)).toEqual(sorted(group.shares)))

  it.each(of('roundrobin'))('round-robin, %s: without regard to racks', (_, group) =>
    expect(assign(roundRobinAssignor, group)).toEqual(sorted(group.shares)),
  )
})

/** Even, near and sticky, in numbers. */
function figures({ racks, members }: Group, shares: Group['shares']) {
  const all = members.map((member) => ({ ...member, has: shares[member.memberId]! }))
  const racksOf = (name: string): readonly string[] => racks[name.slice(0, -2)]![Number(name.slice(-1))]!
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
  return {
    uneven: sum(all.map(({ has }) => has.length ** 2)),
    far: sum(
      all.map(({ rackId, has }) => has.filter((name) => rackId !== null && !racksOf(name).includes(rackId)).length),
    ),
    kept: sum(all.map(({ owned, has }) => has.filter((name) => owned.includes(name)).length)),
  }
}

describe('the sticky assignor, where several assignments are right', () => {
  const both = of('sticky').map(
    ([name, group]) => [name, figures(group, group.shares), figures(group, assign(stickyAssignor, group))] as const,
  )

  it.each(both)("is as even as Java's, and as near: %s", (_, java, ours) => {
    expect(ours.uneven).toBeLessThanOrEqual(java.uneven)
    if (ours.uneven === java.uneven) expect(ours.far).toBeLessThanOrEqual(java.far)
  })

  it('moves no more', () => {
    const alike = both.filter(([, java, ours]) => ours.uneven === java.uneven && ours.far === java.far)
    const kept = (which: 1 | 2): number => alike.reduce((total, each) => total + each[which].kept, 0)
    expect(alike.length).toBeGreaterThan(40)
    expect(kept(2)).toBeGreaterThanOrEqual(kept(1))
  })
})
