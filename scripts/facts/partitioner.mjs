// Regenerates test/facts/partitioner.json: where Kafka's own producer places records. Needs Java 17 and Maven.
//   node scripts/facts/partitioner.mjs
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeTable } from './write.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const libs = execFileSync('bash', [join(here, '../kafka/jars.sh')], { encoding: 'utf8' }).trim()
const quiet = join(here, '../../test/interop/log4j2.properties')
const out = mkdtempSync(join(tmpdir(), 'partitioner-facts-'))
try {
  // compiled rather than run from source: a class of Kafka's package must be loaded beside the others of it
  execFileSync('javac', ['-cp', join(libs, '*'), '-d', out, join(here, 'PartitionerFacts.java')])
  const path = [out, join(libs, '*')].join(delimiter)
  const program = 'org.apache.kafka.clients.producer.internals.PartitionerFacts'
  const printed = execFileSync('java', [`-Dlog4j2.configurationFile=${quiet}`, '-cp', path, program], {
    encoding: 'utf8',
  })
  writeTable(join(here, '../../test/facts/partitioner.json'), JSON.parse(printed))
} finally {
  rmSync(out, { recursive: true })
}
