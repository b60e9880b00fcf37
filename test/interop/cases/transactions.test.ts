// Transactions of Java's producers: what they are told when the broker ends, forgets or fences them, what becomes of them
// when transaction.version changes under them, and what Kafka's console consumer reads after an unclean end.
import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Running, kafkaTool } from '../commands.js'
import { java, runningJava } from '../java.js'
import { useTarget } from '../target.js'

describe("what Java's transactional producers are told", () => {
  const target = useTarget({
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200',
    'transactional.id.expiration.ms': '5000',
    'transaction.remove.expired.transaction.cleanup.interval.ms': '500',
    'group.consumer.min.heartbeat.interval.ms': '100',
    'group.consumer.heartbeat.interval.ms': '300',
  })
  let told: readonly string[]
  beforeAll(async () => {
    told = (await java('TransactionRules', [target().bootstrap], { timeoutMs: 150_000 })).text.split('\n')
  }, 160_000)

  const expectTold = (rule: string, ...steps: readonly string[]) =>
    expect(told.filter((line) => line.startsWith(`${rule} · `)).map((line) => line.slice(rule.length + 3))).toEqual(
      steps,
    )

  test('a transaction that takes too long is aborted; its producer hears of it with the next record', () => {
    expectTold(
      'time-out',
      'sends more · InvalidProducerEpochException',
      'commits · InvalidProducerEpochException',
      'aborts · aborted',
      'goes on · committed',
      'another begins · committed',
      'read · [by the same, by another]',
    )
  })

  test('… or with the commit, and then it is at its end', () => {
    expectTold(
      'time-out before the commit',
      'commits · InvalidTxnStateException',
      'aborts · KafkaException',
      'goes on · KafkaException',
      'another begins · committed',
      'read · [by another]',
    )
  })

  test('a producer whose id another one has taken writes nothing more', () => {
    expectTold(
      'zombie',
      'sends more · InvalidProducerEpochException',
      'commits · InvalidProducerEpochException',
      'aborts · ProducerFencedException',
      'the heir · committed',
      'goes on · ProducerFencedException',
      'the heir goes on · committed',
      'read · [of the heir, more of the heir]',
    )
    expectTold(
      'zombie with unsent records',
      'commits · InvalidProducerEpochException',
      'its record · InvalidProducerEpochException',
      'the heir · committed',
      'read · [of the heir]',
    )
  })

  for (const protocol of ['classic', 'consumer']) {
    test(`offsets of a generation that is over are refused, ${protocol} protocol (KIP-447)`, () => {
      expectTold(
        `generation, ${protocol}`,
        'an old generation · CommitFailedException',
        'aborts · aborted',
        "nobody's · CommitFailedException",
        'aborts again · aborted',
        'its own · committed',
        "the group's, by its name alone · committed",
        'committed · [2]',
      )
    })
  }

  test('a transactional id that is not used is forgotten: its next producer begins anew', () => {
    expectTold(
      'expiry',
      'begins · committed',
      'sends · InvalidPidMappingException',
      'commits · refused',
      'aborts · KafkaException',
      'goes on · KafkaException',
      'another begins · committed',
      'its epoch · 1',
      'read · [before, by another]',
    )
  })
})

describe('transactions while the broker changes', () => {
  const TOPIC = 'steady'
  const PARTITIONS = 2
  const target = useTarget()
  const tool = async (name: string, args: string) =>
    (await kafkaTool(name, `--bootstrap-server ${target().bootstrap} ${args}`)).text
  const producers = (prefix: string) => runningJava('SteadyTransactions', [target().bootstrap, TOPIC, prefix, '2'])
  const ended = (running: Running, outcome: string) => running.lines.filter((line) => line.startsWith(outcome))
  const valuesOf = (lines: readonly string[]) => lines.flatMap((line) => line.split(' ').slice(1))

  /** Until each of the two has ended so many more, committed and aborted ones. */
  const goesOn = async (running: Running, prefix: string) => {
    const from = running.lines.length
    const more = (lines: readonly string[], of: string) =>
      lines.slice(from).filter((line) => line.includes(` ${of}-`)).length
    await running.until('transactions of both', (lines) => [0, 1].every((n) => more(lines, `${prefix}${n}`) >= 10))
  }
  /** As many as there must be: one that may not be seen takes the place of one that must. */
  const read = async (isolation: string, count: number) => {
    const args = `--topic ${TOPIC} --from-beginning --isolation-level ${isolation} --max-messages ${count} --timeout-ms 30000`
    return (await tool('kafka-console-consumer', args)).split('\n').sort()
  }

  let committed: string[] = []
  let aborted: string[] = []

  test('transaction.version goes down to 1 and up to 2 under producers at work', async () => {
    await tool('kafka-topics', `--create --topic ${TOPIC} --partitions ${PARTITIONS}`)
    const first = producers('a')
    await goesOn(first, 'a')
    await tool('kafka-features', 'downgrade --feature transaction.version=1')
    await goesOn(first, 'a')
    const second = producers('b')
    await goesOn(second, 'b')
    await tool('kafka-features', 'upgrade --feature transaction.version=2')
    await Promise.all([goesOn(first, 'a'), goesOn(second, 'b')])
    await Promise.all([first.end(), second.end()])
    expect([...ended(first, 'failed'), ...ended(second, 'failed')]).toEqual([])
    committed = valuesOf([...ended(first, 'committed'), ...ended(second, 'committed')]).sort()
    aborted = valuesOf([...ended(first, 'aborted'), ...ended(second, 'aborted')])
    expect(await read('read_committed', committed.length)).toEqual(committed)
    expect(await read('read_uncommitted', committed.length + aborted.length)).toEqual([...committed, ...aborted].sort())
  })

  test('aborted transactions are known again after kill -9, without their index', async () => {
    await target().kill()
    const { dataDir } = target()
    const indexes = Array.from({ length: PARTITIONS }, (_, n) => txnIndexes(`${dataDir}/${TOPIC}-${n}`)).flat()
    for (const [n, file] of indexes.entries()) {
      if (n % 2 === 0) rmSync(file)
      // half an entry
      else truncateSync(file, Math.max(0, statSync(file).size - 17))
    }
    await target().start()
    expect(await read('read_committed', committed.length)).toEqual(committed)

    await target().stop()
    for (let n = 0; n < PARTITIONS; n++) {
      const folder = `${dataDir}/${TOPIC}-${n}`
      const dump = async (files: readonly string[]) =>
        (await kafkaTool('kafka-dump-log', ['--print-data-log', '--files', files.join(',')])).text
      const markers = (await dump(segments(folder))).matchAll(/offset: (\d+) .*endTxnMarker: ABORT/g)
      const offsets = [...markers].map(([, offset]) => offset)
      expect(offsets.length).toBeGreaterThan(5)
      const entries = (await dump(txnIndexes(folder))).matchAll(/lastOffset: (\d+)/g)
      expect([...entries].map(([, offset]) => offset)).toEqual(offsets)
    }
    await target().start()
    expect(await read('read_committed', committed.length)).toEqual(committed)
  })
})

const filesOf = (folder: string, extension: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .map((name) => `${folder}/${name}`)
const txnIndexes = (folder: string): string[] => filesOf(folder, '.txnindex')
const segments = (folder: string): string[] => filesOf(folder, '.log')
