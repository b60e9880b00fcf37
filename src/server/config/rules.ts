/** What values a setting allows beyond its type, each a rule that can say what is wrong. */
import type { Rule, SettingValue } from './setting.js'

export const atLeast =
  (least: number): Rule =>
  (value) =>
    (value as number) >= least ? undefined : `it must be at least ${least}`

export const between =
  (least: number, most: number): Rule =>
  (value) =>
    (value as number) >= least && (value as number) <= most ? undefined : `it must be from ${least} to ${most}`

export const oneOf =
  (...allowed: readonly string[]): Rule =>
  (value) =>
    allowed.includes(value as string) ? undefined : `it must be one of ${allowed.join(', ')}`

export const oneOfAnyCase =
  (...allowed: readonly string[]): Rule =>
  (value) =>
    allowed.some((one) => one.toLowerCase() === (value as string).toLowerCase())
      ? undefined
      : `it must be one of ${allowed.join(', ')}`

const items = (value: SettingValue): readonly string[] => value as readonly string[]

export const eachOf =
  (...allowed: readonly string[]): Rule =>
  (value) => {
    const wrong = items(value).find((item) => !allowed.includes(item))
    return wrong === undefined ? undefined : `'${wrong}' is none of ${allowed.join(', ')}`
  }

export const notEmpty: Rule = (value) => (value === '' ? 'it must not be empty' : undefined)

export const gzipLevel: Rule = (value) =>
  value === -1 || ((value as number) >= 1 && (value as number) <= 9) ? undefined : 'it must be -1, or from 1 to 9'

/** `address:count,…`, an IPv6 address with or without brackets. */
export function connectionCounts(text: string): ReadonlyMap<string, number> | undefined {
  const counts = new Map<string, number>()
  for (const item of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^\s*\[?([^\]]+?)\]?:(\d+)\s*$/.exec(item)
    if (!match) return undefined
    counts.set(match[1]!, Number(match[2]))
  }
  return counts
}

export const connectionOverrides: Rule = (value) =>
  connectionCounts(value as string) ? undefined : 'it must be address:count, with commas between'

/** `*`, or `partition:broker` pairs (KIP-73). */
export const throttledReplicas: Rule = (value) => {
  const list = items(value)
  if (list.length === 1 && list[0] === '*') return undefined
  const wrong = list.find((item) => !/^\d+:\d+$/.test(item))
  return wrong === undefined ? undefined : `'${wrong}' is no pair partition:broker, and not '*' alone`
}

/** ISO 8601, days and smaller only, as Java's Duration has it. */
const DURATION = /^by_duration:P(?=[\dT])(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i

export const offsetReset: Rule = (value) =>
  value === 'latest' || value === 'earliest' || DURATION.test(value as string)
    ? undefined
    : 'it must be latest, earliest or by_duration:PnDTnHnMn.nS'
