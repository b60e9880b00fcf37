// kcat, on Debian's librdkafka: what people reach for first.
import { describe, expect, test } from 'vitest'
import { kafkaTool, kcat } from '../commands.js'
import { useTarget } from '../target.js'

describe('kcat', () => {
  const target = useTarget()
  const on = (args: string | readonly string[], input?: string) =>
    kcat(target().bootstrap, args, input === undefined ? {} : { input })
  const create = (topic: string, partitions: number) =>
    kafkaTool(
      'kafka-topics',
      `--bootstrap-server ${target().bootstrap} --create --topic ${topic} --partitions ${partitions}`,
    )

  test('shows the cluster', async () => {
    await create('shown', 3)
    const { text } = await on('-L -J')
    const metadata = JSON.parse(text) as {
      brokers: { id: number; name: string }[]
      topics: { topic: string; partitions: unknown[] }[]
    }
    expect(metadata.brokers).toEqual([{ id: 1, name: target().bootstrap }])
    expect(metadata.topics.find((topic) => topic.topic === 'shown')?.partitions).toHaveLength(3)
  })

  test('creates a topic by producing to it', async () => {
    await on('-P -t made-by-producing', 'one\n')
    expect((await on('-C -t made-by-producing -e -q')).text).toBe('one')
  })

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    test(`keys, headers and tombstones, ${codec}, come back as they went`, async () => {
      const topic = `typed-${codec}`
      await create(topic, 1)
      const input = Array.from(
        { length: 200 },
        (_, n) => `k${n}|${n % 10 === 0 ? '' : `value ${n} ${'y'.repeat(n)}`}\n`,
      )
      await on(`-P -t ${topic} -p 0 -K| -Z -z ${codec} -H a=1 -H b=two`, input.join(''))
      const { text } = await on(['-C', '-t', topic, '-p', '0', '-e', '-q', '-f', '%o %k %S %h %s\n'])
      const expected = input.map((_, n) => {
        const value = n % 10 === 0 ? '' : `value ${n} ${'y'.repeat(n)}`
        return `${n} k${n} ${n % 10 === 0 ? -1 : value.length} a=1,b=two ${value}`.trimEnd()
      })
      expect(text.split('\n').map((line) => line.trimEnd())).toEqual(expected)
    })
  }

  test('reads from the tail, from an offset, and from a time', async () => {
    await create('timed', 1)
    await on('-P -t timed -p 0', '0\n1\n2\n3\n4\n')
    await new Promise((done) => setTimeout(done, 20))
    const between = Date.now()
    await new Promise((done) => setTimeout(done, 20))
    await on('-P -t timed -p 0', '5\n6\n7\n')
    const read = async (from: string) => (await on(`-C -t timed -p 0 -o ${from} -e -q`)).text.split('\n').join(' ')
    expect(await read('-2')).toBe('6 7')
    expect(await read('3')).toBe('3 4 5 6 7')
    expect(await read(`s@${between}`)).toBe('5 6 7')
    expect((await on(`-Q -t timed:0:${between}`)).text).toBe('timed [0] offset 5')
  })

  test('a record of nearly the largest size goes through, a larger one is refused', async () => {
    await create('large', 1)
    await on('-P -t large -p 0 -D ; -X message.max.bytes=2000000', 'x'.repeat(1_000_000))
    const { stdout } = await on('-C -t large -p 0 -e -q -D ;')
    expect(stdout.length).toBe(1_000_001)
    const refused = await kcat(target().bootstrap, '-P -t large -p 0 -D ; -X message.max.bytes=2000000', {
      input: 'x'.repeat(1_100_000),
      mayFail: true,
    })
    expect(refused.stderr).toMatch(/Message size too large/)
  })

  test('a group of two kcats reads each record once', async () => {
    await create('halves', 4)
    for (const partition of [0, 1, 2, 3]) await on(`-P -t halves -p ${partition}`, `${partition}\n`.repeat(250))
    const member = () => on('-G halved -X auto.offset.reset=earliest -X session.timeout.ms=6000 -e -q halves')
    const [one, two] = await Promise.all([member(), member()])
    const lines = [...one.text.split('\n'), ...two.text.split('\n')].filter((line) => line !== '')
    expect(lines).toHaveLength(1000)
    expect(await on('-G halved -e -q halves').then(({ text }) => text)).toBe('')
  })
})
