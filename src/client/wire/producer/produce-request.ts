/** One Produce request: at most one batch of a partition, and which part of the answer is whose. */
import { messages, ZERO_UUID, type DecodedOf } from '../../../protocol/index.js'
import type { ProducerOptions } from '../../port.js'
import type { MetadataCache } from '../metadata-cache.js'
import type { PartitionQueue } from './partition-queue.js'
import type { PendingBatch } from './pending-batch.js'

/** First Produce by topic id, and first that adds partitions to a transaction by itself (KIP-890). */
const TOPIC_ID_VERSION = 13
const TRANSACTION_V2_VERSION = 12
const ACKS = { all: -1, leader: 1, none: 0 } as const

export interface Sending {
  readonly queue: PartitionQueue
  readonly batch: PendingBatch
}

export type ProduceAnswer = DecodedOf<typeof messages.produce.response>
export type PartitionAnswer = ProduceAnswer['responses'][number]['partitionResponses'][number]

interface TopicData {
  readonly name: string
  readonly topicId: string
  readonly partitionData: { index: number; records: Buffer }[]
}

export class ProduceRequest {
  private readonly topics = new Map<string, TopicData>()
  private readonly open: Map<string, Sending>
  private readonly hasIds: boolean

  constructor(
    readonly sendings: readonly Sending[],
    metadata: MetadataCache,
    private readonly options: ProducerOptions,
    /** Whether brokers add partitions to the transaction by themselves. */
    private readonly isTransactionV2: boolean,
  ) {
    this.open = new Map(sendings.map((sending) => [nameOf(sending.queue.topic, sending.queue.partition), sending]))
    for (const { queue, batch } of sendings) {
      let entry = this.topics.get(queue.topic)
      if (entry === undefined) {
        const topicId = metadata.topic(queue.topic)?.id ?? ZERO_UUID
        this.topics.set(queue.topic, (entry = { name: queue.topic, topicId, partitionData: [] }))
      }
      entry.partitionData.push({ index: queue.partition, records: batch.bytes! })
    }
    this.hasIds = [...this.topics.values()].every(({ topicId }) => topicId !== ZERO_UUID)
  }

  get maxVersion(): number {
    if (this.options.transactionalId !== undefined && !this.isTransactionV2) return TRANSACTION_V2_VERSION - 1
    return this.hasIds ? Infinity : TOPIC_ID_VERSION - 1
  }

  get body() {
    return {
      transactionalId: this.options.transactionalId ?? null,
      acks: ACKS[this.options.acks],
      timeoutMs: this.options.requestTimeoutMs,
      topicData: [...this.topics.values()],
    }
  }

  /** Each batch that the answer tells of, once. */
  *answers({ responses }: ProduceAnswer): Generator<readonly [Sending, PartitionAnswer]> {
    for (const { name, topicId, partitionResponses } of responses) {
      const topic = name || this.nameOfId(topicId)
      for (const told of partitionResponses) {
        const key = nameOf(topic, told.index)
        const sending = this.open.get(key)
        if (sending && this.open.delete(key)) yield [sending, told]
      }
    }
  }

  /** Those that no answer has told of. */
  get unanswered(): readonly Sending[] {
    return [...this.open.values()]
  }

  private nameOfId(topicId: string): string {
    for (const topic of this.topics.values()) if (topic.topicId === topicId) return topic.name
    return ''
  }
}

const nameOf = (topic: string, partition: number): string => `${topic}/${partition}`
