// Regenerates test/facts from Apache Kafka's own jars and a running broker of the same version. Needs Java 17 and Maven.
//   node scripts/facts/regenerate.mjs
// The tables hold facts (names, versions, types, defaults), no prose. Read the difference before committing it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { layoutsOf } from './layouts.mjs'
import { writeTable } from './write.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const facts = join(here, '../../test/facts')
mkdirSync(facts, { recursive: true })

const libs = execFileSync('bash', [join(here, '../kafka/jars.sh')], { encoding: 'utf8' }).trim()
const jars = readdirSync(libs).filter((jar) => /^kafka-.*\.jar$/.test(jar))

writeTable(join(facts, 'messages.json'), layoutsFrom(jars.filter((jar) => jar.startsWith('kafka-clients-'))))
writeTable(join(facts, 'records.json'), layoutsFrom(jars.filter((jar) => !jar.startsWith('kafka-clients-'))))
writeTable(join(facts, 'errors.json'), ask('ErrorFacts.java'))

function layoutsFrom(names) {
  return names.flatMap((jar) => layoutsOf(join(libs, jar), jar.replace(/^kafka-|-[\d.]+\.jar$/g, '')))
}

function ask(program, ...args) {
  const java = ['-Xmx512m', '-cp', join(libs, '*'), join(here, program), ...args]
  return JSON.parse(execFileSync('java', java, { encoding: 'utf8', maxBuffer: 64 << 20 }))
}
