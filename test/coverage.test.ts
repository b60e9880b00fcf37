import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { coveragePage } from '../scripts/docs/coverage.mjs'

it('docs/coverage.md says what the sources say; `npm run docs` writes it anew', async () => {
  const page = readFileSync(new URL('../docs/coverage.md', import.meta.url), 'utf8')
  expect(page).toBe(await coveragePage())
})
