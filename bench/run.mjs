/**
 * Runs benches: `npm run bench` runs all, `npm run bench -- listener` one. Each is bundled like a sample and imports the
 * package by its name, from `dist`. With `--page` the tables go into docs/benchmarks.md as well. Figures of one run compare
 * with each other, not with another machine's: quote ratios.
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { machine, markdown, placeOf, writeFigures } from './page.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(here)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
  .toSorted()
const toPage = process.argv.includes('--page')
const wanted = process.argv.slice(2).filter((name) => name !== '--page')
const unknown = wanted.find((name) => !names.includes(name))
if (unknown !== undefined) {
  console.error(`There is no bench '${unknown}'. There are: ${names.join(', ')}`)
  process.exit(2)
}

const sinceMs = performance.now()
const chosen = wanted.length > 0 ? wanted : names
// not after ten minutes
if (toPage) for (const name of ['machine', ...chosen]) placeOf(name)
for (const name of chosen) {
  const outfile = fileURLToPath(new URL(`../dist/bench/${name}.mjs`, import.meta.url))
  await build({
    entryPoints: [`${here}${name}.bench.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  })
  console.log(`\n# ${name}\n`)
  const { main } = await import(pathToFileURL(outfile).href)
  try {
    const text = (await main()).map(markdown).join('\n\n')
    console.log(text)
    // a bench that found nothing to run leaves the page as it is
    if (toPage && text !== '') writeFigures(name, text)
  } catch (error) {
    // the others still have their say
    console.error(error)
    process.exitCode = 1
  }
}
if (toPage) writeFigures('machine', machine())
console.log(`\n${machine()} All of it took ${Math.round((performance.now() - sinceMs) / 1000)} s.`)
