/**
 * From a listener as it was declared to one with everything decided. What needs no waiting (topics, group, id, options) is
 * planned when the listener is added; what the application's container resolves follows when it starts.
 */
import { isTopicName, TOPIC_NAME } from '../../base/topic-name.js'
import type { Subscription } from '../../client/port.js'
import { consumerContradictions, DEFAULT_TEMPLATE, defined } from '../config/cluster-settings.js'
import type { ClusterSettings, ConsumerSettings } from '../config/cluster-settings.js'
import { resolveValue } from '../config/env.js'
import type { Env } from '../config/env.js'
import { listenerOptionRules } from '../config/option-rules.js'
import { consumerWithRaw } from '../config/raw-properties.js'
import { resolveReference } from '../config/reference.js'
import type { Ref, Resolver } from '../config/reference.js'
import { configError, importHint, problemsOf, shown } from '../config/rules.js'
import type { Rules } from '../config/rules.js'
import { DefaultAfterRollbackProcessor } from '../error/after-rollback-processor.js'
import { DefaultErrorHandler } from '../error/default-error-handler.js'
import type { CommonErrorHandler } from '../error/error-handler.js'
import type { ListenerEndpoint } from '../kafka-runtime.js'
import type { Topic } from '../../model/index.js'
import { isTopicPattern } from '../topic-pattern.js'
import { isManual } from './ack-mode.js'
import { consumerOptionsOf } from './consumer-options.js'
import type { BatchInterceptor, RecordInterceptor } from './interceptors.js'
import { advised } from './listener-advice.js'
import type { ListenerAdvice } from './listener-advice.js'
import type { AnyListenerOptions, ContainerOptions } from './listener-options.js'
import type { ListenerSettings } from './listener-settings.js'
import type { TypedSource } from './handlers.js'
import type { TopicSerdes } from './record-reader.js'
import { readManualAssignment } from './topic-partition-offset.js'
import type { ManualAssignment } from './topic-partition-offset.js'

/** What of a listener is known before it starts. */
export interface ListenerPlan {
  readonly id: string
  readonly groupId: string
  readonly source: string
  /** Of `topicPartitions` it is empty: which they are is known when it starts. */
  readonly subscription: Subscription
  readonly manual: ManualAssignment | undefined
  readonly autoStartup: boolean
  readonly concurrency: number
  readonly shutdownTimeoutMs: number
  readonly options: AnyListenerOptions
  readonly consumer: ConsumerSettings
  readonly endpoint: ListenerEndpoint
  /** Topics it was given as topics, not as names. */
  readonly typedTopics: readonly Topic<unknown, unknown>[]
  serdesFor(topic: string): TopicSerdes
}

export interface PlanContext {
  readonly cluster: ClusterSettings
  readonly env: Env
  topicNamed(name: string): Topic<unknown, unknown> | undefined
  /** Makes an id that no other listener has. */
  uniqueId(wanted: string): string
}

