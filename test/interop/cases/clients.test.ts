// One journey (clients/README.md) through every client: topic, codecs, idempotent producing, a group, a resume.
import { describe, expect, test } from 'vitest'
import { home, kafkaTool, root, run } from '../commands.js'
import { useTarget } from '../target.js'

const python = `${home}/python/bin/python`
const clients: Readonly<Record<string, readonly string[]>> = {
  'confluent-kafka (Python, current librdkafka)': [python, `${root}test/interop/clients/python/confluent.py`],
  aiokafka: [python, `${root}test/interop/clients/python/aio.py`],
  'kafka-python': [python, `${root}test/interop/clients/python/pure.py`],
  'franz-go': [`${home}/franz-go`],
  kafkajs: [process.execPath, `${home}/node/kafkajs.mjs`],
  '@platformatic/kafka': [process.execPath, `${home}/node/platformatic.mjs`],
  '@confluentinc/kafka-javascript': [process.execPath, `${home}/confluent-js/confluent.mjs`],
}

describe('the journey', () => {
  const target = useTarget()

  for (const [name, [program = '', ...args]] of Object.entries(clients)) {
    test(`by ${name}; Java reads what it wrote`, async () => {
      const { bootstrap } = target()
      const topic = `by-${name.replace(/[^a-z]+/gi, '-')}`
      const { text } = await run(program, [...args, bootstrap, topic, `group-of-${topic}`])
      const report = JSON.parse(text.split('\n').at(-1) ?? '') as Record<string, unknown>
      const codecs = report['codecs'] as string[]
      expect(report).toMatchObject({ consumed: 50 * codecs.length, resumed: 10, committed: 50 * codecs.length + 10 })

      const consumed = await kafkaTool(
        'kafka-console-consumer',
        `--bootstrap-server ${bootstrap} --topic ${topic} --from-beginning --timeout-ms 30000
         --max-messages ${50 * codecs.length + 10} --formatter-property print.headers=true`,
      )
      const expected = codecs.flatMap((codec) =>
        Array.from({ length: 50 }, (_, n) => `${codec}-${n}-${'x'.repeat(200)}`),
      )
      const got = consumed.text.split('\n')
      for (const line of got) expect(line).toMatch(/^codec:\w+\t/)
      const values = got.map((line) => line.slice(line.indexOf('\t') + 1))
      expect(new Set(values)).toEqual(new Set([...expected, ...Array.from({ length: 10 }, (_, n) => `more-${n}`)]))
    })
  }
})
