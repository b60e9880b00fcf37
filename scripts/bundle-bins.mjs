/**
 * Bundles each command into one file, dist/bin/<name>.js: reading hundreds of small modules is most of what starting costs.
 * Own code and commander go in; what is heavy, native or seldom used stays outside and is imported when it is needed.
 */
import { chmod } from 'node:fs/promises'
import { build } from 'esbuild'

const BINS = ['kts-server']

await build({
  entryPoints: BINS.map((name) => ({ in: `src/cli/${name}.ts`, out: name })),
  outdir: 'dist/bin',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  plugins: [{ name: 'commander-inside', setup: inside(/^commander$/) }],
  // CommonJS within the bundle asks for Node's own modules by require
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as makeRequire } from 'node:module'\nconst require = makeRequire(import.meta.url)",
  },
  legalComments: 'eof',
  logLevel: 'warning',
})
await Promise.all(BINS.map((name) => chmod(`dist/bin/${name}.js`, 0o755)))

/** Packages that go into the bundle although packages stay outside. */
function inside(filter) {
  return ({ onResolve, resolve }) => {
    onResolve({ filter }, async (args) => {
      if (args.pluginData === 'resolved') return undefined
      const found = await resolve(args.path, { ...args, pluginData: 'resolved' })
      return found.external ? { path: new URL(import.meta.resolve(args.path)).pathname } : found
    })
  }
}
