/**
 * Where newly assigned partitions begin: at the group's committed offset, else where `autoOffsetReset` says. The framework
 * decides this, so that it is the same with every driver, and so that 'latest' is a position known from the start: it is
 * committed at once, and what comes before the first record is handled is not skipped by a rebalance.
 */
import type { AdminPort, ConsumerOptions, PartitionStart, StartOffset } from '../../client/port.js'
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import type { OffsetReset } from './listener-options.js'
import { resetDurationMs } from './reset-duration.js'

export interface Start extends PartitionStart {
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
  /** What durations are counted back from, in ms since the epoch. */
  readonly nowMs: number
}

export async function startOffsets(
  admin: AdminPort,
  query: StartQuery,
  partitions: readonly TopicPartition[],
): Promise<readonly Start[] | NoOffset> {
  const { groupId, reset } = query
  const known = groupId === '' ? [] : await admin.committedOffsets(groupId, partitions, { requireStable: true })
  const committed = new Map(known.map((found) => [topicPartitionName(found), found]))
  const without = partitions.filter((tp) => !committed.has(topicPartitionName(tp)))
  if (without.length > 0 && reset === 'none') return { withoutOffset: without }
  const found = await resetOffsets(admin, query, without)
  const ends = new Map(found.map((each) => [topicPartitionName(each), each.start]))
  return partitions.map(({ topic, partition }) => {
    const name = topicPartitionName({ topic, partition })
    const own = committed.get(name)
    if (own === undefined) return { topic, partition, committed: undefined, start: ends.get(name) ?? 'earliest' }
    const { offset, leaderEpoch } = own
    return { topic, partition, committed: offset, start: offset, leaderEpoch }
  })
}

/** Where the policy says. */
export async function resetOffsets(
  admin: AdminPort,
  { reset, isolation, nowMs }: Pick<StartQuery, 'reset' | 'isolation' | 'nowMs'>,
  partitions: readonly TopicPartition[],
): Promise<readonly (TopicPartition & { readonly start: StartOffset })[]> {
  if (partitions.length === 0 || reset === 'none' || reset === 'earliest') {
    return partitions.map(({ topic, partition }) => ({ topic, partition, start: 'earliest' }))
  }
  const durationMs = resetDurationMs(reset) ?? 0
  const at = reset === 'latest' ? reset : { timestampMs: nowMs - durationMs }
  const found = await admin.listOffsets(partitions, at, isolation)
  const none = found.filter(({ offset }) => offset === undefined)
  // no record is as late as that
  const ends = none.length === 0 || reset === 'latest' ? [] : await admin.listOffsets(none, 'latest', isolation)
  const endOf = new Map(ends.map((end) => [topicPartitionName(end), end.offset]))
  return found.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    start: offset ?? endOf.get(topicPartitionName({ topic, partition })) ?? 'latest',
  }))
}
