/** What of a group's offsets an OffsetFetch is shown. */
import { ErrorCode } from '../../../protocol/errors.js'
import type { CommittedOffset, Offsets } from './offsets.js'

export interface FetchedPartition {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly metadata: string
  readonly errorCode: ErrorCode
}

export interface FetchedTopic {
  readonly name: string
  readonly partitions: readonly FetchedPartition[]
}

/** No offset: with the error, or, without one, because none was ever committed. */
export function noOffset(partitionIndex: number, errorCode: ErrorCode): FetchedPartition {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode }
}

/** `requireStable`: an offset that a transaction is about to replace is not given (KIP-447). */
export function fetchPartition(
  offsets: Offsets,
  groupId: string,
  topic: string,
  partition: number,
  requireStable: boolean,
): FetchedPartition {
  if (requireStable && offsets.isPending(groupId, topic, partition)) {
    return noOffset(partition, ErrorCode.UNSTABLE_OFFSET_COMMIT)
  }
  const committed = offsets.get(groupId, topic, partition)
  return committed ? shown(partition, committed) : noOffset(partition, ErrorCode.NONE)
}

function shown(partitionIndex: number, { offset, leaderEpoch, metadata }: CommittedOffset): FetchedPartition {
  return {
    partitionIndex,
    committedOffset: offset,
    committedLeaderEpoch: leaderEpoch,
    metadata,
    errorCode: ErrorCode.NONE,
  }
}

/** Every offset of a group. */
export function fetchAll(offsets: Offsets, groupId: string, requireStable: boolean): readonly FetchedTopic[] {
  return [...offsets.of(groupId)].map(([name, partitions]) => ({
    name,
    partitions: [...partitions.keys()].map((partition) =>
      fetchPartition(offsets, groupId, name, partition, requireStable),
    ),
  }))
}
