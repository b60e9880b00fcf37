/**
 * A setting: its name, type, default, and how it may change. Values are kept as text, as users wrote them, and read by
 * type; `parse` and `check` are the one place that knows how.
 */
export type SettingType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password'

/** `per-broker`: set on one broker at run time; `cluster-wide`: also as the default of all. */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide'

export type Importance = 'high' | 'medium' | 'low'

export type SettingValue = boolean | string | number | readonly string[]

/** What is wrong with a value, to be read after the setting's name; undefined = nothing. */
export type Rule = (value: SettingValue, text: string) => string | undefined

export interface Setting {
  readonly name: string
  readonly type: SettingType
  /** null: no default; the setting is unset, or required. */
  readonly default: string | null
  readonly importance: Importance
  readonly update: UpdateMode
  /** Not for users: kept out of listings. */
  readonly internal: boolean
  readonly rule: Rule | undefined
  /** For topics and groups: the broker settings that stand in for it, in order. */
  readonly synonyms: readonly string[]
  readonly doc: string
}

export function setting(
  name: string,
  type: SettingType,
  standard: string | null,
  more: Partial<Omit<Setting, 'name' | 'type' | 'default'>> = {},
): Setting {
  return {
    name,
    type,
    default: standard,
    importance: 'medium',
    update: 'read-only',
    internal: false,
    rule: undefined,
    synonyms: [],
    doc: '',
    ...more,
  }
}

/** A value can't be taken for a setting; the message names both. */
export class SettingError extends Error {
  override readonly name = 'SettingError'
}

const INTEGER = /^[+-]?\d+$/
const LIMITS: Readonly<Partial<Record<SettingType, readonly [bigint, bigint]>>> = {
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
}

/** Reads text as the setting's type, without its rule. Longs saturate; `check` has seen their exact text. */
function parse(type: SettingType, text: string): SettingValue | undefined {
  switch (type) {
    case 'boolean': {
      const lower = text.toLowerCase()
      return lower === 'true' ? true : lower === 'false' ? false : undefined
    }
    case 'int':
    case 'short':
    case 'long': {
      if (!INTEGER.test(text)) return undefined
      const exact = BigInt(text.replace(/^\+/, ''))
      const [least, most] = LIMITS[type]!
      if (exact < least || exact > most) return undefined
      return Math.min(Math.max(Number(exact), -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
    }
    case 'double': {
      const value = Number(text)
      return text === '' || Number.isNaN(value) ? undefined : value
    }
    case 'list':
      return text === '' ? [] : text.split(',').map((item) => item.trim())
    default:
      return text
  }
}

const A_TYPE: Readonly<Record<SettingType, string>> = {
  boolean: 'true or false',
  string: 'a string',
  int: 'a whole number of 32 bits',
  short: 'a whole number of 16 bits',
  long: 'a whole number of 64 bits',
  double: 'a number',
  list: 'a list',
  class: 'a class name',
  password: 'a password',
}

/** @throws SettingError when the text is not of the setting's type, or breaks its rule. */
export function valueOf(setting: Setting, text: string): SettingValue {
  const trimmed = setting.type === 'password' ? text : text.trim()
  const value = parse(setting.type, trimmed)
  const shown = setting.type === 'password' ? 'the value' : `'${text}'`
  if (value === undefined) {
    throw new SettingError(`Invalid value ${shown} for ${setting.name}: it must be ${A_TYPE[setting.type]}`)
  }
  const wrong = setting.rule?.(value, trimmed)
  if (wrong !== undefined) throw new SettingError(`Invalid value ${shown} for ${setting.name}: ${wrong}`)
  return value
}
