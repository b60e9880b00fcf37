/**
 * Runs benches: `npm run bench` runs all, `npm run bench -- listener` one. Each is bundled like a sample and imports the
 * package by its name, from `dist`. Figures of one run compare with each other, not with another machine's: quote ratios.
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(here)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
  .toSorted()
const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !names.includes(name))
if (unknown !== undefined) {
  console.error(`There is no bench '${unknown}'. There are: ${names.join(', ')}`)
  process.exit(2)
}

for (const name of wanted.length > 0 ? wanted : names) {
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
  console.log(`\n# ${name}`)
  const { main } = await import(pathToFileURL(outfile).href)
  await main()
}
