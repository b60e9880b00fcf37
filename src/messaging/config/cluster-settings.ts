/** The configuration with everything decided: defaults filled in, `properties` read, contradictions refused. */
import type { ConnectionOptions, SaslOptions } from '../../client/port.js'
import type { Topic } from '../../model/index.js'
import { defaultPartitioner } from '../../partitioner/index.js'
import type { Partitioner, PartitionerFunction } from '../../partitioner/index.js'
import { string, stringOrBytes } from '../../serde/index.js'
import type { ProducerInterceptor } from '../template/producer-interceptor.js'
import type { AdminConfig, ConsumerConfig, KafkaConfig, ListenerConfig, ProducerConfig } from './kafka-config.js'
import { adminRules, clusterRules, consumerRules, listenerRules, producerRules, templateRules } from './option-rules.js'
import { consumerWithRaw, producerWithRaw } from './raw-properties.js'
import type { Ref } from './reference.js'
import { configError, problemsOf } from './rules.js'
import type { Rules } from './rules.js'

export type Defined<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> }

type ProducerOptional = 'idempotence' | 'clientId' | 'requestTimeoutMs' | 'transactionIdPrefix' | 'properties'
export type ProducerSettings = Defined<Omit<ProducerConfig, ProducerOptional>> &
  Pick<ProducerConfig, ProducerOptional> & {
    readonly partitioner: Ref<Partitioner | PartitionerFunction>
    readonly interceptors: readonly Ref<ProducerInterceptor>[]
  }
export type TemplateSettings = Readonly<{
  defaultTopic: Topic<unknown, unknown> | string | undefined
  closeTimeoutMs: number
  allowNonTransactional: boolean
}>

type ConsumerOptional = 'groupId' | 'clientId' | 'groupInstanceId' | 'groupRemoteAssignor' | 'rackId' | 'properties'
export type ConsumerSettings = Defined<Omit<ConsumerConfig, ConsumerOptional>> & Pick<ConsumerConfig, ConsumerOptional>

export interface ClusterSettings {
  readonly name: string
  readonly connection: ConnectionOptions
  readonly startup: 'wait' | 'fail' | 'background'
  readonly topics: readonly Topic<unknown, unknown>[]
  readonly templates: ReadonlyMap<string, { readonly producer: ProducerSettings; readonly template: TemplateSettings }>
  readonly consumer: ConsumerSettings
  readonly listener: ListenerConfig
  readonly admin: Defined<Omit<AdminConfig, 'topicFilter'>> & Pick<AdminConfig, 'topicFilter'>
}

export const DEFAULT_TEMPLATE = 'default'

const PRODUCER_DEFAULTS: Omit<ProducerSettings, ProducerOptional> = {
  acks: 'all',
  compression: 'none',
  lingerMs: 0,
  batchSizeBytes: 16_384,
  bufferMemoryBytes: 33_554_432,
  maxBlockMs: 60_000,
  maxRequestBytes: 1_048_576,
  deliveryTimeoutMs: 120_000,
  metadataMaxAgeMs: 300_000,
  partitioner: defaultPartitioner(),
  key: stringOrBytes(),
  value: stringOrBytes(),
  interceptors: [],
  transactionTimeoutMs: 60_000,
}

const CONSUMER_DEFAULTS: Omit<ConsumerSettings, ConsumerOptional> = {
  autoOffsetReset: 'latest',
  maxPollRecords: 500,
  fetchMinBytes: 1,
  fetchMaxBytes: 52_428_800,
  maxPartitionFetchBytes: 1_048_576,
  fetchMaxWaitMs: 500,
  isolationLevel: 'read_uncommitted',
  heartbeatIntervalMs: 3_000,
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 60_000,
  partitionAssignors: ['range'],
  groupProtocol: 'classic',
  metadataMaxAgeMs: 300_000,
  queuedBytesMax: 2_097_152,
  key: string(),
  value: string(),
}

const ADMIN_DEFAULTS = { autoCreate: true, failFast: false, modifyTopicConfigs: false, operationTimeoutMs: 30_000 }

/** Without the options that are there but undefined, so that spreading it fills in and never empties. */
export function defined<T extends object>(given: T | undefined): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}

/** Throws one KafkaError of kind `config` that lists everything wrong. */
export function clusterSettings(config: KafkaConfig): ClusterSettings {
  const problems = problemsOf('', config, clusterRules)
  const producer = readProducer('producer', config.producer ?? {}, problems)
  const consumer = readConsumer(config.consumer ?? {}, problems)
  problems.push(...problemsOf('listener', config.listener, listenerRules))
  problems.push(...problemsOf('admin', config.admin, adminRules))
  problems.push(...problemsOf('template', config.template, templateRules))
  const template = {
    defaultTopic: undefined,
    closeTimeoutMs: 5_000,
    allowNonTransactional: false,
    ...defined(config.template),
  }
  const templates = new Map([[DEFAULT_TEMPLATE, { producer, template }]])
  for (const [name, own] of Object.entries(config.templates ?? {})) {
    const path = `templates.${name}`
    if (name === DEFAULT_TEMPLATE)
      problems.push(`${path} is the name of the template that 'producer' and 'template' set`)
    const { defaultTopic, closeTimeoutMs, allowNonTransactional, ...ownProducer } = own
    templates.set(name, {
      producer: readProducer(path, { ...defined(config.producer), ...defined(ownProducer) }, problems),
      template: { ...template, ...defined({ defaultTopic, closeTimeoutMs, allowNonTransactional }) },
    })
  }
  const connection = readConnection(config, problems)
  const name = config.name ?? 'default'
  if (problems.length > 0) throw configError(`the configuration of Kafka cluster '${name}'`, problems)
  return {
    name,
    connection,
    startup: config.startup ?? 'wait',
    topics: config.topics ?? [],
    templates,
    consumer,
    listener: config.listener ?? {},
    admin: { ...ADMIN_DEFAULTS, topicFilter: undefined, ...defined(config.admin) },
  }
}

