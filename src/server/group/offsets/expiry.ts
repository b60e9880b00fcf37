/**
 * When committed offsets are forgotten (KIP-211): `offsets.retention.minutes` after the group became empty, and, while it
 * is in use, after the last commit for topics that it is not subscribed to. A group without members that has no offsets
 * left is forgotten with them. Offsets that a transaction holds stay.
 */
import type { ClassicGroup } from '../classic/classic-group.js'
import type { ConsumerGroup } from '../consumer/consumer-group.js'
import { groupGone } from '../consumer/leave.js'
import { isSubscribedTo } from '../consumer/subscription.js'
import type { GroupEvent } from '../events.js'
import type { CommittedOffset, Offsets } from './offsets.js'

/** What is to be forgotten of a group now. */
export function expired(
  group: ClassicGroup | ConsumerGroup,
  offsets: Offsets,
  nowMs: number,
  retentionMs: number,
): readonly GroupEvent[] {
  const { groupId } = group
  const events: GroupEvent[] = []
  const since = retentionBase(group)
  let left = false
  for (const [topic, partitions] of offsets.of(groupId)) {
    const inUse = since === undefined || isInUse(group, topic)
    for (const [partition, committed] of partitions) {
      if (inUse || offsets.isPending(groupId, topic, partition) || !isOver(committed, since, nowMs, retentionMs)) {
        left = true
      } else {
        events.push({ type: 'offset', groupId, topic, partition, committed: null, producer: null })
      }
    }
  }
  if (left || offsets.hasPending(groupId)) return events
  if (group.kind === 'consumer') return group.isEmpty ? [...events, ...groupGone(group)] : events
  if (group.is('Empty')) events.push({ type: 'classic-group', groupId, metadata: null })
  return events
}

function isInUse(group: ClassicGroup | ConsumerGroup, topic: string): boolean {
  return group.kind === 'classic' ? group.isSubscribedTo(topic) : isSubscribedTo(group, topic)
}

/** From when on a group's offsets age; undefined: they don't, now. */
function retentionBase(group: ClassicGroup | ConsumerGroup): ((committed: CommittedOffset) => number) | undefined {
  const sinceCommit = (committed: CommittedOffset): number => committed.commitTimestampMs
  if (group.kind === 'consumer' || group.protocolType === null) return sinceCommit
  if (group.is('Empty')) return group.inStateSinceMs < 0 ? sinceCommit : () => group.inStateSinceMs
  return group.is('Stable') && group.subscribedTopics ? sinceCommit : undefined
}

function isOver(
  committed: CommittedOffset,
  since: (committed: CommittedOffset) => number,
  nowMs: number,
  retentionMs: number,
): boolean {
  // a time that the member itself asked for goes before the broker's
  if (committed.expireTimestampMs >= 0) return nowMs >= committed.expireTimestampMs
  return nowMs - since(committed) >= retentionMs
}
