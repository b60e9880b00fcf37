// Groups of KIP-848 by the Java client while things change under them: the protocol there and back, the topics that a
// pattern means, the group's settings, the broker killed.
import { describe, expect, test } from 'vitest'
import { type Running, kafkaTool } from '../commands.js'
import { runningJava } from '../java.js'
import { needs, useTarget } from '../target.js'
import { consumedBy, eventsOf, ownedBy, shares, verifiableConsumer } from '../verifiable.js'

describe('the consumer protocol, while things change', () => {
  const target = useTarget({
    'group.consumer.min.heartbeat.interval.ms': '500',
    'group.consumer.heartbeat.interval.ms': '500',
    'group.consumer.min.session.timeout.ms': '5000',
  })
  const tool = (name: string, args: string) => kafkaTool(name, `--bootstrap-server ${target().bootstrap} ${args}`)
  const create = (topic: string, partitions: number) =>
    tool('kafka-topics', `--create --topic ${topic} --partitions ${partitions}`)
  const produce = (topic: string, count: number) =>
    tool('kafka-verifiable-producer', `--topic ${topic} --max-messages ${count}`)
  const consume = (topic: string, args?: string) => verifiableConsumer(target().bootstrap, topic, args)
  const describeGroup = async (group: string, what: string) =>
    (await tool('kafka-consumer-groups', `--describe --group ${group} ${what}`)).text
  const typeOf = async (group: string) =>
    new RegExp(`^${group}\\s+(\\w+)`, 'm').exec((await tool('kafka-groups', '--list')).text)?.[1]

  test('a group goes from consumer to classic and back while it is used, and keeps its offsets', async (context) => {
    await needs(context, target(), 'ConsumerGroupHeartbeat')
    await create('back', 2)
    await produce('back', 1000)
    const modern = consume('back')
    const started: Running[] = [modern]
    try {
      await modern.until('1000 records', () => consumedBy(modern) === 1000)
      const classic = consume('back', '--group-protocol classic')
      started.push(classic)
      await shares([modern, classic], 1, 1)
      expect(await typeOf('back')).toBe('Consumer')
      await modern.end('SIGTERM')
      await shares([classic], 2)
      expect(await typeOf('back')).toBe('Classic')
      await produce('back', 500)
      await classic.until('the new records', () => consumedBy(classic) >= 500)
      const again = consume('back')
      started.push(again)
      await shares([classic, again], 1, 1)
      expect(await typeOf('back')).toBe('Consumer')
      await classic.end('SIGTERM')
      await shares([again], 2)
      await produce('back', 500)
      await again.until('what is new again', () => consumedBy(again) >= 500)
      expect(consumedBy(classic), 'nothing is read twice').toBe(500)
      expect(consumedBy(again), 'nothing is read twice').toBe(500)
      await again.end('SIGTERM')
      expect(await describeGroup('back', '--offsets')).toMatch(/^back\s+back\s+\d\s+(\d+)\s+\1\s+0\s/m)
    } finally {
      await Promise.all(started.map((member) => member.end('SIGKILL')))
    }
  })

  test('a pattern means the topics that are there and those that come; a bad one is refused', async (context) => {
    await needs(context, target(), 'ConsumerGroupHeartbeat')
    for (const topic of ['odd-1', 'odd-3', 'even-2']) await create(topic, 1)
    const member = runningJava('PatternMember', [target().bootstrap, 'patterns', 'odd-[0-9]+'])
    try {
      await member.until('the topics there', (lines) => lines.includes('has odd-1-0 odd-3-0'))
      await create('odd-5', 1)
      await create('odd-x', 1)
      await member.until('the topic that came', (lines) => lines.includes('has odd-1-0 odd-3-0 odd-5-0'), 40_000)
      const shown = await describeGroup('patterns', '--state --verbose')
      expect(shown).toMatch(/patterns\s+.*uniform\s+Stable\s+\d+\s+\d+\s+1/)
    } finally {
      await member.end('SIGKILL')
    }
    // A look behind, which RE2 does not have.
    const bad = runningJava('PatternMember', [target().bootstrap, 'bad-patterns', '(?<!x)odd-.*'])
    await bad.finished()
    expect(bad.lines).toContain('error InvalidRegularExpression')
  })

  test('a session as long as the group is set to; static members and a killed broker: all stays as it was', async (context) => {
    await needs(context, target(), 'ConsumerGroupHeartbeat', 'IncrementalAlterConfigs')
    await create('kept', 2)
    const group = '--entity-type groups --entity-name kept'
    await tool('kafka-configs', `--alter ${group} --add-config consumer.session.timeout.ms=6000`)
    expect((await tool('kafka-configs', `--describe ${group}`)).text).toContain('consumer.session.timeout.ms=6000')
    const first = consume('kept', '--group-protocol consumer --group-instance-id one')
    const second = consume('kept', '--group-protocol consumer --group-instance-id two')
    try {
      await shares([first, second], 1, 1)
      const before = await membersOf('kept')
      expect(before).toHaveLength(2)
      const seen = [first, second].map((member) => eventsOf(member).length)
      await target().kill()
      await target().start()
      await produce('kept', 1000)
      await first.until('all records', () => consumedBy(first) + consumedBy(second) >= 1000)
      for (const [n, member] of [first, second].entries()) {
        const since = eventsOf(member).slice(seen[n])
        expect(since.filter(({ name }) => name.startsWith('partitions_'))).toEqual([])
      }
      expect(await membersOf('kept')).toEqual(before)
      const { length } = ownedBy(first)
      await second.end('SIGKILL') // missed when six seconds are over, not the forty-five of the broker
      const killedMs = Date.now()
      await shares([first], length + 1)
      expect(Date.now() - killedMs).toBeLessThan(25_000)
    } finally {
      await Promise.all([first.end('SIGKILL'), second.end('SIGKILL')])
    }
  })

  /** The rows of a group's members: instance, id, epochs, what they have. */
  async function membersOf(group: string): Promise<readonly string[]> {
    const text = await describeGroup(group, '--members --verbose')
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${group} `))
      .sort()
  }
})
