/**
 * The configuration: one typed tree, Spring Boot's `spring.kafka.*` in camelCase with units in the names. Raw Kafka
 * settings stand only inside `properties`. `kafka(config)` refuses everything wrong or contradictory in one message.
 */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import type { DriverTools } from '../../client/create-driver.js'
import type { Acks, Codec, ConnectionOptions, KafkaDriver, SaslOptions, TlsOptions } from '../../client/port.js'
import type { Serde, Topic } from '../../model/index.js'
import type { Partitioner, PartitionerFunction } from '../../partitioner/index.js'
import type { ContainerOptions, OffsetReset } from '../listener/listener-options.js'
import type { BatchInterceptor, RecordInterceptor } from '../listener/interceptors.js'
import type { ProducerInterceptor } from '../template/producer-interceptor.js'
import type { Env } from './env.js'
import type { Ref, Resolver } from './reference.js'

/**
 * The configuration of a cluster, Spring Boot's `spring.kafka.*`. `kafka(config)` refuses what is wrong with it, all in
 * one message.
 */
export interface KafkaConfig {
  /** `'localhost:9092'`, `'a:9092,b:9092'`, or a list. */
  bootstrapServers: string | readonly string[]
  /** Names this cluster when the application has several. Default `'default'`. */
  name?: string | undefined
  /** Prefix of every client's id. Default `'kts-kafka'`. */
  clientId?: string | undefined
  /** true: TLS with the system's certificates. */
  tls?: boolean | TlsOptions | undefined
  /** Default: clients do not authenticate. */
  sasl?: SaslOptions | undefined
  /** Default 30_000 (`request.timeout.ms`). */
  requestTimeoutMs?: number | undefined
  /** Default 10_000 (`socket.connection.setup.timeout.ms`). */
  connectionTimeoutMs?: number | undefined
  /** Topics to create at start when they do not exist; also gives topics that are named as text their serdes. */
  topics?: readonly Topic<unknown, unknown>[] | undefined
  /** How templates send. */
  producer?: ProducerConfig | undefined
  /** Of the default template. */
  template?: TemplateConfig | undefined
  /** Further templates by name, each with a producer of its own; what they leave out is as in `producer`. */
  templates?: Readonly<Record<string, ProducerConfig & TemplateConfig>> | undefined
  /** How listeners read. */
  consumer?: ConsumerConfig | undefined
  /** What listeners leave out of their options. */
  listener?: ListenerConfig | undefined
  /** How declared topics are created. */
  admin?: AdminConfig | undefined
  /**
   * When the broker can't be reached at start: 'wait' until it can; 'fail' at once; 'background': start goes on and
   * containers begin when it can. Default 'wait'.
   */
  startup?: 'wait' | 'fail' | 'background' | undefined
  /** One of the house's, by name, one of your own, or what makes it. Default: what `KTS_DRIVER` names, else `'wire'`. */
  driver?: DriverName | KafkaDriver | DriverFactory | undefined
}

/** What a runtime is given beside its configuration; adapters and tests set these. */
export interface KafkaServices {
  /** Default: silent below `warn`; warnings and errors go to stderr. */
  log?: Log | undefined
  clock?: Clock | undefined
  random?: Random | undefined
  /** Default: the process's environment. */
  env?: Env | undefined
  /** Resolves options that name a class or token. Default: no container. */
  resolver?: Resolver | undefined
}

/** A driver of the house; what each can do is in docs/drivers.md. */
export type DriverName = 'kafkajs' | 'wire'
export type { DriverTools }
/** Makes a driver for a cluster. */
export type DriverFactory = (connection: ConnectionOptions, tools: DriverTools) => KafkaDriver | Promise<KafkaDriver>

/** How templates send, `spring.kafka.producer.*`. */
export interface ProducerConfig {
  /** Default `<clientId>-producer-<template>`. */
  clientId?: string | undefined
  /** Default 'all'. */
  acks?: Acks | undefined
  /** Default 'none' (`compression.type`). */
  compression?: Codec | undefined
  /** Default true where the driver can and acks is 'all' (`enable.idempotence`). */
  idempotence?: boolean | undefined
  /** Wait so long for a batch to fill. Default 0: as soon as the partition is free. */
  lingerMs?: number | undefined
  /** A batch of one partition is sent when it has so many bytes. Default 16_384 (`batch.size`). */
  batchSizeBytes?: number | undefined
  /** Records waiting to be sent hold at most so much; then `send` waits. Default 33_554_432 (`buffer.memory`). */
  bufferMemoryBytes?: number | undefined
  /** Longest that `send` waits for buffer memory or for the topic's partitions. Default 60_000 (`max.block.ms`). */
  maxBlockMs?: number | undefined
  /** A single record may have at most so many bytes. Default 1_048_576 (`max.request.size`). */
  maxRequestBytes?: number | undefined
  /** Upper bound from `send` to its result, retries included. Default 120_000 (`delivery.timeout.ms`). */
  deliveryTimeoutMs?: number | undefined
  /** Default: `requestTimeoutMs` of the cluster. */
  requestTimeoutMs?: number | undefined
  /** How long the number of a topic's partitions is believed. Default 300_000 (`metadata.max.age.ms`). */
  metadataMaxAgeMs?: number | undefined
  /** Default `defaultPartitioner()`. */
  partitioner?: Ref<Partitioner | PartitionerFunction> | undefined
  /** For keys of topics that are named as text and not declared. Default: strings, and bytes as they are. */
  key?: Serde<unknown> | undefined
  /** The same for values. */
  value?: Serde<unknown> | undefined
  /** Around every send, in order. Default none. */
  interceptors?: readonly Ref<ProducerInterceptor>[] | undefined
  /**
   * Makes the template transactional: its producers have the transactional ids `<prefix>0`, `<prefix>1`, … (a named
   * template's: `<prefix><name>-0`, …). Each instance of the application needs a prefix of its own.
   */
  transactionIdPrefix?: string | undefined
  /** Longest that a transaction may take, then it is aborted. Default 60_000 (`transaction.timeout.ms`). */
  transactionTimeoutMs?: number | undefined
  /** Raw Kafka producer settings by their own names. */
  properties?: Readonly<Record<string, string>> | undefined
}

