/** Which broker leads which partition, as far as a producer must know, with the connections to those brokers. */
import type { TopicPartition } from '../../model/index.js'
import { ErrorCode } from '../../protocol/errors.js'
import { KafkajsClient } from './client.js'
import type { KafkajsContext } from './context.js'
import { groupBy } from '../group-by.js'
import { loadKafkajs, type KafkajsBroker, type KafkajsCluster, type PartitionMetadata } from './vendor.js'

const NO_LEADER = -1

export class TopicLeaders {
  private client: KafkajsClient | undefined
  private cluster: KafkajsCluster | undefined
  private outOfDate = true

  constructor(
    private readonly context: KafkajsContext,
    private readonly clientId: string | undefined,
    private readonly requestTimeoutMs: number,
  ) {}

  async connect(): Promise<KafkajsCluster> {
    if (this.cluster === undefined) {
      const { connection, log } = this.context
      const kafkajs = await loadKafkajs()
      const { clientId, requestTimeoutMs } = this
      this.client ??= new KafkajsClient(kafkajs, { connection, clientId, requestTimeoutMs, log })
      this.cluster ??= this.client.cluster({ allowAutoTopicCreation: true })
    }
    const { cluster } = this
    if (!cluster.isConnected()) {
      await cluster.connect()
      this.outOfDate = true
    }
    if (this.outOfDate) {
      await cluster.refreshMetadata()
      this.outOfDate = false
    }
    return cluster
  }

  /** 0: there is no such topic. */
  async partitionCount(topic: string): Promise<number> {
    await this.know([topic])
    return this.cluster!.findTopicPartitionMetadata(topic).length
  }

  knows(topic: string): boolean {
    return this.cluster !== undefined && this.cluster.findTopicPartitionMetadata(topic).length > 0
  }

  /** By the leader's node id; those without a leader are told to `refuse` with the reason. */
  async group<T extends TopicPartition>(
    all: readonly T[],
    refuse: (one: T, code: number) => void,
  ): Promise<Map<number, T[]>> {
    await this.know(all.map((one) => one.topic))
    if (all.some((one) => this.find(one) === undefined)) await this.cluster!.refreshMetadata()
    const byLeader = groupBy(all, (one) => this.find(one)?.leader)
    for (const one of byLeader.get(undefined) ?? []) refuse(one, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    for (const one of byLeader.get(NO_LEADER) ?? []) refuse(one, ErrorCode.LEADER_NOT_AVAILABLE)
    byLeader.delete(undefined)
    byLeader.delete(NO_LEADER)
    return byLeader as Map<number, T[]>
  }

  broker(nodeId: number): Promise<KafkajsBroker> {
    return this.cluster!.findBroker({ nodeId })
  }

  async anyBroker(): Promise<KafkajsBroker> {
    return (await this.connect()).findControllerBroker()
  }

  /** Metadata is read again before the next use. */
  stale(): void {
    this.outOfDate = true
  }

  /** A request went unanswered. */
  lost(error: unknown): void {
    this.stale()
    const { name, host, port } = error as { name?: string; host?: string; port?: number }
    if (name === 'KafkaJSConnectionClosedError') this.cluster?.removeBroker({ host: host!, port: port! })
  }

  async disconnect(): Promise<void> {
    await this.cluster?.disconnect()
  }

  destroy(): void {
    this.client?.destroy()
  }

  private async know(topics: readonly string[]): Promise<void> {
    const cluster = await this.connect()
    const news = topics.filter((topic) => !cluster.targetTopics.has(topic) || !this.knows(topic))
    for (const topic of news) cluster.targetTopics.add(topic)
    if (news.length > 0) await cluster.refreshMetadata()
    else await cluster.refreshMetadataIfNecessary()
  }

  private find({ topic, partition }: TopicPartition): PartitionMetadata | undefined {
    return this.cluster!.findTopicPartitionMetadata(topic).find((found) => found.partitionId === partition)
  }
}
