/**
 * kafkajs, loaded when first needed, and those of its insides that the driver stands on.
 *
 * The public API of kafkajs 2.2.4 can't give exact results per partition, await a revoke, or leave an offset alone; its
 * Cluster and Broker objects can. They are described here, as far as we use them, and nowhere else. That is why exactly
 * this version is accepted.
 */
import { createRequire } from 'node:module'
import type { ISocketFactory, KafkaMessage } from 'kafkajs'
import { DriverError } from '../port.js'

export type Kafkajs = typeof import('kafkajs')

const VERSION = '2.2.4'

let loading: Promise<Kafkajs> | undefined

/** @throws DriverError 'fatal' when kafkajs is missing or of another version. */
export function loadKafkajs(): Promise<Kafkajs> {
  return (loading ??= load())
}

async function load(): Promise<Kafkajs> {
  const require = createRequire(import.meta.url)
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== VERSION) {
    throw new DriverError(
      'fatal',
      `The kafkajs driver works with kafkajs ${VERSION}, and ${version} is installed: remove the override of its version.`,
    )
  }
  stopIdleTimers(require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue })
  const kafkajs = (await import('kafkajs')).default as unknown as Kafkajs
  const { registerCodecs } = await import('./codecs.js')
  registerCodecs(kafkajs)
  return kafkajs
}

interface RequestQueue {
  pending: unknown[]
  scheduleCheckPendingRequests(): void
}

/** An idle connection of kafkajs re-arms a timer of 1 ms for ever (its issue 1704); it only needs one while requests wait. */
function stopIdleTimers({ prototype }: { prototype: RequestQueue }): void {
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this)
  }
}

/** kafkajs's own way to make a socket; ours keeps hold of what it made. */
export function defaultSocketFactory(): ISocketFactory {
  const require = createRequire(import.meta.url)
  return (require('kafkajs/src/network/socketFactory') as () => ISocketFactory)()
}

// ── insides ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface KafkajsCluster {
  readonly targetTopics: Set<string>
  readonly brokerPool: {
    readonly metadata: MetadataAnswer | null
    readonly metadataExpireAt: number | null
    createBroker(options: object): KafkajsBroker
    withBroker<T>(ask: (found: { broker: KafkajsBroker }) => Promise<T>): Promise<T | null>
  }
  connect(): Promise<void>
  disconnect(): Promise<void>
  isConnected(): boolean
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  removeBroker(broker: { host: string; port: number }): void
  findBroker(node: { nodeId: number | string }): Promise<KafkajsBroker>
  findControllerBroker(): Promise<KafkajsBroker>
  findGroupCoordinator(group: { groupId: string }): Promise<KafkajsBroker>
  findTopicPartitionMetadata(topic: string): PartitionMetadata[]
}

export interface KafkajsBroker {
  readonly nodeId: number | string
  lookupRequest: Lookup
  isConnected(): boolean
  connect(): Promise<void>
  metadata(topics: readonly string[]): Promise<MetadataAnswer>
  produce(request: object): Promise<ProduceAnswer | undefined>
  fetch(request: FetchRequest): Promise<FetchAnswer>
  listOffsets(
    request: object,
  ): Promise<{ responses: ByTopic<{ partition: number; errorCode: number; offset: string }>[] }>
  offsetCommit(request: object): Promise<unknown>
  offsetFetch(
    request: object,
  ): Promise<{ responses: ByTopic<{ partition: number; offset: string; metadata: string }>[] }>
  joinGroup(request: { memberId?: string }): Promise<{ memberId: string; generationId: number }>
  heartbeat(request: object): Promise<unknown>
  leaveGroup(request: object): Promise<unknown>
  initProducerId(request: object): Promise<{ producerId: string; producerEpoch: number }>
  createTopics(request: object): Promise<{ topicErrors: TopicError[] }>
  deleteTopics(request: object): Promise<{ topicErrors: TopicError[] }>
  createPartitions(request: object): Promise<{ topicErrors: TopicError[] }>
  deleteRecords(request: object): Promise<{ topics: ByTopic<{ partition: number; errorCode: number }>[] }>
  describeConfigs(request: object): Promise<{ resources: ConfigAnswer[] }>
  alterConfigs(request: object): Promise<{ resources: ConfigAnswer[] }>
}

/** From an API's key and its table of versions to the function that makes its request for this broker. */
export type Lookup = (apiKey: number, definitions: unknown) => (options: object) => ProtocolRequest

export interface ProtocolRequest {
  readonly request: object
  readonly response: { decode(data: Buffer): Promise<unknown>; parse(data: unknown): Promise<unknown> }
}

interface ByTopic<P> {
  readonly topic: string
  readonly partitions: P[]
}
export interface TopicError {
  readonly topic: string
  readonly errorCode: number
  readonly errorMessage?: string | null
}

export interface ConfigAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resourceName: string
  readonly configEntries?: readonly {
    readonly configName: string
    readonly configValue: string | null
    readonly configSource: number
  }[]
}

export interface PartitionMetadata {
  readonly partitionErrorCode: number
  readonly partitionId: number
  /** -1: none at the moment. */
  readonly leader: number
  readonly replicas: readonly number[]
}

export interface MetadataAnswer {
  readonly clusterId: string
  readonly brokers: readonly { nodeId: number; host: string; port: number }[]
  readonly topicMetadata: readonly {
    readonly topic: string
    readonly topicErrorCode: number
    readonly isInternal?: boolean
    readonly partitionMetadata: readonly PartitionMetadata[]
  }[]
}

export interface ProduceAnswer {
  readonly topics: readonly {
    readonly topicName: string
    readonly partitions: readonly {
      readonly partition: number
      readonly errorCode: number
      readonly baseOffset: string
      readonly logAppendTime: string
    }[]
  }[]
}

export interface FetchTopic {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[]
}

export interface FetchRequest {
  readonly maxWaitTime: number
  readonly topics: readonly FetchTopic[]
}

export interface FetchAnswer {
  readonly responses: readonly {
    readonly topicName: string
    readonly partitions: readonly {
      readonly partition: number
      readonly errorCode: number
      readonly messages: readonly KafkajsMessage[]
      readonly preferredReadReplica?: number
    }[]
  }[]
}

export type KafkajsMessage = KafkaMessage & {
  readonly batchContext?: { readonly timestampType: number; readonly partitionLeaderEpoch: number }
}
