// Requires every subpath that the installed package exports: Node 20.19 and later require ES modules.
const { exports: subpaths } = require('kts-kafka/package.json')

for (const path of Object.keys(subpaths).filter((path) => !path.endsWith('.json'))) {
  const name = 'kts-kafka' + path.slice(1)
  const names = Object.keys(require(name))
  console.log(name, names.length)
  if (names.length === 0) throw new Error(`${name} exports nothing`)
}
