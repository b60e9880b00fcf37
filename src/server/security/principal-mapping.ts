/**
 * From a certificate's name to a user's, by `ssl.principal.mapping.rules` (KIP-371): the first rule that fits counts.
 *
 *   RULE:^CN=(.*?),OU=clients.*$/$1/L, DEFAULT
 */
import { SettingError } from '../config/setting.js'

const SETTING = 'ssl.principal.mapping.rules'
const RULE = /\s*(?:(DEFAULT)|RULE:((?:\\.|[^\\/])*)\/((?:\\.|[^\\/])*)\/([LU]?))\s*(?:,|\n|$)/y

/** undefined: no rule fits. */
export type PrincipalMapping = (name: string) => string | undefined

/** @throws SettingError */
export function principalMapping(text: string): PrincipalMapping {
  const rules: PrincipalMapping[] = []
  RULE.lastIndex = 0
  while (RULE.lastIndex < text.trimEnd().length) {
    const match = RULE.exec(text)
    if (!match) {
      throw new SettingError(
        `Invalid value '${text}' for ${SETTING}: it must be DEFAULT, or RULE:pattern/replacement/[LU], commas between`,
      )
    }
    const [, standard, pattern = '', replacement = '', letters = ''] = match
    rules.push(standard === undefined ? rule(pattern, replacement, letters) : (name) => name)
  }
  return (name) => {
    for (const apply of rules) {
      const mapped = apply(name)
      if (mapped !== undefined) return mapped
    }
    return undefined
  }
}

function rule(pattern: string, replacement: string, letters: string): PrincipalMapping {
  let expression: RegExp
  try {
    expression = new RegExp(`^(?:${pattern})$`)
  } catch {
    throw new SettingError(`Invalid value for ${SETTING}: '${pattern}' is no regular expression`)
  }
  return (name) => {
    const match = expression.exec(name)
    if (!match) return undefined
    const mapped = replacement
      .replace(/\$(\d)/g, (_, number: string) => match[Number(number)] ?? '')
      .replace(/\\(.)/g, '$1')
    return letters === 'L' ? mapped.toLowerCase() : letters === 'U' ? mapped.toUpperCase() : mapped
  }
}
