// docs/differences.md is the list of what may differ: its table's first column holds patterns (in backticks, `*` stands
// for anything) that are held against `API vN · script · step · place`.
import { readFileSync } from 'node:fs'

export interface Allowed {
  readonly pattern: string
  readonly matches: (difference: string) => boolean
}

export function readAllowed(): readonly Allowed[] {
  const page = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8')
  return [...page.matchAll(/^\| `([^`]+)` \| [^|]*\S[^|]* \|$/gm)].map((row) => {
    const pattern = String(row[1])
    const source = pattern.split('*').map((part) => part.replace(/[\\^$.()[\]{}+?|]/g, '\\$&'))
    const expression = new RegExp(`^${source.join('.*')}`)
    return { pattern, matches: (difference) => expression.test(difference) }
  })
}
