/**
 * Bundles each command into one file, dist/bin/<name>.js: reading hundreds of small modules is most of what starting costs.
 * Own code and commander go in; what is heavy, native or seldom used stays outside and is imported when it is needed.
 */
import { readFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const bins = ['kts-server']
const inside = ['commander']

const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(
  readFileSync(`${root}/package.json`, 'utf8'),
)
const packages = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })

await build({
  absWorkingDir: root,
  entryPoints: bins.map((name) => ({ in: `src/cli/${name}.ts`, out: name })),
  outdir: 'dist/bin',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: packages.filter((name) => !inside.includes(name)),
  banner: {
    // CommonJS within the bundle asks for Node's own modules by `require`
    js: [
      '#!/usr/bin/env node',
      "import { createRequire as makeRequire } from 'node:module'",
      'const require = makeRequire(import.meta.url)',
    ].join('\n'),
  },
  legalComments: 'eof',
  logLevel: 'warning',
})
await Promise.all(bins.map((name) => chmod(`${root}/dist/bin/${name}.js`, 0o755)))
