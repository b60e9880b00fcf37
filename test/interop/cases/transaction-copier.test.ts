// Kafka's TransactionalMessageCopier under kill -9: what is read, written and committed in transactions arrives exactly
// once and in order, whether the copier or the broker dies in the middle of one.
// KTS_INTEROP_KILLS sets how often (default 5; 50 is the full proof).
import { describe, expect, test } from 'vitest'
import { type Running, kafkaTool, kcat, runningTool } from '../commands.js'
import { useTarget } from '../target.js'

const KILLS = Number(process.env['KTS_INTEROP_KILLS'] ?? 5)
const MESSAGES = 4_000 * (KILLS + 1)

const copier = 'org.apache.kafka.tools.TransactionalMessageCopier'

describe(`${KILLS} kills with -9 in the middle of copying by transactions`, () => {
  // A copier asks for its group's stable offsets before it fences the one that was killed: until that one's transaction
  // has timed out, it waits.
  const target = useTarget({ 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500' })

  test(
    'every message exactly once, in order',
    async () => {
      const { bootstrap } = target()
      for (const topic of ['copy-from', 'copy-to']) {
        await kafkaTool('kafka-topics', `--bootstrap-server ${bootstrap} --create --topic ${topic} --partitions 1`)
      }
      await kafkaTool(
        'kafka-verifiable-producer',
        `--bootstrap-server ${bootstrap} --topic copy-from --max-messages ${MESSAGES} --acks -1`,
      )

      let running = startCopier()
      for (let kill = 0; kill < KILLS; kill++) {
        const some = 2 + Math.floor(Math.random() * 30)
        running = await further(running, some)
        if (kill % 2 === 0) {
          await running.end('SIGKILL')
        } else {
          await target().kill()
          await target().start()
        }
      }
      running = await further(running, Infinity)
      expect(running.lines.at(-1), 'what the last copier says').toContain('"remaining":0')

      const { text } = await kcat(bootstrap, '-C -t copy-to -o beginning -e -q -X isolation.level=read_committed')
      const copied = text.split('\n').map(Number)
      expect(copied).toEqual(Array.from({ length: MESSAGES }, (_, value) => value))
      const all = await kcat(bootstrap, '-C -t copy-to -o beginning -e -q -X isolation.level=read_uncommitted')
      expect(all.text.split('\n').length, 'with those of aborted transactions').toBeGreaterThan(MESSAGES)
    },
    60_000 + KILLS * 20_000,
  )

  function startCopier(): Running {
    return runningTool(
      copier,
      `--broker-list ${target().bootstrap} --transactional-id copier --consumer-group copiers --input-topic copy-from ` +
        `--input-partition 0 --output-topic copy-to --max-messages -1 --transaction-size 50 ` +
        '--transaction-timeout 2000 --enable-random-aborts',
    )
  }

  /** Lets a copier work for so many transactions, or to its end; one that has died with its broker is followed by a new one. */
  async function further(running: Running, transactions: number): Promise<Running> {
    let current = running
    for (let attempt = 0; attempt < 10; attempt++) {
      const before = current.lines.length
      const enough = (lines: readonly string[]): boolean =>
        lines.length >= before + transactions || lines.some((line) => line.includes('"remaining":0'))
      try {
        await current.until('transactions of the copier', enough)
        if (transactions === Infinity) await current.finished()
        return current
      } catch (error) {
        if (current.running) throw error
        current = startCopier()
      }
    }
    throw new Error(`ten copiers ended, one after the other\n${current.stderr.slice(-4000)}`)
  }
})
