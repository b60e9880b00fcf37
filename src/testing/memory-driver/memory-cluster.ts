/**
 * A Kafka cluster in memory, for tests: topics, partitions, consumer groups, committed offsets, and the faults that a test
 * wants. No sockets and no clock but the one handed in: with a virtual clock a run is the same every time.
 *
 * Zero latency: what can happen happens in the next microtasks, so most tests need not advance time at all.
 */
import { wallClock, type Clock } from '../../base/clock.js'
import { isTopicName, TOPIC_NAME } from '../../base/topic-name.js'
import {
  DriverError,
  type BatchResult,
  type CommitOffset,
  type ConsumerOptions,
  type OutgoingBatch,
  type OutgoingRecord,
} from '../../client/port.js'
import { topicPartitionName, type TopicPartition } from '../../model/index.js'
import { MemoryGroup } from './memory-group.js'
import { MemoryPartition, recordBytes, type MemoryRecord } from './memory-partition.js'
import { MemoryTransactions, type MemoryTransaction } from './memory-transactions.js'

export interface MemoryClusterOptions {
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
  /** Topics to begin with: names, or names with a number of partitions. */
  readonly topics?:
    | readonly (string | { readonly name: string; readonly partitions?: number | undefined })[]
    | undefined
  /** Kafka's `auto.create.topics.enable`. Default true. */
  readonly autoCreateTopics?: boolean | undefined
  /** Kafka's `num.partitions`. Default 1. */
  readonly defaultPartitions?: number | undefined
}

export interface MemoryTopic {
  readonly name: string
  readonly partitions: MemoryPartition[]
  readonly configs: Record<string, string>
}

/** What a test may make fail; each is asked at every call and answers with the error, or undefined to let it pass. */
export interface MemoryFaults {
  produce?: ((batch: OutgoingBatch) => DriverError | undefined) | undefined
  commit?: ((offsets: readonly CommitOffset[], groupId: string) => DriverError | undefined) | undefined
}

const MAX_MESSAGE_BYTES = 1_048_588

export class MemoryCluster {
  readonly clock: Clock
  readonly clusterId = 'memory-cluster'
  readonly faults: MemoryFaults = {}
  readonly transactions: MemoryTransactions
  private readonly topics = new Map<string, MemoryTopic>()
  private readonly groups = new Map<string, MemoryGroup>()
  private readonly listeners = new Set<() => void>()
  private readonly autoCreateTopics: boolean
  private readonly defaultPartitions: number
  private running = true
  private sequence = 0

  constructor(options: MemoryClusterOptions = {}) {
    this.clock = options.clock ?? wallClock()
    this.transactions = new MemoryTransactions(
      this.clock,
      (groupId) => this.group(groupId),
      () => this.wake(),
    )
    this.autoCreateTopics = options.autoCreateTopics ?? true
    this.defaultPartitions = options.defaultPartitions ?? 1
    for (const topic of options.topics ?? []) {
      if (typeof topic === 'string') this.createTopic(topic)
      else this.createTopic(topic.name, topic.partitions)
    }
  }

  // ── what tests do to it ──

  createTopic(name: string, partitions?: number, configs: Readonly<Record<string, string>> = {}): MemoryTopic {
    if (this.topics.has(name)) {
      throw new DriverError('fatal', `Topic '${name}' already exists.`, 'TOPIC_ALREADY_EXISTS')
    }
    if (!isTopicName(name)) {
      throw new DriverError('fatal', `'${name}' is no topic name, which has ${TOPIC_NAME}.`, 'INVALID_TOPIC_EXCEPTION')
    }
    const count = partitions === undefined || partitions === -1 ? this.defaultPartitions : partitions
    const topic = { name, partitions: [] as MemoryPartition[], configs: { ...configs } }
    for (let i = 0; i < count; i++) topic.partitions.push(new MemoryPartition())
    this.topics.set(name, topic)
    this.rebalanceSubscribers(name)
    return topic
  }

  deleteTopic(name: string): void {
    if (!this.topics.delete(name)) throw unknownTopic(name)
    this.rebalanceSubscribers(name)
  }

  addPartitions(name: string, count: number): void {
    const topic = this.existing(name)
    if (count <= topic.partitions.length) {
      throw new DriverError(
        'fatal',
        `Topic '${name}' has ${topic.partitions.length} partitions already; it can only grow.`,
        'INVALID_PARTITIONS',
      )
    }
    while (topic.partitions.length < count) topic.partitions.push(new MemoryPartition())
    this.rebalanceSubscribers(name)
  }

  /**
   * Every record of a topic that is still in its log, partition by partition; with 'read_committed' without those of
   * transactions that were aborted or are still open.
   */
  records(
    name: string,
    isolation: ConsumerOptions['isolation'] = 'read_uncommitted',
  ): (MemoryRecord & { readonly partition: number })[] {
    return (this.topics.get(name)?.partitions ?? []).flatMap((log, partition) =>
      log.read(log.startOffset, Infinity, Infinity, isolation).records.map((record) => ({ ...record, partition })),
    )
  }

