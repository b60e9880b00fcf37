/**
 * `range`: of each topic every member gets a run of neighbouring partitions, in the order of instance ids and member ids;
 * so members hold the same partitions of topics with as many of them, which joins need.
 */
import type { Assignment } from '../assignment.js'
import type { Assignor, AssignorMember } from './assignor.js'

export const rangeAssignor: Assignor = {
  name: 'range',
  assign({ members, partitions }) {
    const inOrder = members.toSorted(byIdentity)
    const targets = new Map(members.map(({ memberId }) => [memberId, new Map<string, ReadonlySet<number>>()]))
    for (const [topicId, count] of partitions) {
      const subscribers = inOrder.filter(({ subscribed }) => subscribed.has(topicId))
      let next = 0
      subscribers.forEach(({ memberId }, i) => {
        const share = Math.floor(count / subscribers.length) + (i < count % subscribers.length ? 1 : 0)
        if (share === 0) return
        targets.get(memberId)!.set(topicId, new Set(Array.from({ length: share }, () => next++)))
      })
    }
    return targets satisfies ReadonlyMap<string, Assignment>
  },
}

/** Static members first, by instance id, so that restarts change nothing. */
function byIdentity(a: AssignorMember, b: AssignorMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId)
  if (a.instanceId !== null) return -1
  if (b.instanceId !== null) return 1
  return compare(a.memberId, b.memberId)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
