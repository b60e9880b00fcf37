import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Assignment } from '../assignment.js'
import type { Assignor, AssignorMember } from './assignor.js'
import { rangeAssignor } from './range.js'
import { uniformAssignor } from './uniform.js'

const member = (
  memberId: string,
  topics: string[],
  target: Assignment = new Map(),
  instanceId: string | null = null,
): AssignorMember => ({
  memberId,
  instanceId,
  target,
  subscribed: new Set(topics),
})

/** `t:0,1` of each topic that the member has. */
function shown(targets: ReadonlyMap<string, Assignment>): Record<string, string> {
  const text = (assignment: Assignment): string =>
    [...assignment]
      .map(([topic, partitions]) => `${topic}:${[...partitions].toSorted((a, b) => a - b).join()}`)
      .join(' ')
  return Object.fromEntries([...targets].map(([memberId, assignment]) => [memberId, text(assignment)]))
}

const count = (assignment: Assignment): number => [...assignment.values()].reduce((sum, { size }) => sum + size, 0)

/** How many partitions are with another member than before. */
function movedBetween(before: ReadonlyMap<string, Assignment>, after: ReadonlyMap<string, Assignment>): number {
  let moved = 0
  for (const [memberId, assignment] of before) {
    for (const [topic, partitions] of assignment) {
      for (const partition of partitions) if (!after.get(memberId)?.get(topic)?.has(partition)) moved++
    }
  }
  return moved
}

describe('range', () => {
  it('gives neighbouring partitions, the same of each topic, in the order of ids', () => {
    const members = [member('b', ['t', 'u']), member('a', ['t', 'u'])]
    const targets = rangeAssignor.assign({ members, partitions: new Map([['t', 3], ['u', 3]]) }) // prettier-ignore
    expect(shown(targets)).toEqual({ a: 't:0,1 u:0,1', b: 't:2 u:2' })
  })

  it('puts static members first, by instance id, whatever their member ids', () => {
    const members = [member('a', ['t']), member('z', ['t'], new Map(), 'i2'), member('y', ['t'], new Map(), 'i1')]
    const targets = rangeAssignor.assign({ members, partitions: new Map([['t', 3]]) })
    expect(shown(targets)).toEqual({ y: 't:0', z: 't:1', a: 't:2' })
  })
})

describe('uniform', () => {
  it('moves as few partitions as balance needs when a member comes or goes', () => {
    const partitions = new Map([['t', 12]])
    const alone = uniformAssignor.assign({ members: [member('a', ['t'])], partitions })
    const two = uniformAssignor.assign({
      members: [member('a', ['t'], alone.get('a')), member('b', ['t'])],
      partitions,
    })
    expect(movedBetween(alone, two)).toBe(6)
    const three = uniformAssignor.assign({
      members: [...two].map(([id, target]) => member(id, ['t'], target)).concat(member('c', ['t'])),
      partitions,
    })
    expect(movedBetween(two, three)).toBe(4)
    const again = uniformAssignor.assign({
      members: ['a', 'c'].map((id) => member(id, ['t'], three.get(id))),
      partitions,
    })
    expect(movedBetween(new Map([...three].filter(([id]) => id !== 'b')), again)).toBe(0)
    expect([...again.values()].map(count)).toEqual([6, 6])
  })
})

describe.each([uniformAssignor, rangeAssignor])('$name', (assignor: Assignor) => {
  const topics = ['t', 'u', 'v']
  const input = fc.record({
    sizes: fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)),
    subscriptions: fc.array(fc.subarray(topics), { minLength: 1, maxLength: 8 }),
  })

  it('gives every partition that anyone is subscribed to, to one subscriber', () => {
    fc.assert(
      fc.property(input, ({ sizes, subscriptions }) => {
        const members = subscriptions.map((subscribed, i) => member(`m${i}`, subscribed))
        const wanted = topics.filter((topic) => subscriptions.some((subscribed) => subscribed.includes(topic)))
        const partitions = new Map(wanted.map((topic) => [topic, sizes[topics.indexOf(topic)]!]))
        const targets = assignor.assign({ members, partitions })
        const given = [...targets].flatMap(([memberId, assignment]) =>
          [...assignment].flatMap(([topic, numbers]) => {
            expect(members.find((one) => one.memberId === memberId)!.subscribed.has(topic)).toBe(true)
            return [...numbers].map((partition) => `${topic}-${partition}`)
          }),
        )
        expect(new Set(given).size).toBe(given.length)
        expect(given.length).toBe([...partitions.values()].reduce((sum, size) => sum + size, 0))
        expect(targets.size).toBe(members.length)
      }),
    )
  })

  it('changes nothing when it is asked again', () => {
    fc.assert(
      fc.property(input, ({ sizes, subscriptions }) => {
        const members = subscriptions.map((subscribed, i) => member(`m${i}`, subscribed))
        const partitions = new Map(topics.map((topic, i) => [topic, sizes[i]!]))
        const first = assignor.assign({ members, partitions })
        const again = members.map((one) => ({ ...one, target: first.get(one.memberId)! }))
        expect(movedBetween(first, assignor.assign({ members: again, partitions }))).toBe(0)
      }),
    )
  })
})

describe('uniform, with like subscriptions', () => {
  it('leaves no member with two partitions more than another', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), fc.integer({ min: 1, max: 9 }), (t, u, size) => {
        const members = Array.from({ length: size }, (_, i) => member(`m${i}`, ['t', 'u']))
        const targets = uniformAssignor.assign({ members, partitions: new Map(Object.entries({ t, u })) })
        const counts = [...targets.values()].map(count)
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      }),
    )
  })
})
