/**
 * `StickyAssignor` and `CooperativeStickyAssignor`: as even as the subscriptions allow, and within that, members keep what
 * they have. The same shares come out of both; the cooperative one gives a partition to its new member only in the round
 * after its old one has let it go (KIP-429).
 *
 * Where racks matter (KIP-881), that the shares are even counts most, then that members read in their own rack, then that
 * they keep what they have. Java's assignors leave the rest open and so do we: `java.test.ts` holds ours to shares as even,
 * as near and as sticky as theirs.
 *
 * What a member has is believed when no other claims the same from a later generation; two that claim it from the same
 * one are both wrong.
 */
import { Reader, Writer } from '../../base/bytes.js'
import { topicPartitionName, type TopicPartition } from '../../model/index.js'
import { sortedMembers, sortedTopics, type Assignor, type GroupMember } from './assignor.js'
import { racksMatter, type ReplicaRacks } from './racks.js'

const NO_GENERATION = -1
/** That a member reads from another rack weighs more than any number of partitions that move. */
const FAR = 1_000_000
const MOVED = 1

interface Share {
  readonly memberId: string
  readonly rackId: string | undefined
  readonly topics: ReadonlySet<string>
  readonly partitions: Map<string, TopicPartition>
}

interface Claim {
  readonly memberId: string
  readonly generation: number
  readonly isDisputed: boolean
}

type Assignment = Map<string, TopicPartition[]>

export const stickyAssignor: Assignor = {
  name: 'sticky',
  userData: (owned, generation) => encodeOwned(owned, generation),
  assign(members, partitionCount, replicaRacks) {
    return share(members.map(withOwnedOfUserData), partitionCount, replicaRacks)
  },
}

export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  cooperative: true,
  userData(_owned, generation) {
    const writer = new Writer(4)
    writer.int32(generation)
    return writer.finish()
  },
  assign(members, partitionCount, replicaRacks) {
    const assignment = share(members, partitionCount, replicaRacks)
    const owners = new Map<string, Set<string>>()
    for (const { memberId, owned = [] } of members) {
      for (const tp of owned) {
        const name = topicPartitionName(tp)
        const all = owners.get(name)
        if (all) all.add(memberId)
        else owners.set(name, new Set([memberId]))
      }
    }
    for (const [memberId, partitions] of assignment) {
      const free = partitions.filter((tp) => {
        const holders = owners.get(topicPartitionName(tp))
        return holders === undefined || (holders.size === 1 && holders.has(memberId))
      })
      assignment.set(memberId, free)
    }
    return assignment
  },
}

function share(
  members: readonly GroupMember[],
  partitionCount: (topic: string) => number,
  replicaRacks: ReplicaRacks | undefined,
): Assignment {
  const table = new Table(members, partitionCount, replicaRacks)
  for (const [name, { memberId, isDisputed }] of claims(members)) if (!isDisputed) table.keep(name, memberId)
  table.giveFree()
  table.balance()
  if (table.racksMatter) {
    table.improve()
    table.balance()
  }
  return table.assignment
}

/** Who has what, while it is being shared. */
class Table {
  readonly racksMatter: boolean
  private readonly shares: readonly Share[]
  private readonly subscribers = new Map<string, readonly Share[]>()
  private readonly all = new Map<string, TopicPartition>()
  private readonly owners = new Map<string, Share>()
  private readonly before = new Map<string, Share>()
  /** Members that have a replica of it in their rack, then those that tell no rack; only where racks matter. */
  private readonly near = new Map<string, readonly Share[]>()

  constructor(
    members: readonly GroupMember[],
    partitionCount: (topic: string) => number,
    replicaRacks: ReplicaRacks | undefined,
  ) {
    this.shares = sortedMembers(members).map(({ memberId, topics, rackId }): Share => ({
      memberId,
      rackId,
      topics: new Set(topics),
      partitions: new Map(),
    }))
    for (const topic of sortedTopics(members)) {
      this.subscribers.set(
        topic,
        this.shares.filter(({ topics }) => topics.has(topic)),
      )
      for (let partition = 0; partition < partitionCount(topic); partition++) {
        this.all.set(topicPartitionName({ topic, partition }), { topic, partition })
      }
    }
    const racks = new Map<string, readonly string[]>()
    if (replicaRacks) for (const [name, tp] of this.all) racks.set(name, replicaRacks(tp.topic, tp.partition))
    this.racksMatter = racksMatter(
      members.map(({ rackId }) => rackId),
      [...racks.values()],
    )
    if (!this.racksMatter) return
    for (const [name, { topic }] of this.all) {
      const those = this.subscribers.get(topic)!
      const inRack = those.filter(({ rackId }) => rackId !== undefined && racks.get(name)!.includes(rackId))
      this.near.set(name, [...inRack, ...those.filter(({ rackId }) => rackId === undefined)])
    }
  }

  get assignment(): Assignment {
    return new Map(this.shares.map(({ memberId, partitions }) => [memberId, [...partitions.values()]]))
  }

  /** It stays with its member, unless that may not have it any more, or it is in another rack. */
  keep(name: string, memberId: string): void {
    const tp = this.all.get(name)
    const owner = this.shares.find((each) => each.memberId === memberId)!
    if (tp === undefined || !owner.topics.has(tp.topic)) return
    this.before.set(name, owner)
    if (this.cost(name, owner) === 0) this.give(name, owner)
  }

