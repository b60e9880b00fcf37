/**
 * What the members of a group are subscribed to: names, and names that match a regular expression. Topics that are not
 * there count from the moment that they are.
 */
import { crc32c } from '../../../base/crc32c.js'
import { murmur2 } from '../../../base/murmur2.js'
import type { ClientPattern } from '../../client-pattern.js'
import type { ClusterState } from '../../metadata/cluster-state.js'
import type { ConsumerGroup, MemberMetadata, ResolvedRegex } from './consumer-group.js'

/** Topics as the cluster has them. */
export interface Topics {
  readonly cluster: Pick<ClusterState, 'topic' | 'topics' | 'topicById' | 'offset'>
  /** Expressions of members, compiled. */
  readonly pattern: (regex: string) => ClientPattern
}

type Subscriber = Pick<MemberMetadata, 'subscribedTopicNames' | 'subscribedTopicRegex'>

/** Expressions by their text, with the topics that they matched last. */
export type Regexes = ReadonlyMap<string, ResolvedRegex>

export function hasRegex(member: Subscriber): boolean {
  return member.subscribedTopicRegex !== ''
}

/** Whether two members, or a member before and after, are subscribed to different things. */
export function subscriptionDiffers(a: Subscriber, b: Subscriber): boolean {
  const names = new Set(a.subscribedTopicNames)
  return (
    a.subscribedTopicRegex !== b.subscribedTopicRegex ||
    names.size !== new Set(b.subscribedTopicNames).size ||
    b.subscribedTopicNames.some((name) => !names.has(name))
  )
}

export function subscribedNames(member: Subscriber, regexes: Regexes): ReadonlySet<string> {
  const matched = hasRegex(member) ? (regexes.get(member.subscribedTopicRegex)?.topics ?? []) : []
  return new Set([...member.subscribedTopicNames, ...matched])
}

/** Of the topics that exist. */
export function subscribedIds(member: Subscriber, regexes: Regexes, { cluster }: Topics): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const name of subscribedNames(member, regexes)) {
    const topic = cluster.topic(name)
    if (topic) ids.add(topic.id)
  }
  return ids
}

export function isSubscribedTo(group: ConsumerGroup, topic: string): boolean {
  for (const member of group.members.values()) if (subscribedNames(member, group.regexes).has(topic)) return true
  return false
}

/** Internal topics match no expression. */
export function resolve(regex: string, { cluster, pattern }: Topics, nowMs: number): ResolvedRegex {
  const compiled = pattern(regex)
  const topics: string[] = []
  for (const { name, internal } of cluster.topics()) if (!internal && compiled.matches(name)) topics.push(name)
  return { topics: topics.toSorted(), version: cluster.offset, timestampMs: nowMs }
}

/** Changes when a topic that anyone is subscribed to comes, goes or grows; 0: there is none. */
export function metadataHash(members: Iterable<Subscriber>, regexes: Regexes, { cluster }: Topics): number {
  const names = new Set<string>()
  for (const member of members) for (const name of subscribedNames(member, regexes)) names.add(name)
  const topics = [...names].toSorted().flatMap((name) => cluster.topic(name) ?? [])
  if (topics.length === 0) return 0
  const text = Buffer.from(topics.map(({ id, partitions }) => `${id}:${partitions.length}`).join())
  return (murmur2(text) >>> 0) + (crc32c(text) & 0x1f_ffff) * 2 ** 32
}
