/** What may be the name of a topic, Kafka's `Topic.validate`. */
export const TOPIC_NAME = '1 to 249 letters, digits, dots, underscores and hyphens'

const NAME_LENGTH_MAX = 249
const ALLOWED = /^[a-zA-Z0-9._-]+$/

/** What is wrong with a topic name; undefined = nothing. */
export function topicNameFault(name: string): string | undefined {
  if (name === '') return 'a topic name must not be empty'
  if (name === '.' || name === '..') return `'${name}' can't be a topic name`
  if (name.length > NAME_LENGTH_MAX) {
    return `the topic name is ${name.length} characters long, and ${NAME_LENGTH_MAX} are allowed: '${name}'`
  }
  if (!ALLOWED.test(name))
    return `the topic name '${name}' has other characters than ASCII letters, digits, '.', '_' and '-'`
  return undefined
}

export function isTopicName(name: unknown): name is string {
  return typeof name === 'string' && topicNameFault(name) === undefined
}
