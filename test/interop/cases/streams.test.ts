// A Java Kafka Streams application (clients/java, StreamsApp), exactly once, while it and the broker are killed with -9 in
// turn: what it has written is what its input implies, each result once. KTS_STREAMS_KILLS sets how often (default 4).
import { mkdtempSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Running, home, kcat } from '../commands.js'
import { runningJava } from '../java.js'
import { needs, useTarget } from '../target.js'

const KILLS = Number(process.env['KTS_STREAMS_KILLS'] ?? 4)
const ORDERS = 500 + KILLS * 500
const WINDOW_MS = 10_000
const PREFIX = 'shop'

interface Row {
  readonly key: string
  readonly value: string
  readonly timestampMs: number
}

describe(`a Streams application, killed ${KILLS} times`, () => {
  const target = useTarget({ 'offsets.topic.num.partitions': '4', 'transaction.state.log.num.partitions': '4' })

  async function read(topic: string): Promise<readonly Row[]> {
    const args = ['-C', '-t', `${PREFIX}-${topic}`, '-o', 'beginning', '-e', '-q', '-f', '%k\\t%s\\t%T\\n']
    const { text } = await kcat(target().bootstrap, args)
    if (text === '') return []
    return text.split('\n').map((line) => {
      const [key = '', value = '', timestamp = ''] = line.split('\t')
      return { key, value, timestampMs: Number(timestamp) }
    })
  }

  /** Reads until there is as much as expected, and gives what there is when there is no more hope. */
  async function settled(topic: string, count: number): Promise<readonly Row[]> {
    const deadline = Date.now() + 60_000
    for (;;) {
      const rows = await read(topic)
      if (rows.length >= count || Date.now() > deadline) return rows
    }
  }

  /** A count that goes up by one with each input, key by key, in the order of the partition. */
  function expectCounted(rows: readonly Row[], inputs: readonly string[]): void {
    const expected = new Map<string, number>()
    for (const key of inputs) expected.set(key, (expected.get(key) ?? 0) + 1)
    const seen = new Map<string, string[]>()
    for (const { key, value } of rows) seen.set(key, [...(seen.get(key) ?? []), value])
    for (const [key, count] of expected) {
      expect(seen.get(key), key).toEqual(Array.from({ length: count }, (_, n) => String(n + 1)))
    }
    expect(seen.size).toBe(expected.size)
  }

  const sorted = (rows: readonly string[]) => [...rows].sort()

  test(
    'counts, windows and joins are what the input implies, exactly once',
    { timeout: 120_000 + KILLS * 20_000 },
    async (context) => {
      await needs(context, target(), 'AddPartitionsToTxn', 'TxnOffsetCommit')
      const state = mkdtempSync(`${home}/work/streams-`)
      const feeder = runningJava('Feeder', [target().bootstrap, PREFIX, String(ORDERS), '100'])
      await feeder.until('the topics', (lines) => lines.includes('ready'))
      const start = async (): Promise<Running> => {
        const app = runningJava('StreamsApp', [target().bootstrap, state, PREFIX])
        await app.until('the application runs', (lines) => lines.includes('state RUNNING'))
        return app
      }
      let app = await start()
      try {
        for (let kill = 0; kill < KILLS; kill++) {
          const more = feeder.lines.length + 100 + Math.floor(Math.random() * 300)
          await feeder.until(`orders before kill ${kill + 1}`, (lines) => lines.length > more || lines.some(isDone))
          if (kill % 2 === 0) {
            await app.end('SIGKILL')
            app = await start()
          } else {
            await target().kill()
            await target().start()
          }
        }
        await feeder.until('all orders', (lines) => lines.some(isDone), 120_000)
        expect(feeder.lines.find(isDone)).toBe('done, 0 failed')

        const orders = await read('orders')
        expect(orders).toHaveLength(ORDERS)
        const windowOf = ({ key, timestampMs }: Row) => `${key}@${timestampMs - (timestampMs % WINDOW_MS)}`
        expectCounted(
          await settled('counts', ORDERS),
          orders.map(({ key }) => key),
        )
        expectCounted(await settled('windows', ORDERS), orders.map(windowOf))
        const named = await settled('named', ORDERS)
        const names = orders.map(({ key, value }) => `${key} ${value}:name${key.slice(1)}`)
        expect(sorted(named.map(({ key, value }) => `${key} ${value}`))).toEqual(sorted(names))
        const paid = await settled('paid', ORDERS)
        expect(sorted(paid.map(({ key, value }) => `${key} ${value}`))).toEqual(
          sorted(orders.map(({ value }) => `${value} paid`)),
        )
        expect(app.lines.filter((line) => line.startsWith('error '))).toEqual([])
      } finally {
        await Promise.all([feeder.end('SIGKILL'), app.end('SIGKILL')])
      }
    },
  )
})

const isDone = (line: string): boolean => line.startsWith('done')
