/**
 * One life of a kafkajs consumer, from its making to its end: pump mode. Its callback hands records on and returns at once,
 * so that no slow handler ever holds up heartbeats or other partitions, and no user code runs in kafkajs's stack.
 */
import type { Consumer, EachBatchPayload } from 'kafkajs'
import type { TopicPartition } from '../../model/index.js'
import type { Assignor } from '../assignors/index.js'
import type { ConsumerOptions, IncomingRecord } from '../port.js'
import { kafkajsAssigner } from './assigner.js'
import { KafkajsClient } from './client.js'
import type { KafkajsContext } from './context.js'
import { endsWithin } from '../deadline.js'
import type { FetchGate } from './fetch-gate.js'
import { toRecord } from './incoming.js'
import type { Membership } from './membership.js'
import type { Seekable } from './positions.js'
import type { SubscribedTopics } from './subscribed-topics.js'
import type { Kafkajs, KafkajsCluster } from './vendor.js'

export interface RunListener {
  joined(partitions: readonly TopicPartition[], isLeader: boolean): void
  records(tp: TopicPartition, records: readonly IncomingRecord[], nextOffset: number, highWatermark: number): void
  /** Once, and then never anything more. kafkajs has let go of everything. */
  crashed(error: Error): void
}

export interface RunParts {
  readonly kafkajs: Kafkajs
  readonly context: KafkajsContext
  readonly options: ConsumerOptions
  readonly assignors: readonly Assignor[]
  readonly membership: Membership
  readonly gate: FetchGate
  readonly topics: SubscribedTopics
  readonly listener: RunListener
}

export class ConsumerRun implements Seekable {
  readonly cluster: KafkajsCluster
  private readonly client: KafkajsClient
  private readonly consumer: Consumer
  private over = false

  constructor(private readonly parts: RunParts) {
    const { kafkajs, context, options, assignors, topics } = parts
    this.client = new KafkajsClient(kafkajs, {
      connection: context.connection,
      clientId: options.clientId,
      log: context.log,
    })
    const { consumer, cluster } = this.client.consumer(
      {
        groupId: options.groupId,
        sessionTimeout: options.sessionTimeoutMs,
        rebalanceTimeout: options.rebalanceTimeoutMs,
        heartbeatInterval: options.heartbeatIntervalMs,
        minBytes: options.fetchMinBytes,
        maxBytes: options.fetchMaxBytes,
        maxBytesPerPartition: options.fetchMaxBytesPerPartition,
        // heartbeats are sent between fetches
        maxWaitTimeInMs: Math.min(options.fetchMaxWaitMs, Math.floor(options.sessionTimeoutMs / 4)),
        metadataMaxAge: options.metadataMaxAgeMs,
        readUncommitted: options.isolation === 'read_uncommitted',
        rackId: options.rackId ?? '',
        allowAutoTopicCreation: true,
        // kafkajs restarts itself with a promise that nobody watches: whether and when is decided here
        retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000, restartOnFailure: async () => false },
      },
      assignors.map((assignor) => (own) => kafkajsAssigner(kafkajs, own, assignor, { topics: () => topics.names })),
    )
    this.consumer = consumer
    this.cluster = cluster
    parts.membership.attach(cluster)
    parts.gate.attach(cluster)
    refreshOnlyWhenLost(cluster)
    this.listen()
  }

  /** Resolves when the first connection stands and the topics are known. */
  async connect(): Promise<void> {
    const { topics } = this.parts
    await this.consumer.connect()
    await this.cluster.refreshMetadata()
    await topics.watch(this.cluster)
    await this.consumer.subscribe({ topics: [...topics.names] })
  }

  /** Joins and fetches, until `stop` or a crash. */
  begin(): void {
    this.consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: async (payload) => this.handOn(payload),
      })
      .catch((error: unknown) => this.crashed(error))
  }

  seek({ topic, partition }: TopicPartition, offset: number): void {
    // between a crash and the next run there is nothing to seek on; that run's assignment asks again
    if (!this.over) this.consumer.seek({ topic, partition, offset: String(offset) })
  }

  async stop(withinMs: number): Promise<void> {
    this.over = true
    this.parts.topics.stop()
    // `stop` leaves the group; `disconnect` would also wait for the answer to the last fetch
    const stopped = this.consumer.stop()
    this.parts.gate.finish()
    await endsWithin(this.parts.context.clock, withinMs, stopped)
    this.client.destroy()
  }

  /** Ends at once and without a word to the broker. */
  abandon(): void {
    this.over = true
    this.parts.topics.stop()
    this.client.destroy()
  }

  private handOn({ batch, resolveOffset }: EachBatchPayload): void {
    const tp = { topic: batch.topic, partition: batch.partition }
    // unresolved, it is fetched again when the gate opens
    if (this.over || !this.parts.gate.passes(tp)) return
    const lastOffset = batch.lastOffset()
    resolveOffset(lastOffset)
    const records = batch.messages.map((message) => toRecord(tp, message))
    this.parts.listener.records(tp, records, Number(lastOffset) + 1, Number(batch.highWatermark))
  }

  private listen(): void {
    const { consumer } = this
    const { listener, gate } = this.parts
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (this.over) return
      const partitions = Object.entries(payload.memberAssignment).flatMap(([topic, all]) =>
        all.map((partition) => ({ topic, partition })),
      )
      listener.joined(partitions, payload.isLeader)
    })
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      // nothing but control records, or aborted ones: kafkajs passes over them and tells only here
      const { topic, partition, batchSize, lastOffset, highWatermark } = payload
      if (batchSize > 0 || this.over || !gate.passes({ topic, partition })) return
      listener.records({ topic, partition }, [], Number(lastOffset) + 1, Number(highWatermark))
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => this.crashed(payload.error))
  }

  private crashed(error: unknown): void {
    if (this.over) return
    this.abandon()
    this.parts.listener.crashed(error as Error)
  }
}

/**
 * kafkajs would look at metadata's age before every fetch and, when partitions were added, rejoin once for each broker.
 * That watch is kept by SubscribedTopics; kafkajs itself reads metadata when it has none, or lost a broker.
 */
function refreshOnlyWhenLost(cluster: KafkajsCluster): void {
  const refresh = cluster.refreshMetadataIfNecessary.bind(cluster)
  cluster.refreshMetadataIfNecessary = async () => {
    const { metadata, metadataExpireAt } = cluster.brokerPool
    if (metadata === null || metadataExpireAt === null) await refresh()
  }
}
