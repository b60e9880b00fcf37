/** AdminPort on a `MemoryCluster`. */
import { DriverError, type AdminPort, type NewTopic } from '../../client/port.js'
import { topicPartitionName, type TopicPartition } from '../../model/index.js'
import type { MemoryCluster } from './memory-cluster.js'

export function memoryAdmin(cluster: MemoryCluster): AdminPort {
  const running = (): void => {
    if (!cluster.isRunning) throw new DriverError('retriable', 'The memory cluster is stopped.')
  }
  const create = ({ name, partitions, configs }: NewTopic): { name: string; created: boolean; error?: DriverError } => {
    try {
      cluster.createTopic(name, partitions, configs)
      return { name, created: true }
    } catch (error) {
      if (error instanceof DriverError && error.code === 'TOPIC_ALREADY_EXISTS') return { name, created: false }
      return { name, created: false, error: error as DriverError }
    }
  }

  return {
    async connect() {
      running()
    },
    async createTopics(topics) {
      running()
      return topics.map(create)
    },
    async deleteTopics(names) {
      running()
      for (const name of names) cluster.deleteTopic(name)
    },
    async createPartitions(topic, count) {
      running()
      cluster.addPartitions(topic, count)
    },
    async listTopics() {
      running()
      return cluster.topicNames
    },
    async describeTopics(names) {
      running()
      return names.flatMap((name) => {
        const topic = cluster.topic(name)
        return topic === undefined ? [] : [{ name, partitions: topic.partitions.length, replicationFactor: 1 }]
      })
    },
    async topicConfigs(names) {
      running()
      return new Map(names.map((name) => [name, { ...cluster.existing(name).configs }]))
    },
    async alterTopicConfigs(name, configs) {
      running()
      Object.assign(cluster.existing(name).configs, configs)
    },
    async committedOffsets(groupId, partitions, options) {
      running()
      const { committed, pending } = cluster.group(groupId)
      if (options?.requireStable && partitions.some((tp) => pending.has(topicPartitionName(tp)))) {
        throw new DriverError('retriable', 'Offsets of an open transaction are pending.', 'UNSTABLE_OFFSET_COMMIT')
      }
      return partitions.flatMap((tp) => {
        const found = committed.get(topicPartitionName(tp))
        return found === undefined ? [] : [{ topic: tp.topic, partition: tp.partition, ...found }]
      })
    },
    async listOffsets(partitions, at, isolation) {
      running()
      const offsetOf = (tp: TopicPartition): number | undefined => {
        const log = cluster.partition(tp)
        if (at === 'earliest') return log.startOffset
        if (at === 'latest') return isolation === 'read_committed' ? log.lastStableOffset : log.endOffset
        return log.firstOffsetSince(at.timestampMs)
      }
      return partitions.map((tp) => ({ topic: tp.topic, partition: tp.partition, offset: offsetOf(tp) }))
    },
    async deleteRecords(topic, before) {
      running()
      for (const { partition, offset } of before) {
        const log = cluster.partition({ topic, partition })
        const upTo = offset === -1 ? log.endOffset : offset
        if (upTo > log.endOffset || upTo < 0) {
          throw new DriverError(
            'offsetOutOfRange',
            `Offset ${offset} is not in ${topic}-${partition}, which ends at ${log.endOffset}.`,
            'OFFSET_OUT_OF_RANGE',
            { topic, partition },
          )
        }
        if (upTo > log.startOffset) log.deleteBefore(upTo)
      }
    },
    async describeCluster() {
      running()
      return { clusterId: cluster.clusterId, brokers: [{ nodeId: 1, host: 'memory', port: 0 }] }
    },
    async close() {},
  }
}
