/** Values that the sources export, for the pages that are written from them. */
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a module of these lines exports; its imports are relative to the project's folder. */
export async function fromSources(name, contents) {
  const outfile = `${root}dist/docs/${name}.mjs`
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  })
  // a new address each time: what was loaded before stays loaded
  return import(`${pathToFileURL(outfile).href}?${Math.round(performance.now() * 1000)}`)
}