/** Throws one KafkaError of kind `config` that lists everything wrong with this listener. */
export function planListener(endpoint: ListenerEndpoint, context: PlanContext): ListenerPlan {
  const { cluster, env } = context
  const { options, source } = endpoint
  const problems = problemsOf('', options as object, listenerOptionRules as Rules<object>)
  const topics = readTopics(endpoint, env, problems)
  const topicPartitions = options.topicPartitions === undefined ? undefined : resolveValue(options.topicPartitions, env)
  const manual = Array.isArray(topicPartitions) ? readManualAssignment(topicPartitions, problems) : undefined
  if (manual !== undefined) problems.push(...topicsDiffer(topics.subscription, manual))
  const wantedGroup = options.groupId === undefined ? cluster.consumer.groupId : resolveValue(options.groupId, env)
  const groupId = manual === undefined ? wantedGroup : (wantedGroup ?? '')
  if (typeof groupId !== 'string' || (groupId === '' && manual === undefined)) {
    problems.push('it has no group: set its groupId, or consumer.groupId for all (its id is never the group)')
  }
  const consumer = readConsumer(options, cluster, problems)
  const { subscription } = topics
  if ('pattern' in subscription && subscription.resolvedBy === 'broker' && consumer.groupProtocol !== 'consumer') {
    problems.push("its pattern is for the broker to resolve (resolvedBy), which needs groupProtocol 'consumer'")
  }
  const shared: ContainerOptions = { ...defined(cluster.listener), ...defined<ContainerOptions>(options) }
  problems.push(...contradictions(options, shared))
  if (groupId === '' && templateOf(shared.transactional) !== undefined) {
    problems.push('transactional needs a group, whose offsets its transactions commit: set its groupId')
  }
  const concurrency = resolveValue(shared.concurrency ?? 1, env)
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    problems.push(`concurrency must be a whole number, 1 or more, not ${String(concurrency)}`)
  }
  if (problems.length > 0) throw configError(`listener ${source}`, problems)
  return {
    id: options.id ?? context.uniqueId(source),
    groupId: groupId!,
    source,
    subscription: manual === undefined ? topics.subscription : { partitions: [] },
    manual,
    autoStartup: resolveValue(shared.autoStartup ?? true, env),
    concurrency,
    shutdownTimeoutMs: shared.shutdownTimeoutMs ?? 10_000,
    options,
    consumer,
    endpoint,
    typedTopics: topics.typed,
    serdesFor(name) {
      // what the listener itself says goes before what is declared elsewhere for a topic of that name
      const own = topics.serdes(name)
      const declared = context.topicNamed(name)
      return {
        key: own?.key ?? options.key ?? declared?.key ?? cluster.consumer.key,
        value: own?.value ?? options.value ?? declared?.value ?? cluster.consumer.value,
      }
    },
  }
}

/** The rest: references resolved. Rejects with a KafkaError of kind `config`. */
export async function listenerSettings(
  plan: ListenerPlan,
  cluster: ClusterSettings,
  resolver: Resolver,
): Promise<ListenerSettings> {
  const { options, consumer, endpoint } = plan
  const shared: ContainerOptions = { ...defined(cluster.listener), ...defined<ContainerOptions>(options) }
  const what = (option: string): string => `${option} of listener ${plan.id}`
  const resolve = <T extends object>(option: string, reference: Ref<T>): Promise<T> =>
    resolveReference(reference, resolver, what(option))
  const interceptors = (common: readonly Ref<object>[] | undefined): Promise<object[]> =>
    Promise.all([...(common ?? []), ...(options.interceptors ?? [])].map((each) => resolve('interceptors', each)))
  const advice = (...chains: readonly (readonly Ref<ListenerAdvice>[] | undefined)[]): Promise<ListenerAdvice[]> =>
    Promise.all(chains.flatMap((chain) => chain ?? []).map((each) => resolve('adviceChain', each)))
  const isBatch = options.batch === true
  const isTransactional = shared.transactional !== undefined && shared.transactional !== false
  const ackMode = isTransactional ? 'BATCH' : (shared.ackMode ?? 'BATCH')
  const clientIdPrefix = options.clientIdPrefix ?? consumer.clientId ?? `${cluster.connection.clientId}-${plan.id}`
  return {
    id: plan.id,
    groupId: plan.groupId,
    source: plan.source,
    subscription: plan.subscription,
    manual: plan.manual,
    concurrency: plan.concurrency,
    handler: advised(endpoint.handler, await advice(cluster.listener.adviceChain, options.adviceChain)),
    batch: isBatch,
    ackMode,
    ackCount: shared.ackCount ?? 1,
    ackTimeMs: shared.ackTimeMs ?? 5_000,
    asyncAcks: !isTransactional && (shared.asyncAcks ?? false),
    syncCommits: shared.syncCommits ?? (ackMode !== 'BATCH' && ackMode !== 'MANUAL'),
    commitRetries: shared.commitRetries ?? 3,
    transactional: templateOf(shared.transactional),
    stopContainerWhenFenced: shared.stopContainerWhenFenced ?? false,
    errorHandler: await errorHandlerOf(options, shared, isTransactional, resolve),
    discardIf: options.discardIf?.bind(options),
    ackDiscarded: shared.ackDiscarded ?? true,
    recordInterceptors: isBatch
      ? []
      : ((await interceptors(cluster.listener.recordInterceptors)) as RecordInterceptor[]),
    batchInterceptors: isBatch ? ((await interceptors(cluster.listener.batchInterceptors)) as BatchInterceptor[]) : [],
    seekAware: shared.seekAware === undefined ? {} : await resolve('seekAware', shared.seekAware),
    rebalanceListener:
      shared.rebalanceListener === undefined ? {} : await resolve('rebalanceListener', shared.rebalanceListener),
    handlerTimeoutMs: shared.handlerTimeoutMs ?? 300_000,
    shutdownTimeoutMs: plan.shutdownTimeoutMs,
    stopImmediate: shared.stopImmediate ?? false,
    missingTopicsFatal: shared.missingTopicsFatal ?? false,
    idleEventIntervalMs: shared.idleEventIntervalMs,
    idlePartitionEventIntervalMs: shared.idlePartitionEventIntervalMs,
    idleBeforeDataMultiplier: shared.idleBeforeDataMultiplier ?? 5,
    authExceptionRetryIntervalMs: shared.authExceptionRetryIntervalMs,
    maxPollRecords: consumer.maxPollRecords,
    queuedBytesMax: consumer.queuedBytesMax,
    autoOffsetReset: consumer.autoOffsetReset,
    clientIdPrefix,
    consumer: consumerOptionsOf(consumer, plan.groupId),
    serdesFor: plan.serdesFor,
  }
}

