// Imports every subpath that the installed package exports: each must load and give something.
import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync('node_modules/kts-kafka/package.json', 'utf8'))
for (const path of Object.keys(manifest.exports).filter((path) => !path.endsWith('.json'))) {
  const name = 'kts-kafka' + path.slice(1)
  const names = Object.keys(await import(name))
  console.log(name, names.length)
  if (names.length === 0) throw new Error(`${name} exports nothing`)
}
