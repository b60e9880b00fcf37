/** A subscription to every topic whose name matches, also those created later; typed as a topic is. */
import type { Serde } from '../model/index.js'

/** Topics by pattern, with the serdes that they share; made by `topicPattern`. */
export interface TopicPattern<K = string, V = unknown> {
  readonly pattern: RegExp
  readonly key: Serde<K> | undefined
  readonly value: Serde<V>
  readonly resolvedBy: 'client' | 'broker'
}

export interface TopicPatternOptions<V, K = string> {
  readonly value: Serde<V>
  readonly key?: Serde<K> | undefined
  /**
   * Who finds the topics. 'client': the listener, in the metadata of all topics. 'broker': the group's coordinator, which
   * takes the pattern in RE2's syntax and needs `groupProtocol: 'consumer'` (KIP-848, `SubscriptionPattern`). Default
   * 'client'.
   */
  readonly resolvedBy?: 'client' | 'broker' | undefined
}

/**
 * New topics that match are picked up within `consumer.metadataMaxAgeMs`, or when the broker finds them. The whole name must
 * match, as in Java.
 */
export function topicPattern<V, K = string>(pattern: RegExp, options: TopicPatternOptions<V, K>): TopicPattern<K, V> {
  const { key, value, resolvedBy = 'client' } = options
  return Object.freeze({ pattern, key, value, resolvedBy })
}

export function isTopicPattern(value: unknown): value is TopicPattern {
  return typeof value === 'object' && value !== null && 'pattern' in value && value.pattern instanceof RegExp
}