/** Whose transactions a listener takes part in. */
function templateOf(transactional: ContainerOptions['transactional']): string | undefined {
  if (transactional === undefined || transactional === false) return undefined
  return transactional === true ? DEFAULT_TEMPLATE : transactional
}

/** Of a transactional listener it is asked after the rollback, whichever option it was given by. */
async function errorHandlerOf(
  own: AnyListenerOptions,
  shared: ContainerOptions,
  isTransactional: boolean,
  resolve: <T extends object>(option: string, reference: Ref<T>) => Promise<T>,
): Promise<CommonErrorHandler> {
  if (isTransactional && own.errorHandler === undefined && shared.afterRollbackProcessor !== undefined) {
    return resolve('afterRollbackProcessor', shared.afterRollbackProcessor)
  }
  if (shared.errorHandler !== undefined) return resolve('errorHandler', shared.errorHandler)
  return isTransactional ? new DefaultAfterRollbackProcessor() : new DefaultErrorHandler()
}

interface ReadTopics {
  readonly subscription: Subscription
  readonly typed: readonly Topic<unknown, unknown>[]
  serdes(name: string): TypedSource | undefined
}

function readTopics(endpoint: ListenerEndpoint, env: Env, problems: string[]): ReadTopics {
  const given = typeof endpoint.topics === 'function' ? endpoint.topics(env) : endpoint.topics
  if (given instanceof RegExp) return { subscription: { pattern: whole(given) }, typed: [], serdes: () => undefined }
  if (isTopicPattern(given)) {
    const { pattern, resolvedBy } = given
    return { subscription: { pattern: whole(pattern), resolvedBy }, typed: [], serdes: () => given }
  }
  const isList = Array.isArray as (value: unknown) => value is readonly unknown[]
  const names: string[] = []
  const typed: Topic<unknown, unknown>[] = []
  for (const each of isList(given) ? given : [given]) {
    if (isTopicName(each)) names.push(each)
    else if (typeof each === 'string') problems.push(noTopicName(each))
    else if (isTopic(each)) {
      names.push(each.name)
      typed.push(each)
    } else
      problems.push(
        `its topics must be a topic(…), a name, a pattern, or a list of topics and names, not ${shown(each)}` +
          (isTopicPattern(each) ? ': a pattern stands by itself' : '') +
          importHint(each),
      )
  }
  if (names.length === 0 && problems.length === 0) problems.push('it has no topics')
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) problems.push(`topic ${repeated} is in its list twice`)
  return { subscription: { topics: names }, typed, serdes: (name) => typed.find((topic) => topic.name === name) }
}

