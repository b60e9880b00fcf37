/** What may be the name of a topic, Kafka's `Topic.validate`. */
export const TOPIC_NAME = '1 to 249 letters, digits, dots, underscores and hyphens'

export function isTopicName(name: unknown): name is string {
  return typeof name === 'string' && /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/.test(name)
}
