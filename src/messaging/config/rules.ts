/**
 * What options may be: a table of rules for each part of the configuration. A part's table has a line for every option that
 * the part's type has (the compiler sees to that), so an option without a line is one that does not exist.
 */
import { KafkaError } from '../../model/index.js'
import { resetDurationMs } from '../listener/reset-duration.js'

/** What is wrong with a value, as the end of "producer.acks …"; undefined when nothing is. */
export type Rule = (value: unknown) => string | undefined
export type Rules<T> = { readonly [K in keyof Required<T>]: Rule }

/** A value in a message: no more of it than helps. */
export const shown = (value: unknown): string => {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

const must =
  (what: string, holds: (value: unknown) => boolean): Rule =>
  (value) =>
    holds(value) ? undefined : `must be ${what}, not ${shown(value)}`

const has = (value: unknown, ...methods: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && methods.every((method) => method in value)

const isInteger = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && (value as number) >= least

export const anything: Rule = () => undefined
export const flag = must('true or false', (value) => typeof value === 'boolean')
export const text = must('text', (value) => typeof value === 'string' && value !== '')
export const trueOrText = must(
  'true, false or text',
  (value) => typeof value === 'boolean' || (typeof value === 'string' && value !== ''),
)
export const count = must('a whole number, 1 or more', (value) => isInteger(value, 1))
export const zeroOrMore = must('a whole number, 0 or more', (value) => isInteger(value, 0))
export const milliseconds = must('milliseconds, 0 or more', (value) => typeof value === 'number' && value >= 0)
export const positiveMilliseconds = must('milliseconds, more than 0', (value) => typeof value === 'number' && value > 0)
export const factor = must('a number, 1 or more', (value) => typeof value === 'number' && value >= 1)
export const list = must('a list', Array.isArray)
export const texts = must(
  'a list of texts',
  (value) => Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string' && each !== ''),
)
export const called = must('a function', (value) => typeof value === 'function')
export const serde = must('a serde, such as json() or string()', (value) => has(value, 'serialize', 'deserialize'))
export const rawProperties = must(
  'Kafka settings by name, with texts as values',
  (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'string'),
)

export const oneOf = (...allowed: readonly string[]): Rule =>
  must(`one of ${allowed.join(', ')}`, (value) => allowed.includes(value as string))

export const offsetReset = must(
  'one of earliest, latest, none, or by_duration: with an ISO-8601 duration, as in by_duration:PT1H',
  (value) =>
    ['earliest', 'latest', 'none'].includes(value as string) ||
    (typeof value === 'string' && resetDurationMs(value) !== undefined),
)

/** A value of this kind, or a function of the environment that gives one. */
export const resolvable =
  (rule: Rule): Rule =>
  (value) =>
    typeof value === 'function' ? undefined : rule(value)

/** An object with this method, or a function that does it. */
export const madeOrCalled = (what: string, method: string): Rule =>
  must(`${what}, or a function`, (value) => typeof value === 'function' || has(value, method))

/** An object with these methods, or the class or token that the container knows one by. */
export const madeOrKnown = (what: string, ...methods: readonly string[]): Rule =>
  must(
    `${what} (with ${methods.join(' and ')}), or its class or token`,
    (value) =>
      ['function', 'symbol'].includes(typeof value) ||
      (typeof value === 'string' && value !== '') ||
      has(value, ...methods),
  )

/** All that is wrong with the options of one part; `path` names the part, as in `producer`. */
export function problemsOf<T extends object>(path: string, given: T | undefined, rules: Rules<T>): string[] {
  if (given === undefined) return []
  const at = path === '' ? '' : `${path}.`
  const known = rules as Readonly<Record<string, Rule | undefined>>
  return Object.entries(given).flatMap(([key, value]) => {
    const rule = known[key]
    if (rule === undefined) return [`${at}${key} is no option${likely(key, Object.keys(rules))}`]
    const problem = value === undefined ? undefined : rule(value)
    return problem === undefined ? [] : [`${at}${key} ${problem}`]
  })
}

/** What it mostly means that something imported is not there. */
export const importHint = (value: unknown): string =>
  value === undefined ? ': does its module import this one, in a circle?' : ''

/** One message for everything that is wrong. */
export function configError(what: string, problems: readonly string[]): KafkaError {
  if (problems.length === 1) return new KafkaError('config', `${what} is wrong: ${problems[0]}`)
  return new KafkaError('config', [`${what} is wrong in ${problems.length} places:`, ...problems].join('\n  - '))
}

function likely(key: string, known: readonly string[]): string {
  const wanted = key.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const found = known.find((each) => each.toLowerCase().startsWith(wanted) || wanted.startsWith(each.toLowerCase()))
  return found === undefined ? `; there are ${known.join(', ')}` : `; is it ${found}?`
}
