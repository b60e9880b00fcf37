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
const quiet = join(here, '../../test/interop/log4j2.properties')
mkdirSync(facts, { recursive: true })

const libs = execFileSync('bash', [join(here, '../kafka/jars.sh')], { encoding: 'utf8' }).trim()
const jars = readdirSync(libs).filter((jar) => /^kafka-.*\.jar$/.test(jar))

writeTable(join(facts, 'messages.json'), layoutsFrom(jars.filter((jar) => jar.startsWith('kafka-clients-'))))
writeTable(join(facts, 'records.json'), layoutsFrom(jars.filter((jar) => !jar.startsWith('kafka-clients-'))))
writeTable(join(facts, 'errors.json'), ask('ErrorFacts.java'))
writeTable(join(facts, 'admin-calls.json'), ask('AdminFacts.java'))
writeTable(join(facts, 'assignments.json'), ask('AssignorFacts.java'))

await import('./golden.mjs')
await import('./partitioner.mjs')
await import('./spring.mjs')

// 29093 is this script's own port: nothing else here uses it, and the broker ends with the script.
const port = '29093'
const kafka = join(here, '../../test/interop/kafka.sh')
execFileSync('bash', [kafka, 'start', '--port', port], { stdio: 'inherit' })
try {
  writeTable(join(facts, 'api-versions.json'), ask('ApiVersionFacts.java', port, String(Number(port) + 1000)))
  writeTable(join(facts, 'configs.json'), ask('ConfigFacts.java', port))
} finally {
  execFileSync('bash', [kafka, 'stop', '--port', port])
}

function layoutsFrom(names) {
  return names.flatMap((jar) => layoutsOf(join(libs, jar), jar.replace(/^kafka-|-[\d.]+\.jar$/g, '')))
}

function ask(program, ...args) {
  const java = ['-Xmx512m', `-Dlog4j2.configurationFile=${quiet}`, '-cp', join(libs, '*'), join(here, program), ...args]
  return JSON.parse(execFileSync('java', java, { encoding: 'utf8', maxBuffer: 64 << 20 }))
}
