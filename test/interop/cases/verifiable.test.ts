// Kafka's system-test clients: VerifiableProducer says which record was acknowledged at which offset, VerifiableConsumer
// which it read; the two must agree.
import { describe, expect, test } from 'vitest'
import { type Running, kafkaTool, runningTool } from '../commands.js'
import { useTarget } from '../target.js'

interface ConsumerEvent {
  readonly name: string
  readonly count?: number
  readonly success?: boolean
  readonly partitions?: readonly {
    readonly partition: number
    readonly minOffset: number
    readonly maxOffset: number
  }[]
}

const events = (consumer: Running) => consumer.lines.map((line) => JSON.parse(line) as ConsumerEvent)
const consumed = (consumer: Running) =>
  events(consumer)
    .filter((event) => event.name === 'records_consumed')
    .reduce((sum, event) => sum + (event.count ?? 0), 0)
const assigned = (consumer: Running) =>
  events(consumer).findLast((event) => event.name === 'partitions_assigned')?.partitions?.length

describe('VerifiableProducer and VerifiableConsumer', () => {
  const target = useTarget()
  const create = (topic: string, partitions: number) =>
    kafkaTool(
      'kafka-topics',
      `--bootstrap-server ${target().bootstrap} --create --topic ${topic} --partitions ${partitions}`,
    )
  const produce = (topic: string, args: string) =>
    kafkaTool('kafka-verifiable-producer', `--bootstrap-server ${target().bootstrap} --topic ${topic} ${args}`)
  const consume = (topic: string, args: string) =>
    runningTool('kafka-verifiable-consumer', `--bootstrap-server ${target().bootstrap} --topic ${topic} ${args}`)

  for (const acks of [-1, 1, 0]) {
    test(`acks=${acks}: every record is answered`, async () => {
      const topic = `acks${acks}`
      await create(topic, 1)
      const { text } = await produce(topic, `--max-messages 5000 --acks ${acks}`)
      const last = JSON.parse(text.split('\n').at(-1) ?? '') as Record<string, unknown>
      expect(last).toMatchObject({ name: 'tool_data', sent: 5000, acked: 5000 })
      const counted = await kafkaTool('kafka-get-offsets', `--bootstrap-server ${target().bootstrap} --topic ${topic}`)
      expect(counted.text).toBe(`${topic}:0:5000`)
    })
  }

  test('a consumer reads every acknowledged record once and in order, and commits', async () => {
    await create('verified', 3)
    await produce('verified', '--max-messages 20000')
    const consumer = consume('verified', '--group-id verified --reset-policy earliest --max-messages 20000')
    await consumer.finished()
    expect(consumed(consumer)).toBe(20_000)
    expect(events(consumer).filter((event) => event.success === false)).toEqual([])
    const next = new Map<number, number>()
    for (const event of events(consumer).filter((one) => one.name === 'records_consumed')) {
      for (const { partition, minOffset, maxOffset } of event.partitions ?? []) {
        expect(minOffset).toBe(next.get(partition) ?? 0)
        next.set(partition, maxOffset + 1)
      }
    }
  })

  test('members share the partitions, and give them up when they leave or fall silent', async () => {
    await create('shared', 4)
    const options = '--group-id shared --reset-policy earliest --session-timeout 6000'
    const first = consume('shared', options)
    const second = consume('shared', options)
    const third = consume('shared', options)
    try {
      const eachOwns = (counts: readonly number[], members: readonly Running[]) =>
        first.until(`${counts.join(', ')} partitions each`, () => {
          const owned = members.map((member) => assigned(member) ?? 0).sort((a, b) => a - b)
          return owned.join() === counts.join()
        })
      const poll = setInterval(() => first.wake(), 200)
      try {
        await eachOwns([1, 1, 2], [first, second, third])
        await second.end('SIGTERM')
        await eachOwns([2, 2], [first, third])
        await third.end('SIGKILL')
        await eachOwns([4], [first])
      } finally {
        clearInterval(poll)
      }
      await produce('shared', '--max-messages 1000')
      await first.until('1000 records', () => consumed(first) === 1000)
    } finally {
      await Promise.all([first.end(), second.end(), third.end()])
    }
  })

  test('a static member that comes back keeps its partitions without a rebalance', async () => {
    await create('static', 2)
    const options = '--group-id static --reset-policy earliest --session-timeout 30000 --group-instance-id'
    const lasting = consume('static', `${options} lasting`)
    await lasting.until('all partitions', () => assigned(lasting) === 2)
    const coming = consume('static', `${options} coming`)
    await coming.until('one partition', () => assigned(coming) === 1)
    await lasting.until('one partition', () => assigned(lasting) === 1)
    const before = events(lasting).length
    await coming.end('SIGKILL')
    const back = consume('static', `${options} coming`)
    await back.until('its partition again', () => assigned(back) === 1)
    expect(
      events(lasting)
        .slice(before)
        .filter((event) => event.name.startsWith('partitions_')),
    ).toEqual([])
    await Promise.all([lasting.end(), back.end()])
  })
})
