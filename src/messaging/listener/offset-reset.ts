/**
 * Where newly assigned partitions begin: at the group's committed offset, else where `autoOffsetReset` says. The framework
 * decides this, so that it is the same with every driver, and so that 'latest' is a position known from the start: it is
 * committed at once, and what comes before the first record is handled is not skipped by a rebalance.
 */
import type { AdminPort, ConsumerOptions, StartOffset } from '../../client/port.js'
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import type { OffsetReset } from './listener-options.js'

export interface Start extends TopicPartition {
  readonly start: StartOffset
  /** The group's committed offset. */
  readonly committed: number | undefined
}

/** Partitions that have neither a committed offset nor a policy that says where to begin. */
export interface NoOffset {
  readonly withoutOffset: readonly TopicPartition[]
}

export interface StartQuery {
  /** '' has no committed offsets. */
  readonly groupId: string
  readonly reset: OffsetReset
  readonly isolation: ConsumerOptions['isolation']
}

export async function startOffsets(
  admin: AdminPort,
  { groupId, reset, isolation }: StartQuery,
  partitions: readonly TopicPartition[],
): Promise<readonly Start[] | NoOffset> {
  const known = groupId === '' ? [] : await admin.committedOffsets(groupId, partitions, { requireStable: true })
  const committed = new Map(known.map((found) => [topicPartitionName(found), found.offset]))
  const without = partitions.filter((tp) => !committed.has(topicPartitionName(tp)))
  if (without.length > 0 && reset === 'none') return { withoutOffset: without }
  const ends =
    without.length > 0 && reset === 'latest'
      ? new Map(
          (await admin.listOffsets(without, 'latest', isolation)).map((found) => [
            topicPartitionName(found),
            found.offset,
          ]),
        )
      : new Map<string, number | undefined>()
  return partitions.map(({ topic, partition }) => {
    const name = topicPartitionName({ topic, partition })
    const own = committed.get(name)
    return { topic, partition, committed: own, start: own ?? ends.get(name) ?? (reset === 'none' ? 'earliest' : reset) }
  })
}
