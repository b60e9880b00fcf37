// The consumer protocol of KIP-848 by the Java client: members come and go, one is static, a classic group becomes a
// consumer group while it is used.
import { describe, expect, test } from 'vitest'
import { type Running, kafkaTool } from '../commands.js'
import { needs, useTarget } from '../target.js'
import { consumedBy, eventsOf, ownedBy, shares, verifiableConsumer } from '../verifiable.js'

describe('the consumer protocol', () => {
  const target = useTarget({
    'group.consumer.min.heartbeat.interval.ms': '500',
    'group.consumer.heartbeat.interval.ms': '500',
    'group.consumer.min.session.timeout.ms': '5000',
    'group.consumer.session.timeout.ms': '5000',
  })
  const tool = (name: string, args: string) => kafkaTool(name, `--bootstrap-server ${target().bootstrap} ${args}`)
  const create = (topic: string, partitions: number) =>
    tool('kafka-topics', `--create --topic ${topic} --partitions ${partitions}`)
  const produce = (topic: string, count: number) =>
    tool('kafka-verifiable-producer', `--topic ${topic} --max-messages ${count}`)
  const consume = (name: string, args?: string) => verifiableConsumer(target().bootstrap, name, args)
  const groups = async (group: string, what: string) =>
    (await tool('kafka-consumer-groups', `--describe --group ${group} ${what}`)).text

  test('members share the partitions, come and go, and are described', async (context) => {
    await needs(context, target(), 'ConsumerGroupHeartbeat', 'ConsumerGroupDescribe')
    await create('modern', 4)
    await produce('modern', 1000)
    const [first, second, third] = [consume('modern'), consume('modern'), consume('modern')]
    const members = [first, second, third]
    try {
      await shares(members, 1, 1, 2)
      expect(await groups('modern', '--state')).toMatch(/modern\s+\S+:\d+\s+\(\d+\)\s+uniform\s+Stable\s+3/)
      const table = (await groups('modern', '--members --verbose'))
        .split('\n')
        .filter((line) => line.startsWith('modern '))
      expect(table).toHaveLength(3)
      for (const row of table) expect(row).toMatch(/\/127\.0\.0\.1\s+consumer-modern-1\s+[12]\s/)
      expect((await tool('kafka-groups', '--list')).text).toMatch(/^modern\s+Consumer\s+consumer\s*$/m)
      await second.end('SIGTERM')
      await shares([first, third], 2, 2)
      await third.end('SIGKILL') // noticed when its session is over
      await shares([first], 4)
      await produce('modern', 1000)
      await first.until('the records after it', () => consumedBy(first) >= 1000)
      expect(members.reduce((sum, member) => sum + consumedBy(member), 0)).toBeGreaterThanOrEqual(2000)
    } finally {
      await Promise.all(members.map((member) => member.end()))
    }
    expect(await groups('modern', '--state')).toMatch(/\sEmpty\s+0/)
    const { text } = await tool(
      'kafka-console-consumer',
      '--topic modern --group fresh --command-property group.protocol=consumer --from-beginning --max-messages 2000',
    )
    expect(text.split('\n').filter((line) => /^\d+$/.test(line))).toHaveLength(2000)
  })

  test('a static member that comes back has the same partitions, and the other sees nothing of it', async (context) => {
    await needs(context, target(), 'ConsumerGroupHeartbeat')
    await create('fixed', 2)
    const options = '--group-protocol consumer --group-instance-id'
    const lasting = consume('fixed', `${options} lasting`)
    const coming = consume('fixed', `${options} coming`)
    let back: Running | undefined
    try {
      await shares([lasting, coming], 1, 1)
      const [before, seen] = [ownedBy(coming), eventsOf(lasting).length]
      await coming.end('SIGTERM') // a static member that leaves says only that it is away
      back = consume('fixed', `${options} coming`)
      await shares([back, lasting], 1, 1)
      expect(ownedBy(back)).toEqual(before)
      const since = eventsOf(lasting).slice(seen)
      expect(since.filter((event) => event.name.startsWith('partitions_'))).toEqual([])
    } finally {
      await Promise.all([lasting.end(), coming.end(), back?.end()])
    }
  })

  test('a group goes from classic to consumer while it is used, and keeps its offsets', async (context) => {
    await needs(context, target(), 'ConsumerGroupHeartbeat')
    await create('moved', 2)
    await produce('moved', 1000)
    const classic = consume('moved', '--group-protocol classic')
    let modern: Running | undefined
    try {
      await classic.until('1000 records', () => consumedBy(classic) === 1000)
      expect((await tool('kafka-groups', '--list')).text).toMatch(/^moved\s+Classic\s+consumer\s*$/m)
      modern = consume('moved')
      await shares([modern], 1)
      expect((await tool('kafka-groups', '--list')).text).toMatch(/^moved\s+Consumer\s+consumer\s*$/m)
      expect(await groups('moved', '--state')).toMatch(/\sStable\s+2/)
      await classic.end('SIGTERM')
      await shares([modern], 2)
      await produce('moved', 500)
      await modern.until('the new records', () => consumedBy(modern!) >= 500)
      expect(consumedBy(modern), 'the old records are not read again').toBe(500)
      await modern.end('SIGTERM')
      expect(await groups('moved', '--offsets')).toMatch(/^moved\s+moved\s+\d\s+(\d+)\s+\1\s+0\s/m)
    } finally {
      await Promise.all([classic.end(), modern?.end()])
    }
  })
})