/** `spring.kafka.template.*`. */
export interface TemplateConfig {
  /** For `sendDefault`. */
  defaultTopic?: Topic<unknown, unknown> | string | undefined
  /** How long closing waits for records under way. Default 5_000. */
  closeTimeoutMs?: number | undefined
  /** A transactional template also sends outside of transactions, with a producer of its own. Default false. */
  allowNonTransactional?: boolean | undefined
}

/** How listeners read, `spring.kafka.consumer.*`. A listener's own options go before. */
export interface ConsumerConfig {
  /** For listeners that set none. */
  groupId?: string | undefined
  /** Prefix of the clients' ids; `-0`, `-1`, … follow. Default `<clientId>-<listener>`. */
  clientId?: string | undefined
  /** Default 'latest', as Kafka's. */
  autoOffsetReset?: OffsetReset | undefined
  /** Most records of one delivery. Default 500. */
  maxPollRecords?: number | undefined
  /** Default 1. */
  fetchMinBytes?: number | undefined
  /** Default 52_428_800. */
  fetchMaxBytes?: number | undefined
  /** Default 1_048_576 (`max.partition.fetch.bytes`). */
  maxPartitionFetchBytes?: number | undefined
  /** Default 500. */
  fetchMaxWaitMs?: number | undefined
  /** Default 'read_uncommitted'. */
  isolationLevel?: 'read_uncommitted' | 'read_committed' | undefined
  /** Default 3_000. */
  heartbeatIntervalMs?: number | undefined
  /** Default 45_000. */
  sessionTimeoutMs?: number | undefined
  /** How long a partition that is taken away may be kept to finish. Default 60_000. */
  rebalanceTimeoutMs?: number | undefined
  /** Names of assignors in order of preference. Default `['range']`. */
  partitionAssignors?: readonly string[] | undefined
  /** Default 'classic'. */
  groupProtocol?: 'classic' | 'consumer' | undefined
  /** Of groupProtocol 'consumer': the broker's assignor, 'uniform' or 'range' (`group.remote.assignor`). Default: the broker's choice. */
  groupRemoteAssignor?: string | undefined
  /** Makes the consumer a static member; with concurrency, `-0`, `-1`, … follow. */
  groupInstanceId?: string | undefined
  /** Where the consumer is: fetches from a replica there when the broker lets it (`client.rack`). Default none. */
  rackId?: string | undefined
  /** How often new partitions and topics are looked for. Default 300_000. */
  metadataMaxAgeMs?: number | undefined
  /** Each partition stops fetching once about so many bytes wait for its handler. Default 2_097_152. */
  queuedBytesMax?: number | undefined
  /** For keys of topics that are named as text and not declared. Default `string()`. */
  key?: Serde<unknown> | undefined
  /** The same for values. */
  value?: Serde<unknown> | undefined
  /** Raw Kafka consumer settings by their own names. */
  properties?: Readonly<Record<string, string>> | undefined
}

/** What listeners leave out, `spring.kafka.listener.*`. */
export interface ListenerConfig extends ContainerOptions {
  /** For every record listener. */
  recordInterceptors?: readonly Ref<RecordInterceptor>[] | undefined
  /** For every batch listener. */
  batchInterceptors?: readonly Ref<BatchInterceptor>[] | undefined
}

/** `spring.kafka.admin.*`. */
export interface AdminConfig {
  /** Create declared topics at start. Default true. */
  autoCreate?: boolean | undefined
  /** A broker that can't be reached, or a topic that can't be created, fails the start. Default false. */
  failFast?: boolean | undefined
  /** Bring the configs of existing topics in line with what is declared. Default false. */
  modifyTopicConfigs?: boolean | undefined
  /** Default 30_000. */
  operationTimeoutMs?: number | undefined
  /** Only topics for which this is true are created or changed. */
  topicFilter?: ((topic: Topic<unknown, unknown>) => boolean) | undefined
}
