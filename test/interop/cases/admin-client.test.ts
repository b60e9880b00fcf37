// Java's AdminClient: every method that it has (clients/java, AdminTour), against Apache Kafka and against kts-server. What
// the two are told differently is a failure, unless docs/differences.md names it with its reason.
import { expect, test } from 'vitest'
import { readAllowed } from '../../differential/allowed.js'
import { differences } from '../../differential/normalise.js'
import { java } from '../java.js'
import { startTarget, targetName } from '../target.js'

interface Step {
  readonly step: string
  readonly result: unknown
}

const settings = {
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.num.partitions': '4',
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
  'allow.everyone.if.no.acl.found': 'true',
}

/** The walk on a broker of its own, one at a time: two cores are soon busy. */
async function walk(name: 'kafka' | 'kts'): Promise<readonly Step[]> {
  const target = await startTarget(settings, name)
  try {
    const { text } = await java('AdminTour', [target.bootstrap], { timeoutMs: 90_000 })
    return text.split('\n').map((line) => JSON.parse(line) as Step)
  } finally {
    await target.stop()
  }
}

test('every method of the AdminClient gives what it gives on Apache Kafka', { timeout: 240_000 }, async () => {
  const kafka = await walk('kafka')
  const ours = await walk(targetName)
  expect(kafka.at(-1)?.step, 'the walk came to its end').toBe('done')
  expect(kafka.find(({ step }) => step === 'not called')?.result).toEqual([])
  expect(ours.map(({ step }) => step)).toEqual(kafka.map(({ step }) => step))
  const allowed = readAllowed('AdminClient')
  const used = new Set<string>()
  const unexplained = kafka
    .flatMap(({ step, result }, n) => differences(result, ours[n]?.result).map((line) => `${step} · ${line}`))
    .filter((line) => {
      const by = allowed.find(({ matches }) => matches(`AdminClient · ${line}`))
      if (by !== undefined) used.add(by.pattern)
      return by === undefined
    })
  expect(unexplained).toEqual([])
  if (targetName === 'kts') {
    expect(allowed.map(({ pattern }) => pattern).filter((pattern) => !used.has(pattern))).toEqual([])
  }
})
