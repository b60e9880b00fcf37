/** A subscription to every topic whose name matches, also those created later; typed as a topic is. */
import type { Serde } from '../model/index.js'

/** Topics by pattern, with the serdes that they share; made by `topicPattern`. */
export interface TopicPattern<K = string, V = unknown> {
  readonly pattern: RegExp
  readonly key: Serde<K> | undefined
  readonly value: Serde<V>
}

/** New topics that match are picked up within `consumer.metadataMaxAgeMs`. The whole name must match, as in Java. */
export function topicPattern<V, K = string>(
  pattern: RegExp,
  options: { value: Serde<V>; key?: Serde<K> | undefined },
): TopicPattern<K, V> {
  return Object.freeze({ pattern, key: options.key, value: options.value })
}

export function isTopicPattern(value: unknown): value is TopicPattern {
  return typeof value === 'object' && value !== null && 'pattern' in value && value.pattern instanceof RegExp
}
