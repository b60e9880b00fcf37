/**
 * OffsetCommit: who may commit, and what is written.
 *
 * A member commits under its generation. While the group gathers for the next one, commits of the old generation are
 * still taken, so that members can finish what they had. From outside a group, with no generation, offsets may be
 * committed only while the group is empty; that may also make the group.
 */
import { ErrorCode } from '../../../protocol/errors.js'
import type { ClassicGroup } from '../classic/classic-group.js'
import type { ConsumerGroup } from '../consumer/consumer-group.js'
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
  group: ClassicGroup | ConsumerGroup | undefined,
  committer: Committer,
  partitions: readonly PartitionCommit[],
  transactional: boolean,
  apiVersion: number,
): ErrorCode {
  if (group === undefined) {
    if (committer.generation < 0) return ErrorCode.NONE
    return !transactional && apiVersion >= 9 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION
  }
  if (group.kind === 'classic') return checkClassic(group, committer, transactional)
  const error = checkConsumer(group, committer, partitions, transactional, apiVersion)
  // producers know no member epochs
  return transactional && error === ErrorCode.STALE_MEMBER_EPOCH ? ErrorCode.ILLEGAL_GENERATION : error
}

function checkClassic(group: ClassicGroup, committer: Committer, transactional: boolean): ErrorCode {
  const { memberId, instanceId, generation } = committer
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

/**
 * A member of an older epoch may still commit what it was given in that epoch or before: it can't know yet that the group
 * has moved on.
 */
function checkConsumer(
  group: ConsumerGroup,
  { memberId, instanceId, generation }: Committer,
  partitions: readonly PartitionCommit[],
  transactional: boolean,
  apiVersion: number,
): ErrorCode {
  if (generation < 0 && group.isEmpty) return ErrorCode.NONE
  if (transactional && generation === -1 && memberId === '' && instanceId === null) return ErrorCode.NONE
  const member = group.members.get(memberId)
  if (!member) return ErrorCode.UNKNOWN_MEMBER_ID
  const isClassic = member.classic !== null
  if (!transactional && !isClassic && apiVersion < 9) return ErrorCode.UNSUPPORTED_VERSION
  if (generation === member.memberEpoch) return ErrorCode.NONE
  const stale = isClassic ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.STALE_MEMBER_EPOCH
  if (generation > member.memberEpoch) return stale
  const mayCommit = partitions.every(({ topicId, partition }) => {
    const since = member.assigned.get(topicId)?.get(partition) ?? member.pendingRevocation.get(topicId)?.get(partition)
    return since !== undefined && generation >= since
  })
  return mayCommit ? ErrorCode.NONE : stale
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
