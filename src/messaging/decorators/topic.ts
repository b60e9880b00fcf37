/**
 * `@Topic(…)` on a class declares topics: those that do not exist are created when the application starts. Repeatable.
 * The same name is the type of a topic, as `topic(…)` makes it.
 */
import type { Topic as TypedTopic } from '../../model/index.js'
import { addTopics } from './metadata.js'

export type Topic<K = string, V = unknown> = TypedTopic<K, V>

export function Topic(
  ...topics: readonly TypedTopic<unknown, unknown>[]
): (type: abstract new (...args: never[]) => object) => void {
  return (type) => addTopics(type, topics)
}