const noTopicName = (name: string): string =>
  `'${name}' can't be the name of a topic, which has ${TOPIC_NAME}; ` +
  'for several topics take a list, or topicPattern(/…/, { value })'

/** What it listens to is told twice, and must be the same. */
function topicsDiffer(subscription: Subscription, manual: ManualAssignment): string[] {
  if (!('topics' in subscription)) return ['topicPartitions need topics, not a pattern']
  const differ = [
    ...subscription.topics.filter((topic) => !manual.topics.includes(topic)),
    ...manual.topics.filter((topic) => !subscription.topics.includes(topic)),
  ]
  return differ.length === 0 ? [] : [`its topics and its topicPartitions differ: ${differ.join(', ')}`]
}

function isTopic(value: unknown): value is Topic<unknown, unknown> {
  return typeof value === 'object' && value !== null && 'name' in value && 'value' in value
}

/** The whole name must match, as in Java. */
function whole({ source, flags }: RegExp): RegExp {
  return new RegExp(`^(?:${source})$`, flags.replaceAll(/[gy]/g, ''))
}

function readConsumer(options: AnyListenerOptions, cluster: ClusterSettings, problems: string[]): ConsumerSettings {
  const { maxPollRecords, autoOffsetReset, isolationLevel, properties } = options
  const { groupInstanceId, groupProtocol, groupRemoteAssignor } = options
  const given = {
    maxPollRecords,
    autoOffsetReset,
    isolationLevel,
    groupInstanceId,
    groupProtocol,
    groupRemoteAssignor,
    properties,
  }
  const own = consumerWithRaw('its', given, problems)
  const settings: ConsumerSettings = { ...cluster.consumer, ...defined(own) }
  problems.push(...consumerContradictions(own, settings))
  return settings
}

function contradictions(own: AnyListenerOptions, shared: ContainerOptions): string[] {
  const problems: string[] = []
  const ackMode = shared.ackMode ?? 'BATCH'
  const refuse = (holds: boolean, problem: string): void => void (holds && problems.push(problem))
  const isTransactional = shared.transactional !== undefined && shared.transactional !== false
  for (const option of ['ackMode', 'ackCount', 'ackTimeMs', 'asyncAcks', 'syncCommits', 'ackDiscarded'] as const) {
    refuse(
      isTransactional && own[option] !== undefined,
      `${option} has no meaning in a transactional listener: its transactions commit the offsets`,
    )
  }
  refuse(
    own.afterRollbackProcessor !== undefined && !isTransactional,
    'afterRollbackProcessor is for transactional listeners: set transactional, or an errorHandler instead',
  )
  refuse(
    own.afterRollbackProcessor !== undefined && own.errorHandler !== undefined,
    'afterRollbackProcessor and errorHandler are two answers to one question: set one of them',
  )
  if (isTransactional) return problems
  refuse(own.batch === true && ackMode === 'RECORD', 'ackMode RECORD is for record listeners, and it has batch: true')
  refuse(
    shared.asyncAcks === true && !isManual(ackMode),
    `asyncAcks needs ackMode MANUAL or MANUAL_IMMEDIATE, and it is ${ackMode}`,
  )
  refuse(
    own.ackCount !== undefined && ackMode !== 'COUNT' && ackMode !== 'COUNT_TIME',
    `ackCount is for ackMode COUNT or COUNT_TIME, and it is ${ackMode}`,
  )
  refuse(
    own.ackTimeMs !== undefined && ackMode !== 'TIME' && ackMode !== 'COUNT_TIME',
    `ackTimeMs is for ackMode TIME or COUNT_TIME, and it is ${ackMode}`,
  )
  refuse(
    own.ackDiscarded !== undefined && !isManual(ackMode),
    `ackDiscarded is for the manual ack modes; in ${ackMode} what is discarded is always acknowledged`,
  )
  refuse(
    shared.asyncAcks === true && shared.ackDiscarded === false,
    'asyncAcks waits for every record, and with ackDiscarded: false those that are discarded would be waited for for ever',
  )
  return problems
}
