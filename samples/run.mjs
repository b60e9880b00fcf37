/**
 * Runs a sample: `node samples/run.mjs 02-nest-orders`. Its TypeScript is bundled by esbuild into dist/samples, decorators
 * and all, and its `main()` is called; packages, this one included, are imported as an application imports them.
 */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const samples = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(samples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted()
const [wanted = '', ...args] = process.argv.slice(2)
const name = names.find((it) => it === wanted || (wanted !== '' && it.startsWith(wanted)))
if (name === undefined) {
  console.error(`There is no sample '${wanted}'. There are: ${names.join(', ')}`)
  process.exit(2)
}

if (!existsSync(fileURLToPath(new URL('../dist/index.js', import.meta.url)))) {
  console.error('Samples run on what is built: `npm run build` first.')
  process.exit(2)
}

const outfile = fileURLToPath(new URL(`../dist/samples/${name}.mjs`, import.meta.url))
await build({
  entryPoints: [`${samples}${name}/main.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  logLevel: 'warning',
})
const { main } = await import(pathToFileURL(outfile).href)
await main(...args)
