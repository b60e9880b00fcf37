// docs/differences.md is the list of what may differ: its table's first column holds patterns (in backticks, `*` stands
// for anything) that are held against `API vN · script · step · place`, or, of the AdminClient's methods, against
// `AdminClient · step · place`.
import { readFileSync } from 'node:fs'

export interface Allowed {
  readonly pattern: string
  readonly matches: (difference: string) => boolean
}

/** The rows of the suite that compares requests, or of the one that compares what Java's AdminClient gives. */
export function readAllowed(of: 'requests' | 'AdminClient' = 'requests'): readonly Allowed[] {
  const page = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([^`]+)` \| [^|]*\S[^|]* \|$/gm)]
  const isOf = (pattern: string): boolean => pattern.startsWith('AdminClient') === (of === 'AdminClient')
  return rows
    .filter((row) => isOf(String(row[1])))
    .map((row) => {
      const pattern = String(row[1])
      const source = pattern.split('*').map((part) => part.replace(/[\\^$.()[\]{}+?|]/g, '\\$&'))
      const expression = new RegExp(`^${source.join('.*')}`)
      return { pattern, matches: (difference) => expression.test(difference) }
    })
}
