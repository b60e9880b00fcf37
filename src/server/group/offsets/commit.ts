/**
 * OffsetCommit: who may commit, and what is written.
 *
 * A member commits under its generation. While the group gathers for the next one, commits of the old generation are
 * still taken, so that members can finish what they had. From outside a group, with no generation, offsets may be
 * committed only while the group is empty; that may also make the group.
 */
import { ErrorCode } from '../../../protocol/errors.js'
import type { ClassicGroup } from '../classic/classic-group.js'
import type { Producer } from '../../machine/partition-event-log.js'
import type { GroupEvent } from '../events.js'

export interface Committer {
  readonly memberId: string
  readonly instanceId: string | null
  /** Below 0: from outside the group. */
  readonly generation: number
}

export interface PartitionCommit {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string | null
}

/** What speaks against a commit to a group that may not exist; `transactional`: through TxnOffsetCommit. */
export function checkCommitter(
  group: ClassicGroup | undefined,
  committer: Committer,
  transactional: boolean,
  apiVersion: number,
): ErrorCode {
  const { memberId, instanceId, generation } = committer
  if (group === undefined) {
    if (generation < 0) return ErrorCode.NONE
    return !transactional && apiVersion >= 9 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION
  }
  if (group.is('Dead')) return ErrorCode.COORDINATOR_NOT_AVAILABLE
  if (generation < 0 && group.is('Empty')) return ErrorCode.NONE
  if (generation >= 0 || memberId !== '' || instanceId !== null) {
    const error = group.checkMember(memberId, instanceId)
    if (error !== ErrorCode.NONE) return error
    if (generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  } else if (!transactional) {
    return ErrorCode.UNKNOWN_MEMBER_ID
  }
  // a transaction's offsets come by the producer, which the group's state does not concern
  return !transactional && group.is('CompletingRebalance') ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}

export interface Commit {
  readonly events: readonly GroupEvent[]
  /** In the order of the partitions asked for. */
  readonly errors: readonly ErrorCode[]
}

export function commit(
  groupId: string,
  partitions: readonly PartitionCommit[],
  producer: Producer | null,
  retentionMs: number,
  nowMs: number,
  metadataMaxBytes: number,
): Commit {
  const expireTimestampMs = retentionMs === -1 ? -1 : nowMs + retentionMs
  const events: GroupEvent[] = []
  const errors = partitions.map(({ topic, topicId, partition, offset, leaderEpoch, metadata }) => {
    // Kafka counts UTF-16 units here, whatever the setting's name says
    if ((metadata ?? '').length > metadataMaxBytes) return ErrorCode.OFFSET_METADATA_TOO_LARGE
    const committed = {
      offset,
      leaderEpoch,
      metadata: metadata ?? '',
      commitTimestampMs: nowMs,
      expireTimestampMs,
      topicId,
    }
    events.push({ type: 'offset', groupId, topic, partition, committed, producer })
    return ErrorCode.NONE
  })
  return { events, errors }
}
