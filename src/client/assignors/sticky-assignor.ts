/**
 * `StickyAssignor` and `CooperativeStickyAssignor`: as even as the subscriptions allow, and within that, members keep what
 * they have. The same shares come out of both; the cooperative one gives a partition to its new member only in the round
 * after its old one has let it go (KIP-429).
 *
 * What a member has is believed when no other claims the same from a later generation; two that claim it from the same
 * one are both wrong.
 */
import { Reader, Writer } from '../../base/bytes.js'
import { topicPartitionName, type TopicPartition } from '../../model/index.js'
import { sortedMembers, sortedTopics, type Assignor, type GroupMember } from './assignor.js'

const NO_GENERATION = -1

interface Share {
  readonly memberId: string
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
  assign(members, partitionCount) {
    return share(members.map(withOwnedOfUserData), partitionCount)
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
  assign(members, partitionCount) {
    const assignment = share(members, partitionCount)
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

function share(members: readonly GroupMember[], partitionCount: (topic: string) => number): Assignment {
  const shares = sortedMembers(members).map(({ memberId, topics }): Share => ({
    memberId,
    topics: new Set(topics),
    partitions: new Map(),
  }))
  const subscribers = new Map<string, Share[]>()
  const all = new Map<string, TopicPartition>()
  for (const topic of sortedTopics(members)) {
    subscribers.set(
      topic,
      shares.filter(({ topics }) => topics.has(topic)),
    )
    for (let partition = 0; partition < partitionCount(topic); partition++) {
      all.set(topicPartitionName({ topic, partition }), { topic, partition })
    }
  }
  const owners = new Map<string, Share>()
  const give = (name: string, to: Share): void => {
    owners.get(name)?.partitions.delete(name)
    owners.set(name, to)
    to.partitions.set(name, all.get(name)!)
  }

  for (const [name, { memberId, isDisputed }] of claims(members)) {
    const tp = all.get(name)
    const owner = shares.find((each) => each.memberId === memberId)!
    if (tp !== undefined && !isDisputed && owner.topics.has(tp.topic)) give(name, owner)
  }
  // first what few may have: the rest evens out what that brings about
  const free = [...all].filter(([name]) => !owners.has(name))
  free.sort(([, a], [, b]) => subscribers.get(a.topic)!.length - subscribers.get(b.topic)!.length)
  for (const [name, { topic }] of free) give(name, leastLoaded(subscribers.get(topic)!))
  // each move brings two members nearer to each other, so this ends
  for (let moved = true; moved;) {
    moved = false
    for (const [name, { topic }] of all) {
      const owner = owners.get(name)!
      const least = leastLoaded(subscribers.get(topic)!)
      if (owner.partitions.size - least.partitions.size < 2) continue
      give(name, least)
      moved = true
    }
  }
  return new Map(shares.map(({ memberId, partitions }) => [memberId, [...partitions.values()]]))
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
