/** Kafka's rules for topic names. */

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

/** Metric names turn `.` into `_`: topics that differ in these only would share their metrics, so they collide. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}

/** Whether a name can collide at all; most can't, and need no search. */
export function mayCollide(name: string): boolean {
  return name.includes('.') || name.includes('_')
}
