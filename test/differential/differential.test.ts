// The same requests to Apache Kafka and to kts-server, in every version of every API that kts-server serves. What the
// two answer differently is a failure, unless docs/differences.md names it with its reason; what that page names and no
// longer differs is one too.
import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { home } from '../interop/commands.js'
import { type Target, startTarget } from '../interop/target.js'
import { readAllowed } from './allowed.js'
import { Connection } from './peer.js'
import { apiVersions, versionsOf } from './protocol.js'
import { type Script, range, transcriptDifferences, transcriptOf } from './script.js'
import { clusterScripts } from './scripts/cluster.js'
import { configScripts } from './scripts/configs.js'
import { consumerGroupScripts } from './scripts/consumer-groups.js'
import { fetchScripts } from './scripts/fetch.js'
import { frameScripts } from './scripts/frames.js'
import { groupScripts } from './scripts/groups.js'
import { offsetScripts } from './scripts/offsets.js'
import { produceScripts } from './scripts/produce.js'
import { topicScripts } from './scripts/topics.js'
import { transactionScripts } from './scripts/transactions.js'

const scripts: readonly Script[] = [
  ...frameScripts,
  ...clusterScripts,
  ...topicScripts,
  ...configScripts,
  ...produceScripts,
  ...fetchScripts,
  ...offsetScripts,
  ...groupScripts,
  ...consumerGroupScripts,
  ...transactionScripts,
]

// What kafka.sh sets for a Kafka that starts fast, set for both.
const settings = {
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.num.partitions': '4',
  'share.coordinator.state.topic.num.partitions': '4',
}
// Two Kafkas must not differ from each other: that proves the scripts and the normalising.
const other = process.env['DIFFERENTIAL_OTHER'] === 'kafka' ? 'kafka' : 'kts'

let kafka: Target
let kts: Target
let served: ReadonlyMap<number, readonly [number, number]>
const allowed = readAllowed()
const used = new Set<string>()
/** Every unexplained difference and the versions that have it: what .interop/report/differences.txt holds. */
const report = new Map<string, number[]>()
let ran = 0

beforeAll(async () => {
  ;[kafka, kts] = await Promise.all([startTarget(settings, 'kafka'), startTarget(settings, other)])
  const connection = await Connection.open(kts.bootstrap)
  const answer = await connection.ask(apiVersions, 3, {
    clientSoftwareName: 'differential',
    clientSoftwareVersion: '1',
  })
  await connection.close()
  if (typeof answer === 'string') throw new Error(`ApiVersions: ${answer}`)
  served = new Map(answer.apiKeys.map((api) => [api.apiKey, [api.minVersion, api.maxVersion]]))
})
afterAll(async () => {
  const lines = [...report].map(([line, versions]) => `${line} (v${versions.join(', v')})\n`)
  mkdirSync(`${home}/report`, { recursive: true })
  writeFileSync(`${home}/report/differences.txt`, lines.join(''))
  await Promise.all([kafka?.stop(), kts?.stop()])
})

function note(line: string, version: number): void {
  report.set(line, [...(report.get(line) ?? []), version])
}

for (const one of scripts) {
  const [lowest, highest] = versionsOf(one.api)
  const first = Math.max(lowest, one.since ?? lowest)
  const last = Math.min(highest, one.until ?? highest)
  describe(one.api.name, () => {
    for (const version of range(last - first + 1).map((n) => first + n)) {
      test(`v${version}: ${one.name}`, async (context) => {
        if (!served.has(one.api.key)) context.skip(`${other} does not serve ${one.api.name}`)
        const [ours, theirs] = await Promise.all([transcriptOf(one, kts, version), transcriptOf(one, kafka, version)])
        ran++
        const unexplained = transcriptDifferences(theirs, ours).filter((difference) => {
          const by = allowed.find(({ matches }) => matches(`${one.api.name} v${version} · ${one.name} · ${difference}`))
          if (by !== undefined) used.add(by.pattern)
          else note(`${one.api.name} · ${one.name} · ${difference}`, version)
          return by === undefined
        })
        expect(unexplained).toEqual([])
      })
    }
  })
}

test('docs/differences.md names nothing that does not differ', (context) => {
  const all = scripts.reduce((sum, one) => {
    const [lowest, highest] = versionsOf(one.api)
    return sum + Math.min(highest, one.until ?? highest) - Math.max(lowest, one.since ?? lowest) + 1
  }, 0)
  if (ran < all) context.skip('not every script ran')
  if (other === 'kafka') context.skip('two Kafkas do not differ')
  expect(allowed.map(({ pattern }) => pattern).filter((pattern) => !used.has(pattern))).toEqual([])
})
