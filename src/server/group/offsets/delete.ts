/** OffsetDelete (KIP-496): offsets of topics that the group is not subscribed to; of others only once it is empty. */
import { ErrorCode } from '../../../protocol/errors.js'
import type { ClassicGroup } from '../classic/classic-group.js'
import type { ConsumerGroup } from '../consumer/consumer-group.js'
import { isSubscribedTo } from '../consumer/subscription.js'
import type { GroupEvent } from '../events.js'
import type { Offsets } from './offsets.js'

export interface Deletion {
  readonly events: readonly GroupEvent[]
  /** Of the whole. */
  readonly error: ErrorCode
  /** In the order of the topics asked for. */
  readonly topicErrors: readonly ErrorCode[]
}

export function deleteOffsets(
  group: ClassicGroup | ConsumerGroup | undefined,
  groupId: string,
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
  offsets: Offsets,
): Deletion {
  const error = checkDelete(group)
  if (error !== ErrorCode.NONE) return { events: [], error, topicErrors: [] }
  const events: GroupEvent[] = []
  const topicErrors = topics.map(({ topic, partitions }) => {
    if (isInUse(group!, topic)) return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
    for (const partition of partitions) {
      if (!offsets.get(groupId, topic, partition) && !offsets.isPending(groupId, topic, partition)) continue
      events.push({ type: 'offset', groupId, topic, partition, committed: null, producer: null })
    }
    return ErrorCode.NONE
  })
  return { events, error, topicErrors }
}

function isInUse(group: ClassicGroup | ConsumerGroup, topic: string): boolean {
  return group.kind === 'classic' ? group.isSubscribedTo(topic) : isSubscribedTo(group, topic)
}

function checkDelete(group: ClassicGroup | ConsumerGroup | undefined): ErrorCode {
  if (!group) return ErrorCode.GROUP_ID_NOT_FOUND
  if (group.kind === 'consumer') return ErrorCode.NONE
  if (group.is('Dead')) return ErrorCode.GROUP_ID_NOT_FOUND
  // what other kinds of groups are subscribed to is not known here
  return group.is('Empty') || group.isConsumerGroup ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP
}
