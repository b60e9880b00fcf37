/**
 * `RangeAssignor`: topic by topic, each member takes a run of neighbouring partitions; the first ones take one more.
 *
 * Where racks matter (KIP-881), members first take, up to the same number, what has a replica in their rack; of topics with
 * the same members and as many partitions, the same partitions. What is left is then given as without racks.
 */
import type { TopicPartition } from '../../model/index.js'
import { groupBy } from '../group-by.js'
import { sortedMembers, sortedTopics, type Assignor, type GroupMember } from './assignor.js'
import { racksMatter, type ReplicaRacks } from './racks.js'

export const rangeAssignor: Assignor = {
  name: 'range',
  assign(members, partitionCount, replicaRacks) {
    const sorted = sortedMembers(members)
    const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
    const shares = sortedTopics(members)
      .map((topic) => {
        const subscribers = sorted.filter((member) => member.topics.includes(topic))
        return new TopicShares(topic, partitionCount(topic), subscribers, replicaRacks)
      })
      .filter(({ count }) => count > 0)
    if (shares.some((each) => each.racksMatter)) giveNear(shares)
    for (const each of shares) {
      each.giveRanges()
      for (const [memberId, partitions] of each.taken) {
        partitions.sort((a, b) => a - b)
        assignment.get(memberId)!.push(...partitions.map((partition) => ({ topic: each.topic, partition })))
      }
    }
    return assignment
  },
}

/** What the members of one topic have of it. */
class TopicShares {
  readonly taken: ReadonlyMap<string, number[]>
  readonly racksMatter: boolean
  private readonly racks: readonly (readonly string[])[] | undefined
  private readonly open: Set<number>
  private readonly each: number
  /** Members that may take one more. */
  private extra: number

  constructor(
    readonly topic: string,
    readonly count: number,
    readonly subscribers: readonly GroupMember[],
    replicaRacks: ReplicaRacks | undefined,
  ) {
    const partitions = Array.from({ length: count }, (_, partition) => partition)
    this.open = new Set(partitions)
    this.taken = new Map(subscribers.map(({ memberId }) => [memberId, []]))
    this.each = Math.floor(count / subscribers.length)
    this.extra = count % subscribers.length
    const haveRacks = subscribers.some(({ rackId }) => rackId !== undefined)
    this.racks = haveRacks && replicaRacks ? partitions.map((partition) => replicaRacks(topic, partition)) : undefined
    this.racksMatter = racksMatter(
      subscribers.map(({ rackId }) => rackId),
      this.racks ?? [],
    )
  }

  /** Topics of the same key are given alike. */
  get alike(): string {
    return JSON.stringify([
      this.racks ? this.count : 0,
      this.subscribers.map(({ memberId, rackId }) => [memberId, rackId]),
    ])
  }

  /** Who tells no rack is as near to all. */
  isNear({ rackId }: GroupMember, partition: number): boolean {
    return rackId === undefined || this.racks?.[partition]?.includes(rackId) === true
  }

  room({ memberId }: GroupMember): number {
    return Math.max(this.each + (this.extra > 0 ? 1 : 0) - this.taken.get(memberId)!.length, 0)
  }

  give(member: GroupMember, partitions: readonly number[]): void {
    const taken = this.taken.get(member.memberId)!
    taken.push(...partitions)
    if (taken.length > this.each) this.extra--
    for (const partition of partitions) this.open.delete(partition)
  }

  giveRanges(mayTake: (member: GroupMember, partition: number) => boolean = () => true): void {
    for (const member of this.subscribers) {
      const partitions = [...this.open].filter((partition) => mayTake(member, partition)).slice(0, this.room(member))
      if (partitions.length > 0) this.give(member, partitions)
    }
  }
}

function giveNear(shares: readonly TopicShares[]): void {
  for (const alike of groupBy(shares, (each) => each.alike).values()) {
    const [first] = alike
    if (alike.length > 1) giveNearTogether(alike, first!)
    else if (first!.racksMatter) first!.giveRanges((member, partition) => first!.isNear(member, partition))
  }
}

/** The same partitions of all these topics go to the same member. */
function giveNearTogether(alike: readonly TopicShares[], { count, subscribers }: TopicShares): void {
  for (let partition = 0; partition < count; partition++) {
    const member = subscribers.find((each) =>
      alike.every((topic) => topic.isNear(each, partition) && topic.room(each) > 0),
    )
    if (member) for (const topic of alike) topic.give(member, [partition])
  }
}
