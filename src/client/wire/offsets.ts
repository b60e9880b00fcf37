/** ListOffsets and committed offsets, over as many brokers as it takes. */
import type { TopicPartition } from '../../model/index.js'
import {
  CONSUMER_REPLICA_ID,
  ErrorCode,
  IsolationLevel,
  messages,
  OffsetSpec,
  ZERO_UUID,
} from '../../protocol/index.js'
import { groupBy } from '../group-by.js'
import type { ConsumerOptions } from '../port.js'
import type { Cluster } from './cluster.js'
import { throwCode } from './errors.js'

const NO_OFFSET = -1
const ISOLATION_LEVELS = {
  read_uncommitted: IsolationLevel.readUncommitted,
  read_committed: IsolationLevel.readCommitted,
} as const

export type OffsetAt = 'earliest' | 'latest' | number

export interface OffsetFound extends TopicPartition {
  /** undefined: no record is as late as that. */
  readonly offset: number | undefined
  readonly leaderEpoch: number
}

/** One attempt; a leader that has moved is forgotten before it throws. @throws DriverError */
export async function listOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  at: OffsetAt,
  isolation: ConsumerOptions['isolation'],
): Promise<OffsetFound[]> {
  const timestamp = at === 'earliest' ? OffsetSpec.earliest : at === 'latest' ? OffsetSpec.latest : at
  const led: (TopicPartition & { nodeId: number })[] = []
  for (const { topic, partition } of partitions) {
    led.push({ topic, partition, nodeId: await cluster.leader(topic, partition) })
  }
  const answers = await Promise.all(
    [...groupBy(led, ({ nodeId }) => nodeId)].map(([nodeId, group]) =>
      cluster.peer(nodeId).send(messages.listOffsets, {
        replicaId: CONSUMER_REPLICA_ID,
        isolationLevel: ISOLATION_LEVELS[isolation],
        topics: byTopic(group, ({ partition }) => ({ partitionIndex: partition, timestamp })),
        timeoutMs: cluster.requestTimeoutMs,
      }),
    ),
  )
  const told = answers.flatMap(({ topics }) =>
    topics.flatMap(({ name, partitions: each }) =>
      each.map((entry) => ({ topic: name, partition: entry.partitionIndex, ...entry })),
    ),
  )
  const failed = told.find(({ errorCode }) => errorCode !== ErrorCode.NONE)
  if (failed) {
    await cluster.refresh([failed.topic])
    throwCode(failed.errorCode, { topic: failed.topic, partition: failed.partition })
  }
  return told.map(({ topic, partition, offset, leaderEpoch }) => ({
    topic,
    partition,
    offset: offset === NO_OFFSET ? undefined : offset,
    leaderEpoch,
  }))
}

export interface CommittedOffset extends TopicPartition {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

/** As whom a consumer asks; members of a KIP-848 group say so. */
export interface AskingMember {
  readonly memberId: string
  readonly memberEpoch: number
}

/** Partitions without a committed offset are left out. @throws DriverError */
export async function committedOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  withinMs: number,
  requireStable = false,
  member?: AskingMember,
): Promise<CommittedOffset[]> {
  if (partitions.length === 0) return []
  const names = [...new Set(partitions.map(({ topic }) => topic))]
  const unknown = names.filter((name) => cluster.metadata.topic(name) === undefined)
  if (unknown.length > 0) await cluster.refresh(unknown)
  const idOf = (name: string): string => cluster.metadata.topic(name)?.id ?? ZERO_UUID
  const maxVersion = names.every((name) => idOf(name) !== ZERO_UUID) ? Infinity : 9
  return cluster.askCoordinator('group', groupId, withinMs, async (peer) => {
    const topics = byTopic(partitions, ({ partition }) => partition)
    const answer = await peer.send(
      messages.offsetFetch,
      (version) =>
        version < 8
          ? {
              groupId,
              topics: topics.map(({ name, partitions: partitionIndexes }) => ({ name, partitionIndexes })),
              requireStable: requireStable && version >= 7,
            }
          : {
              groups: [
                {
                  groupId,
                  memberId: member?.memberId ?? null,
                  memberEpoch: member?.memberEpoch ?? -1,
                  topics: topics.map(({ name, partitions: partitionIndexes }) => ({
                    name,
                    topicId: idOf(name),
                    partitionIndexes,
                  })),
                },
              ],
              requireStable,
            },
      { maxVersion },
    )
    const group = answer.groups[0]
    throwCode(group?.errorCode ?? answer.errorCode, `group '${groupId}'`)
    const found: CommittedOffset[] = []
    const told = group?.topics ?? answer.topics.map((topic) => ({ ...topic, topicId: ZERO_UUID }))
    for (const topic of told) {
      const name = topic.name || cluster.metadata.topicName(topic.topicId)
      if (name === undefined) continue
      for (const entry of topic.partitions) {
        const at = { topic: name, partition: entry.partitionIndex }
        throwCode(entry.errorCode, at)
        if (entry.committedOffset < 0) continue
        const { committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata } = entry
        found.push({ ...at, offset, leaderEpoch, metadata: metadata ?? '' })
      }
    }
    return found
  })
}

/** Partitions gathered by topic, as most requests have them. */
export function byTopic<T extends TopicPartition, P>(
  all: Iterable<T>,
  toPartition: (one: T) => P,
): { name: string; partitions: P[] }[] {
  const groups = groupBy(all, ({ topic }) => topic)
  return [...groups].map(([name, group]) => ({ name, partitions: group.map(toPartition) }))
}
