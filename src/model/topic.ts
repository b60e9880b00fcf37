/**
 * A typed topic: its name, how its keys and values are written, and how it is to be created when it does not exist.
 * Used by template, listener, retry, dead letters and tests alike.
 */
import { isTopicName, TOPIC_NAME } from '../base/topic-name.js'
import { KafkaError } from './kafka-error.js'
import type { Serde } from './serde.js'

export interface TopicOptions<K, V> {
  /** How values are written and read. */
  value: Serde<V>
  /** How keys are written and read; left out: UTF-8 strings. */
  key?: Serde<K> | undefined
  /** Used when the topic is created; left out: the broker's `num.partitions`. */
  partitions?: number | undefined
  /** Used when the topic is created; left out: the broker's `default.replication.factor`. */
  replicationFactor?: number | undefined
  /** Topic configs by Kafka's names, used when the topic is created, e.g. `{ 'cleanup.policy': 'compact' }`. */
  configs?: Readonly<Record<string, string>> | undefined
}

export interface Topic<K = string, V = unknown> {
  readonly name: string
  readonly key: Serde<K> | undefined
  readonly value: Serde<V>
  readonly partitions: number | undefined
  readonly replicationFactor: number | undefined
  readonly configs: Readonly<Record<string, string>>
}

/**
 * Throws a KafkaError of kind `config` for a name that no topic can have, for values without a serde, and for numbers of
 * partitions and replicas that are not whole and positive.
 */
export function topic<V, K = string>(name: string, options: TopicOptions<K, V>): Topic<K, V> {
  const problem = problemOf(name, options as Partial<TopicOptions<K, V>> | undefined)
  if (problem !== undefined) throw new KafkaError('config', `topic '${name}': ${problem}`)
  return Object.freeze({
    name,
    key: options.key,
    value: options.value,
    partitions: options.partitions,
    replicationFactor: options.replicationFactor,
    configs: options.configs ?? {},
  })
}

function problemOf(name: unknown, options: Partial<TopicOptions<unknown, unknown>> = {}): string | undefined {
  if (!isTopicName(name)) return `a name has ${TOPIC_NAME}`
  if (typeof options.value?.deserialize !== 'function') return 'its value must be a serde, such as json() or string()'
  for (const option of ['partitions', 'replicationFactor'] as const) {
    const given = options[option]
    if (given === undefined || (Number.isSafeInteger(given) && given >= 1)) continue
    return `${option} must be a whole number, 1 or more, not ${String(given)}`
  }
  return undefined
}

export type KeyOf<T> = T extends Topic<infer K, unknown> ? K : never
export type ValueOf<T> = T extends Topic<infer _K, infer V> ? V : never