function readProducer(path: string, given: ProducerConfig, problems: string[]): ProducerSettings {
  const read = producerWithRaw(path, given, problems)
  problems.push(...problemsOf(path, read, producerRules as Rules<ProducerConfig>))
  const settings: ProducerSettings = { ...PRODUCER_DEFAULTS, ...defined(read) }
  if (settings.idempotence === true && settings.acks !== 'all') {
    problems.push(`${path}.idempotence needs acks 'all', and ${path}.acks is '${settings.acks}'`)
  }
  if (settings.transactionIdPrefix !== undefined) {
    if (settings.acks !== 'all') {
      problems.push(`${path}.transactionIdPrefix needs acks 'all', and ${path}.acks is '${settings.acks}'`)
    }
    if (settings.idempotence === false) {
      problems.push(`${path}.transactionIdPrefix needs an idempotent producer, and ${path}.idempotence is false`)
    }
  }
  if (settings.batchSizeBytes > settings.bufferMemoryBytes) {
    problems.push(
      `${path}.batchSizeBytes (${settings.batchSizeBytes}) is more than ${path}.bufferMemoryBytes (${settings.bufferMemoryBytes})`,
    )
  }
  if (settings.lingerMs >= settings.deliveryTimeoutMs) {
    problems.push(
      `${path}.lingerMs (${settings.lingerMs}) leaves nothing of ${path}.deliveryTimeoutMs (${settings.deliveryTimeoutMs})`,
    )
  }
  return settings
}

function readConsumer(given: ConsumerConfig, problems: string[]): ConsumerSettings {
  const read = consumerWithRaw('consumer', given, problems)
  problems.push(...problemsOf('consumer', read, consumerRules))
  const settings: ConsumerSettings = { ...CONSUMER_DEFAULTS, ...defined(read) }
  problems.push(...consumerContradictions(read, settings))
  return settings
}

export function consumerContradictions(given: ConsumerConfig, settings: ConsumerSettings): string[] {
  const problems: string[] = []
  if (settings.groupProtocol === 'consumer') {
    for (const option of ['partitionAssignors', 'sessionTimeoutMs', 'heartbeatIntervalMs'] as const) {
      if (given[option] === undefined) continue
      problems.push(`consumer.${option} has no meaning with consumer.groupProtocol 'consumer': the broker sets it`)
    }
    return problems
  }
  if (given.groupRemoteAssignor !== undefined) {
    problems.push(
      "consumer.groupRemoteAssignor needs consumer.groupProtocol 'consumer': the group's leader assigns else",
    )
  }
  if (settings.heartbeatIntervalMs >= settings.sessionTimeoutMs) {
    problems.push(
      `consumer.heartbeatIntervalMs (${settings.heartbeatIntervalMs}) must be below ` +
        `consumer.sessionTimeoutMs (${settings.sessionTimeoutMs}); a third of it is usual`,
    )
  }
  return problems
}

function readConnection(config: KafkaConfig, problems: string[]): ConnectionOptions {
  const { bootstrapServers: given, tls } = config
  const isList = Array.isArray as (value: unknown) => value is readonly string[]
  const servers = typeof given === 'string' ? given.split(',') : given
  if (!isList(servers) || servers.length === 0) {
    problems.push("bootstrapServers must be 'host:port', several with commas between, or a list of them")
  }
  // as a broker prints its listeners
  const plain = isList(servers)
    ? servers.map((server) =>
        String(server)
          .trim()
          .replace(/^[A-Za-z_]+:\/\//, ''),
      )
    : []
  for (const server of plain) problems.push(...serverProblems(server))
  problems.push(...saslProblems(config.sasl))
  return {
    bootstrapServers: plain,
    clientId: config.clientId ?? 'kts-kafka',
    requestTimeoutMs: config.requestTimeoutMs ?? 30_000,
    connectionTimeoutMs: config.connectionTimeoutMs ?? 10_000,
    tls: tls === true ? {} : tls === false ? undefined : tls,
    sasl: config.sasl,
  }
}

function serverProblems(server: string): string[] {
  const port = /^(?:\[[0-9a-fA-F:]+\]|[^:/\s]+):(\d{1,5})$/.exec(server)?.[1]
  if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) return []
  return [`bootstrapServers: '${server}' is not of the form host:port`]
}

function saslProblems(sasl: SaslOptions | undefined): string[] {
  if (sasl === undefined) return []
  if ('authenticate' in sasl) {
    return typeof sasl.authenticate === 'function' ? [] : ['sasl.authenticate must be a function']
  }
  switch (sasl.mechanism) {
    case 'OAUTHBEARER':
      return typeof sasl.token === 'function' ? [] : ['sasl.token must be a function that gives a token']
    case 'GSSAPI':
      return sasl.context === undefined || typeof sasl.context === 'function' ? [] : ['sasl.context must be a function']
    case 'PLAIN':
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
      return (['username', 'password'] as const)
        .filter((part) => typeof sasl[part] !== 'string' || sasl[part] === '')
        .map((part) => `sasl.${part} must be text`)
    default:
      return [
        'sasl.mechanism must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, GSSAPI, or come with ' +
          `sasl.authenticate, not '${String((sasl as { mechanism?: unknown }).mechanism)}'`,
      ]
  }
}
