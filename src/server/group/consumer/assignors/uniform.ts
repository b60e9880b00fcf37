/**
 * `uniform`: every member holds as many partitions as any other, give or take one, as far as subscriptions allow, and as
 * few as possible change hands: what members have is kept, what is free goes to whoever has least, and then partitions
 * move one by one from members that have too many to members that have too few.
 */
import type { Assignor, AssignorInput, AssignorMember } from './assignor.js'

/** A member while it is given partitions. */
interface Share {
  readonly member: AssignorMember
  readonly topics: Map<string, Set<number>>
  count: number
}

export const uniformAssignor: Assignor = {
  name: 'uniform',
  assign(input) {
    const shares = input.members.map((member): Share => ({ member, topics: new Map(), count: 0 }))
    const taken = keep(shares, input)
    giveOut(shares, input, taken)
    balance(shares)
    return new Map(shares.map(({ member, topics }) => [member.memberId, topics]))
  },
}

/** Each member keeps what it had and may still have. */
function keep(shares: readonly Share[], { partitions }: AssignorInput): Map<string, Set<number>> {
  const taken = new Map([...partitions.keys()].map((topicId) => [topicId, new Set<number>()]))
  for (const share of shares) {
    for (const [topicId, numbers] of share.member.target) {
      const count = partitions.get(topicId) ?? 0
      const others = taken.get(topicId)
      if (!others || !share.member.subscribed.has(topicId)) continue
      for (const partition of numbers) {
        if (partition >= count || others.has(partition)) continue
        others.add(partition)
        give(share, topicId, partition)
      }
    }
  }
  return taken
}

/** What is free goes to the subscriber that has least; topics with few subscribers first, since they leave least choice. */
function giveOut(shares: readonly Share[], { partitions }: AssignorInput, taken: Map<string, Set<number>>): void {
  const topics = [...partitions]
    .map(([topicId, count]) => ({
      topicId,
      count,
      subscribers: shares.filter(({ member }) => member.subscribed.has(topicId)),
    }))
    .toSorted((a, b) => a.subscribers.length - b.subscribers.length)
  for (const { topicId, count, subscribers } of topics) {
    if (subscribers.length === 0) continue
    for (let partition = 0; partition < count; partition++) {
      if (!taken.get(topicId)!.has(partition)) give(least(subscribers), topicId, partition)
    }
  }
}

/** Moves a partition from who has more to who has at least two fewer, until there is no such pair. */
function balance(shares: readonly Share[]): void {
  for (let moved = true; moved;) {
    moved = false
    const byCount = shares.toSorted((a, b) => b.count - a.count)
    for (const from of byCount) {
      const to = byCount.findLast((one) => from.count - one.count >= 2 && movable(from, one) !== undefined)
      if (!to) continue
      const { topicId, partition } = movable(from, to)!
      take(from, topicId, partition)
      give(to, topicId, partition)
      moved = true
    }
  }
}

/** A partition of a topic that the other is subscribed to: of the topic that `from` has most of, its last one. */
function movable(from: Share, to: Share): { topicId: string; partition: number } | undefined {
  let best: { topicId: string; partitions: Set<number> } | undefined
  for (const [topicId, partitions] of from.topics) {
    if (!to.member.subscribed.has(topicId)) continue
    if (!best || partitions.size > best.partitions.size) best = { topicId, partitions }
  }
  return best && { topicId: best.topicId, partition: Math.max(...best.partitions) }
}

function least(shares: readonly Share[]): Share {
  let found = shares[0]!
  for (const share of shares) if (share.count < found.count) found = share
  return found
}

function give(share: Share, topicId: string, partition: number): void {
  const present = share.topics.get(topicId)
  if (present) present.add(partition)
  else share.topics.set(topicId, new Set([partition]))
  share.count++
}

function take(share: Share, topicId: string, partition: number): void {
  const present = share.topics.get(topicId)!
  present.delete(partition)
  if (present.size === 0) share.topics.delete(topicId)
  share.count--
}
