// kill -9 in the middle of producing, again and again: no acknowledged record lost, none twice, order kept.
// KTS_INTEROP_KILLS sets how often (default 5; 50 is the full proof).
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Running, home, kafkaTool, kcat, root, runningTool } from '../commands.js'
import { useTarget } from '../target.js'

const KILLS = Number(process.env['KTS_INTEROP_KILLS'] ?? 5)
const partitions = 2

describe(`${KILLS} kills with -9 in the middle of a producing run`, () => {
  const target = useTarget()

  test(
    "Java's VerifiableProducer, idempotent",
    async () => {
      const { bootstrap } = target()
      const topic = 'crash-java'
      await kafkaTool(
        'kafka-topics',
        `--bootstrap-server ${bootstrap} --create --topic ${topic} --partitions ${partitions}`,
      )
      // The tool's own default is not to retry.
      const config = `${home}/work/idempotent.properties`
      writeFileSync(config, 'enable.idempotence=true\nretries=2147483647\nreconnect.backoff.max.ms=500\n')
      const producer = runningTool(
        'kafka-verifiable-producer',
        `--bootstrap-server ${bootstrap} --topic ${topic} --throughput 2000 --acks -1 --command-config ${config}`,
      )
      await killAgainAndAgain(producer)
      await producer.end('SIGTERM')

      const acknowledged = new Map<string, string>()
      for (const line of producer.lines) {
        const event = JSON.parse(line) as { name: string; value: string; partition: number; offset: number }
        if (event.name === 'producer_send_success') acknowledged.set(event.value, `${event.partition}:${event.offset}`)
      }
      await expectAllThere(topic, acknowledged)
    },
    30_000 + KILLS * 15_000,
  )

  test(
    'librdkafka, idempotent',
    async () => {
      const { bootstrap } = target()
      const topic = 'crash-librdkafka'
      await kafkaTool(
        'kafka-topics',
        `--bootstrap-server ${bootstrap} --create --topic ${topic} --partitions ${partitions}`,
      )
      const program = `${root}test/interop/clients/python/steady.py`
      const producer = new Running(`${home}/python/bin/python`, [program, bootstrap, topic, '2000'])
      await killAgainAndAgain(producer)
      await producer.end('SIGTERM')

      const acknowledged = new Map<string, string>()
      for (const line of producer.lines) {
        const [value = '', at = ''] = line.split(' ')
        acknowledged.set(value, at)
      }
      await expectAllThere(topic, acknowledged)
    },
    30_000 + KILLS * 15_000,
  )

  async function killAgainAndAgain(producer: Running): Promise<void> {
    await producer.until('the first acknowledgements', (lines) => lines.length > 200)
    for (let kill = 0; kill < KILLS; kill++) {
      // Anywhere within a second of good producing, so that kills fall on appends, rolls and idle moments alike.
      const more = producer.lines.length + 100 + Math.floor(Math.random() * 1500)
      await producer.until(`acknowledgements before kill ${kill + 1}`, (lines) => lines.length > more)
      await target().kill()
      await target().start()
    }
    const enough = producer.lines.length + 500
    await producer.until('acknowledgements after the last kill', (lines) => lines.length > enough)
  }

  /** Every acknowledged value stands where it was acknowledged; no value stands twice; values of a partition ascend. */
  async function expectAllThere(topic: string, acknowledged: ReadonlyMap<string, string>): Promise<void> {
    const { text } = await kcat(target().bootstrap, `-C -t ${topic} -o beginning -e -q -f %s\\t%p:%o\\n`)
    const stored = text.split('\n').map((line) => line.split('\t') as [string, string])
    const places = new Map(stored)
    expect(stored.length - places.size, 'values stored twice').toBe(0)
    const lost = [...acknowledged].filter(([value, at]) => places.get(value) !== at)
    expect(lost.slice(0, 10), 'acknowledged, but not stored there').toEqual([])
    expect(acknowledged.size).toBeGreaterThan(KILLS * 100)
    for (let partition = 0; partition < partitions; partition++) {
      const values = stored.filter(([, at]) => at.startsWith(`${partition}:`)).map(([value]) => Number(value))
      const disordered = values.filter((value, index) => value <= (values[index - 1] ?? -1))
      expect(disordered, `out of order in partition ${partition}`).toEqual([])
    }
  }
})
