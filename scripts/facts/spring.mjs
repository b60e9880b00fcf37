// Regenerates test/facts/spring.json: what Spring for Apache Kafka writes into headers. Needs Java 17 and Maven.
//   node scripts/facts/spring.mjs
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeTable } from './write.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const libs = join(here, '../../.interop/spring/libs')
const pom = join(here, 'spring/pom.xml')
const copy = [
  '-q',
  '-B',
  '-f',
  pom,
  'dependency:copy-dependencies',
  `-DoutputDirectory=${libs}`,
  '-DincludeScope=runtime',
]
execFileSync('mvn', copy, { stdio: 'inherit' })
const out = mkdtempSync(join(tmpdir(), 'spring-facts-'))
try {
  // compiled rather than run from source: Spring looks its classes up by name
  execFileSync('javac', ['-proc:none', '-cp', join(libs, '*'), '-d', out, join(here, 'spring/SpringFacts.java')])
  const path = [out, join(libs, '*')].join(delimiter)
  const printed = execFileSync('java', ['-cp', path, 'SpringFacts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  writeTable(join(here, '../../test/facts/spring.json'), JSON.parse(printed.slice(printed.indexOf('{"deadLetter"'))))
} finally {
  rmSync(out, { recursive: true })
}
