/** docs/spring-capabilities.md: its counts are those of its table, and what has Spring's name there has it here. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../', import.meta.url)
const page = readFileSync(new URL('docs/spring-capabilities.md', root), 'utf8')
const STATES = ['have', 'differs', 'later', 'not']
const rows = [...page.matchAll(/^\| ([^|]+) \| ([^|]+) \| (have|differs|later|not) \|(?: ([^|]+) \|| \|)$/gm)].map(
  ([, capability = '', spring = '', state = '', here = '']) => ({ capability, spring, state, here }),
)

describe("the table of Spring's capabilities", () => {
  it('counts what it lists, and has an answer where it says so', () => {
    expect(rows).toHaveLength(288)
    const told = STATES.map((state) => Number(new RegExp(`^\\| ${state} \\| (\\d+) \\|`, 'm').exec(page)?.[1]))
    expect(told).toEqual(STATES.map((state) => rows.filter((row) => row.state === state).length))
    const silent = rows.filter(({ state, here }) => (state === 'have' || state === 'differs') && here === '')
    expect(silent).toEqual([])
  })

  it('says «the same» only of names that are there', () => {
    const declared = new Set(
      ['messaging', 'testing', 'serde', 'nest'].flatMap((part) => {
        const folder = new URL(`src/${part}/`, root)
        return readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
          .flatMap((path) => [
            ...readFileSync(new URL(path, folder), 'utf8').matchAll(
              /^export (?:abstract )?(?:class|interface|function|type|const) (\w+)|^ {2}(?:readonly |abstract |get |async )*(\w+)(?=[?(<:])/gm,
            ),
          ])
          .map(([, name, member]) => name ?? member)
      }),
    )
    const missing = rows
      .filter(({ here }) => /^the same\b/.test(here))
      .flatMap(({ spring }) => [...spring.matchAll(/`@?([\w]+)`/g)].map(([, name]) => name!))
      .filter((name) => !declared.has(name))
    expect(missing).toEqual([])
  })
})