  /** The group's committed offset: the next one to read. */
  committed(groupId: string, partition: TopicPartition): number | undefined {
    return this.groups.get(groupId)?.committed.get(topicPartitionName(partition))?.offset
  }

  /** Appends without a producer. Returns the offset. */
  append(
    name: string,
    record: Partial<OutgoingRecord> & { readonly partition?: number | undefined },
  ): { partition: number; offset: number } {
    const partition = record.partition ?? 0
    const full = {
      key: record.key ?? null,
      value: record.value ?? null,
      headers: record.headers ?? [],
      timestampMs: record.timestampMs ?? this.clock.now(),
    }
    const result = this.produce({ topic: this.existingOrCreated(name).name, partition, records: [full] })
    if (result.error) throw result.error
    return { partition, offset: result.baseOffset }
  }

  /** From now on nothing answers, until `start`. */
  stop(): void {
    this.running = false
    this.wake()
  }

  start(): void {
    this.running = true
    this.wake()
  }

  /** What the group's members and offsets are; made when first asked for. */
  group(groupId: string): MemoryGroup {
    let group = this.groups.get(groupId)
    if (group === undefined) {
      group = new MemoryGroup(groupId, (topic) => this.topics.get(topic)?.partitions.length ?? 0)
      this.groups.set(groupId, group)
    }
    return group
  }

  // ── what its clients do ──

  get isRunning(): boolean {
    return this.running
  }

  get topicNames(): string[] {
    return [...this.topics.keys()]
  }

  topic(name: string): MemoryTopic | undefined {
    return this.topics.get(name)
  }

  existing(name: string): MemoryTopic {
    const topic = this.topics.get(name)
    if (topic === undefined) throw unknownTopic(name)
    return topic
  }

  existingOrCreated(name: string): MemoryTopic {
    const topic = this.topics.get(name)
    if (topic !== undefined || !this.autoCreateTopics) return this.existing(name)
    return this.createTopic(name)
  }

  partition({ topic, partition }: TopicPartition): MemoryPartition {
    const log = this.existing(topic).partitions[partition]
    if (log === undefined) {
      throw new DriverError(
        'unknownTopic',
        `Topic '${topic}' has no partition ${partition}.`,
        'UNKNOWN_TOPIC_OR_PARTITION',
        { topic, partition },
      )
    }
    return log
  }

  produce(batch: OutgoingBatch, transaction?: MemoryTransaction): BatchResult {
    try {
      const fault = this.faults.produce?.(batch)
      if (fault) return { error: fault }
      const log = this.partition(batch)
      const { configs } = this.existing(batch.topic)
      const bytes = batch.records.reduce((sum, record) => sum + recordBytes(record), 61)
      const limit = Number(configs['max.message.bytes'] ?? MAX_MESSAGE_BYTES)
      if (bytes > limit) {
        return {
          error: new DriverError(
            'tooLarge',
            `${bytes} bytes for ${topicPartitionName(batch)} exceed max.message.bytes=${limit}.`,
            'MESSAGE_TOO_LARGE',
            { topic: batch.topic, partition: batch.partition },
          ),
        }
      }
      const timestampType = configs['message.timestamp.type'] === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime'
      const nowMs = this.clock.now()
      const baseOffset = log.append(batch.records, timestampType, nowMs, transaction)
      transaction?.partitions.add(log)
      this.wake()
      return timestampType === 'LogAppendTime' ? { baseOffset, logAppendTimeMs: nowMs } : { baseOffset }
    } catch (error) {
      if (error instanceof DriverError) return { error }
      throw error
    }
  }

  commit(groupId: string, offsets: readonly CommitOffset[]): void {
    const fault = this.faults.commit?.(offsets, groupId)
    if (fault) throw fault
    const { committed } = this.group(groupId)
    for (const { offset, metadata, ...tp } of offsets) {
      committed.set(topicPartitionName(tp), { offset, metadata: metadata ?? '' })
    }
  }

  /** Called whenever there may be something new to read, or the cluster went away or came back. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  nextMemberId(clientId: string): string {
    return `${clientId}-${this.sequence++}`
  }

  private wake(): void {
    for (const listener of this.listeners) listener()
  }

  private rebalanceSubscribers(topic: string): void {
    for (const group of this.groups.values()) {
      // a deleted topic is asked for no more, but may still be assigned: every group looks again
      const subscribed = [...group.members.values()].some((member) => member.topics().includes(topic))
      if (subscribed || !this.topics.has(topic)) group.rebalance()
    }
  }
}

function unknownTopic(name: string): DriverError {
  return new DriverError('unknownTopic', `Topic '${name}' does not exist.`, 'UNKNOWN_TOPIC_OR_PARTITION')
}