  /** First what few may have: the rest evens out what that brings about. */
  giveFree(): void {
    const free = [...this.all].filter(([name]) => !this.owners.has(name))
    const nearTo = (name: string): number =>
      this.near.get(name)?.filter(({ rackId }) => rackId !== undefined).length ?? 0
    free.sort(
      ([a, { topic: topicA }], [b, { topic: topicB }]) =>
        nearTo(a) - nearTo(b) || this.subscribers.get(topicA)!.length - this.subscribers.get(topicB)!.length,
    )
    for (const [name, { topic }] of free) {
      const near = this.near.get(name) ?? []
      const inRack = near.filter(({ rackId }) => rackId !== undefined)
      const those = inRack.length > 0 ? inRack : near.length > 0 ? near : this.subscribers.get(topic)!
      this.give(name, leastLoaded(those))
    }
  }

  /** Each move brings two members nearer to each other, so this ends. What leaves no rack goes first. */
  balance(): void {
    for (let moved = true; moved;) {
      moved = this.racksMatter && this.moveSurplus((name) => this.near.get(name)!)
      moved = this.moveSurplus((name) => this.subscribers.get(this.all.get(name)!.topic)!) || moved
    }
  }

  private moveSurplus(candidates: (name: string) => readonly Share[]): boolean {
    let moved = false
    for (const name of this.all.keys()) {
      const those = candidates(name)
      if (those.length === 0) continue
      const least = leastLoaded(those)
      if (this.owners.get(name)!.partitions.size - least.partitions.size < 2) continue
      this.give(name, least)
      moved = true
    }
    return moved
  }

  /** What is read from another rack, or was moved for nothing, goes to who has less, or changes places where that pays. */
  improve(): void {
    for (let better = true; better;) {
      better = false
      for (const name of this.all.keys()) {
        const before = this.before.get(name)
        const owner = this.owners.get(name)!
        if (this.cost(name, owner) === 0) continue
        for (const to of before ? [...this.near.get(name)!, before] : this.near.get(name)!) {
          const gain = this.cost(name, owner) - this.cost(name, to)
          const goesBack = to.partitions.size < owner.partitions.size ? null : this.inExchange(to, owner, gain)
          if (gain <= 0 || goesBack === undefined) continue
          this.give(name, to)
          if (goesBack !== null) this.give(goesBack, owner)
          better = true
          break
        }
      }
    }
  }

  /** What this one could give to that one for less than so much. */
  private inExchange(from: Share, to: Share, gain: number): string | undefined {
    for (const [name, { topic }] of from.partitions) {
      if (to.topics.has(topic) && this.cost(name, to) - this.cost(name, from) < gain) return name
    }
    return undefined
  }

  private cost(name: string, { memberId, rackId }: Share): number {
    const isFar = this.racksMatter && !this.near.get(name)!.some((each) => each.rackId === rackId)
    const before = this.before.get(name)
    return (isFar ? FAR : 0) + (before !== undefined && before.memberId !== memberId ? MOVED : 0)
  }

  private give(name: string, to: Share): void {
    this.owners.get(name)?.partitions.delete(name)
    this.owners.set(name, to)
    to.partitions.set(name, this.all.get(name)!)
  }
}

function leastLoaded(shares: readonly Share[]): Share {
  let least = shares[0]!
  for (const each of shares) if (each.partitions.size < least.partitions.size) least = each
  return least
}

function claims(members: readonly GroupMember[]): Map<string, Claim> {
  const found = new Map<string, Claim>()
  for (const member of members) {
    const generation = generationOf(member)
    for (const tp of member.owned ?? []) {
      const name = topicPartitionName(tp)
      const before = found.get(name)
      if (before !== undefined && before.generation > generation) continue
      const isDisputed = before !== undefined && before.generation === generation
      found.set(name, { memberId: member.memberId, generation, isDisputed })
    }
  }
  return found
}

/** Older members tell it only in what the assignor writes. */
function generationOf({ generation = NO_GENERATION, userData }: GroupMember): number {
  if (generation !== NO_GENERATION || !userData || userData.length < 4) return generation
  return userData.readInt32BE(userData.length - 4)
}

// ── what eager members write: the assignment that they gave up, as Java's StickyAssignor does (version 1) ──

function encodeOwned(owned: readonly TopicPartition[], generation: number): Buffer {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of owned) topics.set(topic, [...(topics.get(topic) ?? []), partition])
  const writer = new Writer()
  writer.int32(topics.size)
  for (const [topic, partitions] of topics) {
    const size = Buffer.byteLength(topic)
    writer.int16(size)
    writer.utf8(topic, size)
    writer.int32(partitions.length)
    for (const partition of partitions) writer.int32(partition)
  }
  writer.int32(generation)
  return writer.finish()
}

function withOwnedOfUserData(member: GroupMember): GroupMember {
  if ((member.owned?.length ?? 0) > 0 || !member.userData || member.userData.length === 0) return member
  try {
    const reader = new Reader(member.userData)
    const owned: TopicPartition[] = []
    for (let topics = reader.int32(); topics > 0; topics--) {
      const topic = reader.utf8(reader.int16())
      for (let left = reader.int32(); left > 0; left--) owned.push({ topic, partition: reader.int32() })
    }
    return { ...member, owned, generation: reader.remaining >= 4 ? reader.int32() : NO_GENERATION }
  } catch {
    return member // what can't be read claims nothing
  }
}
