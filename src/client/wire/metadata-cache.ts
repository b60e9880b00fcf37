/**
 * What is known of the cluster: brokers, topics, leaders. News only ever replaces what is older: a leader epoch that is
 * behind the known one is an answer of a broker that has not heard yet.
 */
import { ErrorCode, messages, ZERO_UUID, type DecodedOf } from '../../protocol/index.js'

export interface BrokerNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionMetadata {
  /** -1: none at the moment. */
  readonly leaderId: number
  /** -1: the broker tells none. */
  readonly leaderEpoch: number
  /** Node ids. */
  readonly replicas: readonly number[]
}

export interface TopicMetadata {
  readonly name: string
  /** The zero id: the broker tells none. */
  readonly id: string
  readonly isInternal: boolean
  /** By partition. */
  readonly partitions: (PartitionMetadata | undefined)[]
}

const NO_LEADER = -1

type MetadataAnswer = DecodedOf<typeof messages.metadata.response>
type TopicAnswer = MetadataAnswer['topics'][number]

export class MetadataCache {
  readonly brokers = new Map<number, BrokerNode>()
  private readonly topics = new Map<string, TopicMetadata>()
  private readonly names = new Map<string, string>()
  /** The last error a topic was answered with. */
  private readonly errors = new Map<string, number>()
  clusterId = ''
  controllerId = -1

  get topicNames(): readonly string[] {
    return [...this.topics.keys()]
  }

  topic(name: string): TopicMetadata | undefined {
    return this.topics.get(name)
  }

  errorOf(name: string): number {
    return this.errors.get(name) ?? ErrorCode.NONE
  }

  topicName(id: string): string | undefined {
    return this.names.get(id)
  }

  partition(topic: string, partition: number): PartitionMetadata | undefined {
    return this.topics.get(topic)?.partitions[partition]
  }

  /** Racks of the brokers that have a replica, each once; those without one are left out. */
  racks(topic: string, partition: number): string[] {
    const nodes = this.partition(topic, partition)?.replicas ?? []
    const racks = nodes.flatMap((nodeId) => this.brokers.get(nodeId)?.rack ?? [])
    return [...new Set(racks)]
  }

  /** The topic is known, and each partition has a leader. */
  isComplete(name: string): boolean {
    return this.topics.get(name)?.partitions.every((each) => each !== undefined && each.leaderId >= 0) ?? false
  }

  forget(name: string): void {
    const topic = this.topics.get(name)
    if (topic) this.names.delete(topic.id)
    this.topics.delete(name)
    this.errors.delete(name)
  }

  /** @param all whether the answer tells of every topic that there is */
  apply(answer: MetadataAnswer, all: boolean): void {
    this.brokers.clear()
    for (const broker of answer.brokers) this.brokers.set(broker.nodeId, broker)
    if (answer.clusterId !== null) this.clusterId = answer.clusterId
    this.controllerId = answer.controllerId
    if (all) {
      const told = new Set(answer.topics.map(({ name }) => name))
      for (const name of this.topics.keys()) if (!told.has(name)) this.forget(name)
    }
    for (const topic of answer.topics) if (topic.name !== null) this.applyTopic(topic.name, topic)
  }

  /** Nodes are controllers then. */
  applyControllers({ clusterId, controllerId, brokers }: DecodedOf<typeof messages.describeCluster.response>): void {
    this.brokers.clear()
    for (const { brokerId: nodeId, host, port, rack } of brokers) this.brokers.set(nodeId, { nodeId, host, port, rack })
    this.clusterId = clusterId
    this.controllerId = controllerId
  }

  private applyTopic(name: string, answer: TopicAnswer): void {
    this.errors.set(name, answer.errorCode)
    if (answer.errorCode !== ErrorCode.NONE) {
      // a topic that lacks a leader is still the topic that it was
      if (answer.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
        this.forget(name)
        this.errors.set(name, answer.errorCode)
      }
      return
    }
    const before = this.topics.get(name)
    const same = before !== undefined && before.id === answer.topicId
    const partitions: (PartitionMetadata | undefined)[] = []
    for (const { partitionIndex, leaderId, leaderEpoch, replicaNodes, errorCode } of answer.partitions) {
      const known = same ? before.partitions[partitionIndex] : undefined
      const isOld = known !== undefined && leaderEpoch >= 0 && leaderEpoch < known.leaderEpoch
      const leader = errorCode === ErrorCode.LEADER_NOT_AVAILABLE ? NO_LEADER : leaderId
      partitions[partitionIndex] = isOld ? known : { leaderId: leader, leaderEpoch, replicas: replicaNodes }
    }
    if (before && !same) this.names.delete(before.id)
    this.topics.set(name, { name, id: answer.topicId, isInternal: answer.isInternal, partitions })
    if (answer.topicId !== ZERO_UUID) this.names.set(answer.topicId, name)
  }

  /**
   * Somebody has written, or committed, under this leader epoch: who leads is known again only from metadata that is not
   * older. (`Metadata.updateLastSeenEpochIfNewer`)
   */
  epochSeen(topic: string, partition: number, leaderEpoch: number): void {
    const known = this.partition(topic, partition)
    if (known === undefined || known.leaderEpoch < 0 || leaderEpoch <= known.leaderEpoch) return
    this.topics.get(topic)!.partitions[partition] = { ...known, leaderId: NO_LEADER, leaderEpoch }
  }

  /** Where leaders are that a broker names next to refusing a request (KIP-951). */
  endpointsTold(endpoints: readonly BrokerNode[]): void {
    for (const { nodeId, host, port, rack } of endpoints) this.brokers.set(nodeId, { nodeId, host, port, rack })
  }

  /** What a broker says of a leader next to refusing a request (KIP-951); true when that is news, and to be acted on. */
  leaderTold(topic: string, partition: number, leaderId: number, leaderEpoch: number): boolean {
    const known = this.partition(topic, partition)
    if (known === undefined || leaderId < 0 || leaderEpoch <= known.leaderEpoch || !this.brokers.has(leaderId))
      return false
    this.topics.get(topic)!.partitions[partition] = { ...known, leaderId, leaderEpoch }
    return true
  }
}
