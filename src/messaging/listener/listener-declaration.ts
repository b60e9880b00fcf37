/** Which topics a listener listens to. */
import type { Resolvable } from '../config/env.js'
import type { NamedSource, TypedSource } from './handlers.js'
import type { AnyListenerOptions, ManualListenerOptions } from './listener-options.js'
import type { TopicPartitions } from './topic-partition-offset.js'

/** A topic, a topic pattern, a topic's name, or several topics or names. */
export type TopicsOf<S extends TypedSource> = S | string | RegExp | readonly (S | string)[]

type ByOptions = AnyListenerOptions & ManualListenerOptions<NamedSource | string>

/** Topics and options, however they were given: `topicPartitions` alone name the topics, too. */
export function listenedTo(
  given: Resolvable<TopicsOf<TypedSource>> | ByOptions,
  further: AnyListenerOptions,
): { readonly topics: Resolvable<TopicsOf<TypedSource>>; readonly options: AnyListenerOptions } {
  if (!isByOptions(given)) return { topics: given, options: further }
  const { topicPartitions } = given
  if (typeof topicPartitions !== 'function') return { topics: topicsOf(topicPartitions), options: given }
  return { topics: (env) => topicsOf(topicPartitions(env)), options: given }
}

/** Each once, by name. */
function topicsOf(given: readonly TopicPartitions<NamedSource | string>[]): readonly (NamedSource | string)[] {
  const names = given.map(({ topic }) => (typeof topic === 'string' ? topic : topic.name))
  return given.filter((_, index) => names.indexOf(names[index]!) === index).map(({ topic }) => topic)
}

function isByOptions(given: unknown): given is ByOptions {
  return typeof given === 'object' && given !== null && 'topicPartitions' in given
}
