// Makes the golden bytes of test/facts: what Kafka's own classes write. Needs Java 17 and Maven, no broker.
//   node scripts/facts/golden.mjs
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sampleOf, VARIANTS, versionsOf } from '../../test/facts/samples.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const facts = join(here, '../../test/facts')
const libs = execFileSync('bash', [join(here, '../kafka/jars.sh')], { encoding: 'utf8' }).trim()

const PACKAGES = {
  clients: 'org.apache.kafka.common.message',
  metadata: 'org.apache.kafka.common.metadata',
  raft: 'org.apache.kafka.raft.generated',
  storage: 'org.apache.kafka.storage.internals.log.generated',
  'group-coordinator': 'org.apache.kafka.coordinator.group.generated',
  'share-coordinator': 'org.apache.kafka.coordinator.share.generated',
  'transaction-coordinator': 'org.apache.kafka.coordinator.transaction.generated',
}

writeMessageBytes()
write('record-bytes.json', java('RecordBytes.java'))

/** By message, variant and version, hex; a number instead says: as in that version. */
function writeMessageBytes() {
  const messages = ['messages', 'records']
    .flatMap((table) => JSON.parse(readFileSync(join(facts, `${table}.json`), 'utf8')))
    .filter((message) => message.module !== 'storage' && message.type !== 'header')
  const wanted = messages.flatMap((message) =>
    VARIANTS.flatMap((variant) => versionsOf(message).map((version) => ({ message, variant, version }))),
  )
  const bytes = java(
    'MessageBytes.java',
    wanted.map(({ message, variant, version }) => [className(message), version, sampleOf(message, version, variant)]),
  )
  const table = {}
  wanted.forEach(({ message, variant, version }, i) => {
    const versions = ((table[message.name] ??= {})[variant] ??= {})
    const same = Object.keys(versions).find((other) => versions[other] === bytes[i])
    versions[version] = same === undefined ? bytes[i] : Number(same)
  })
  write('message-bytes.json', table)
}

function className({ module, name, type }) {
  return `${PACKAGES[module]}.${name}${type === 'request' || type === 'response' ? 'Data' : ''}`
}

function java(program, input = null) {
  const command = ['-Xmx512m', '-cp', join(libs, '*'), join(here, program)]
  return JSON.parse(
    execFileSync('java', command, { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 64 << 20 }),
  )
}

/** A line for each of the innermost tables, so that git can compare them. */
function write(file, table) {
  const rows = Object.entries(table).map(([name, parts]) => {
    const lines = Object.entries(parts).map(([part, value]) => `    ${JSON.stringify(part)}: ${JSON.stringify(value)}`)
    return `  ${JSON.stringify(name)}: {\n${lines.join(',\n')}\n  }`
  })
  writeFileSync(join(facts, file), `{\n${rows.join(',\n')}\n}\n`)
}
