import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { driversPage } from '../scripts/docs/drivers.mjs'

it('docs/drivers.md says what the drivers say; `npm run docs` writes it anew', async () => {
  const page = readFileSync(new URL('../docs/drivers.md', import.meta.url), 'utf8')
  expect(page).toBe(await driversPage())
})
