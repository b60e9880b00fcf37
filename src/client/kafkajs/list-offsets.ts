/** ListOffsets for partitions of several leaders, and the grouping that such requests need. */
import type { TopicPartition } from '../../model/index.js'
import { ErrorCode } from '../../protocol/errors.js'
import { errorOfCode } from '../error-of-code.js'
import { groupBy } from '../group-by.js'
import type { KafkajsCluster } from './vendor.js'

const TIMESTAMPS = { earliest: -2, latest: -1 }
const ISOLATION_LEVELS = { read_uncommitted: 0, read_committed: 1 }
const NO_OFFSET = -1

/** `at` in ms finds the first record of at least that time; undefined when there is none. */
export async function listOffsets(
  cluster: KafkajsCluster,
  partitions: readonly TopicPartition[],
  at: 'earliest' | 'latest' | number,
  isolation: keyof typeof ISOLATION_LEVELS,
): Promise<(TopicPartition & { offset: number | undefined })[]> {
  if (partitions.length === 0) return []
  const timestamp = typeof at === 'string' ? TIMESTAMPS[at] : at
  const groups = await byLeader(cluster, partitions)
  const requests = [...groups].map(async ([nodeId, group]) => {
    const broker = await cluster.findBroker({ nodeId })
    const topics = byTopic(group, () => ({ timestamp }))
    return broker.listOffsets({ isolationLevel: ISOLATION_LEVELS[isolation], topics })
  })
  const answers = (await Promise.all(requests)).flatMap((answer) => answer.responses)
  return entries(answers).map(({ topic, partition, offset }) => ({
    topic,
    partition,
    offset: Number(offset) === NO_OFFSET ? undefined : Number(offset),
  }))
}

/** By the leader's node id, from fresh metadata. Throws for a partition without a leader. */
export async function byLeader(
  cluster: KafkajsCluster,
  partitions: readonly TopicPartition[],
): Promise<Map<number, TopicPartition[]>> {
  for (const { topic } of partitions) cluster.targetTopics.add(topic)
  await cluster.refreshMetadata()
  return groupBy(partitions, ({ topic, partition }) => {
    const found = cluster.findTopicPartitionMetadata(topic).find((each) => each.partitionId === partition)
    if (found === undefined) throw errorOfCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, { topic, partition })
    if (found.leader < 0) throw errorOfCode(ErrorCode.LEADER_NOT_AVAILABLE, { topic, partition })
    return found.leader
  })
}

export function byTopic(
  partitions: readonly TopicPartition[],
  more: (tp: TopicPartition) => object = () => ({}),
): { topic: string; partitions: object[] }[] {
  return [...groupBy(partitions, (tp) => tp.topic)].map(([topic, group]) => ({
    topic,
    partitions: group.map((tp) => ({ partition: tp.partition, ...more(tp) })),
  }))
}

/** The answers for each partition. Throws for the first that failed. */
export function entries<P extends { partition: number; errorCode: number }>(
  topics: readonly { topic: string; partitions: readonly P[] }[],
): (P & TopicPartition)[] {
  const all = topics.flatMap(({ topic, partitions }) => partitions.map((entry) => ({ ...entry, topic })))
  const failed = all.find((entry) => entry.errorCode !== ErrorCode.NONE)
  if (failed) throw errorOfCode(failed.errorCode, { topic: failed.topic, partition: failed.partition })
  return all
}
