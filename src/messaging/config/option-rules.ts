/** The rules of each part of the configuration, and of a listener's own options. */
import { ACK_MODES } from '../listener/ack-mode.js'
import type { BatchListenerOptions, ContainerOptions, RecordListenerOptions } from '../listener/listener-options.js'
import type {
  AdminConfig,
  ConsumerConfig,
  KafkaConfig,
  ListenerConfig,
  ProducerConfig,
  TemplateConfig,
} from './kafka-config.js'
import {
  anything,
  called,
  count,
  factor,
  flag,
  list,
  madeOrKnown,
  milliseconds,
  offsetReset,
  oneOf,
  positiveMilliseconds,
  rawProperties,
  resolvable,
  serde,
  text,
  texts,
  trueOrText,
  zeroOrMore,
} from './rules.js'
import type { Rules } from './rules.js'

export const clusterRules: Rules<KafkaConfig> = {
  bootstrapServers: anything,
  name: text,
  clientId: text,
  tls: anything,
  sasl: anything,
  requestTimeoutMs: positiveMilliseconds,
  connectionTimeoutMs: positiveMilliseconds,
  topics: list,
  producer: anything,
  template: anything,
  templates: anything,
  consumer: anything,
  listener: anything,
  admin: anything,
  startup: oneOf('wait', 'fail', 'background'),
  driver: (value) => (typeof value === 'string' ? oneOf('kafkajs', 'wire')(value) : undefined),
}

export const producerRules: Rules<ProducerConfig> = {
  clientId: text,
  acks: oneOf('all', 'leader', 'none'),
  compression: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
  idempotence: flag,
  lingerMs: milliseconds,
  batchSizeBytes: zeroOrMore,
  bufferMemoryBytes: count,
  maxBlockMs: milliseconds,
  maxRequestBytes: count,
  deliveryTimeoutMs: positiveMilliseconds,
  requestTimeoutMs: positiveMilliseconds,
  metadataMaxAgeMs: milliseconds,
  partitioner: anything,
  key: serde,
  value: serde,
  interceptors: list,
  transactionIdPrefix: text,
  transactionTimeoutMs: positiveMilliseconds,
  properties: rawProperties,
}

export const templateRules: Rules<TemplateConfig> = {
  defaultTopic: anything,
  closeTimeoutMs: milliseconds,
  allowNonTransactional: flag,
}

export const consumerRules: Rules<ConsumerConfig> = {
  groupId: text,
  clientId: text,
  autoOffsetReset: offsetReset,
  maxPollRecords: count,
  fetchMinBytes: zeroOrMore,
  fetchMaxBytes: count,
  maxPartitionFetchBytes: count,
  fetchMaxWaitMs: milliseconds,
  isolationLevel: oneOf('read_uncommitted', 'read_committed'),
  heartbeatIntervalMs: positiveMilliseconds,
  sessionTimeoutMs: positiveMilliseconds,
  rebalanceTimeoutMs: positiveMilliseconds,
  partitionAssignors: texts,
  groupProtocol: oneOf('classic', 'consumer'),
  groupRemoteAssignor: text,
  groupInstanceId: text,
  rackId: text,
  metadataMaxAgeMs: positiveMilliseconds,
  queuedBytesMax: count,
  key: serde,
  value: serde,
  properties: rawProperties,
}

const containerRules: Rules<ContainerOptions> = {
  ackMode: oneOf(...ACK_MODES),
  ackCount: count,
  ackTimeMs: positiveMilliseconds,
  asyncAcks: flag,
  syncCommits: flag,
  commitRetries: zeroOrMore,
  concurrency: resolvable(count),
  autoStartup: resolvable(flag),
  errorHandler: madeOrKnown('an error handler', 'handleRecord', 'handleBatch'),
  transactional: trueOrText,
  afterRollbackProcessor: madeOrKnown('a processor', 'handleRecord', 'handleBatch'),
  stopContainerWhenFenced: flag,
  ackDiscarded: flag,
  rebalanceListener: anything,
  adviceChain: list,
  seekAware: anything,
  handlerTimeoutMs: milliseconds,
  shutdownTimeoutMs: milliseconds,
  stopImmediate: flag,
  missingTopicsFatal: flag,
  idleEventIntervalMs: positiveMilliseconds,
  idlePartitionEventIntervalMs: positiveMilliseconds,
  idleBeforeDataMultiplier: factor,
  authExceptionRetryIntervalMs: positiveMilliseconds,
}

export const listenerRules: Rules<ListenerConfig> = {
  ...containerRules,
  recordInterceptors: list,
  batchInterceptors: list,
}

export const adminRules: Rules<AdminConfig> = {
  autoCreate: flag,
  failFast: flag,
  modifyTopicConfigs: flag,
  operationTimeoutMs: positiveMilliseconds,
  topicFilter: called,
}

export const listenerOptionRules: Rules<
  Omit<RecordListenerOptions & BatchListenerOptions, 'batch' | 'interceptors'> & {
    batch: boolean
    interceptors: unknown
  }
> = {
  ...containerRules,
  id: text,
  groupId: resolvable(text),
  topicPartitions: resolvable(list),
  key: serde,
  value: serde,
  discardIf: called,
  cluster: text,
  batch: flag,
  interceptors: list,
  maxPollRecords: count,
  autoOffsetReset: offsetReset,
  isolationLevel: oneOf('read_uncommitted', 'read_committed'),
  groupInstanceId: text,
  groupProtocol: oneOf('classic', 'consumer'),
  groupRemoteAssignor: text,
  clientIdPrefix: text,
  properties: rawProperties,
}
