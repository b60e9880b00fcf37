/** The page of figures has a place for each bench, and no more than that. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

it('docs/benchmarks.md has a place for each bench', () => {
  const page = readFileSync(`${root}docs/benchmarks.md`, 'utf8')
  const places = [...page.matchAll(/<!-- bench:(\w+) -->[\s\S]*?<!-- \/bench:\1 -->/g)].map(([, name]) => name!)
  const benches = readdirSync(`${root}bench`).filter((file) => file.endsWith('.bench.ts'))
  expect(places.sort()).toEqual([...benches.map((file) => file.replace('.bench.ts', '')), 'machine'].sort())
})
