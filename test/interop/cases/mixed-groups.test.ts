// Members of the Java client and of the wire driver in one group: whoever leads it, every partition has one reader, each
// half of them, and every record is read by somebody, also after one has left.
import { describe, expect, test } from 'vitest'
import { wallClock } from '../../../src/base/clock.js'
import type { ConsumerOptions } from '../../../src/client/port.js'
import { wireDriver } from '../../../src/client/wire/index.js'
import { batch, producerOptions, unique, values } from '../../../src/testing/driver-contract/harness.js'
import { type Running, runningTool } from '../commands.js'
import { WireMember } from '../group-members.js'
import { needs, useTarget } from '../target.js'

const PARTITIONS = 6
const strategy = (name: string): string => `--assignment-strategy org.apache.kafka.clients.consumer.${name}`

interface JavaEvent {
  readonly name: string
  readonly value?: string
  readonly partitions?: readonly { readonly partition: number }[]
}

/** What Kafka's VerifiableConsumer has by now, as its lines tell. */
function javaState(java: Running): { has: Set<number>; read: string[] } {
  const has = new Set<number>()
  const read: string[] = []
  for (const line of java.lines) {
    const { name, value, partitions = [] } = JSON.parse(line) as JavaEvent
    if (name === 'partitions_assigned') for (const { partition } of partitions) has.add(partition)
    if (name === 'partitions_revoked') for (const { partition } of partitions) has.delete(partition)
    if (name === 'record_data') read.push(value!)
  }
  return { has, read }
}

describe('groups of Java and wire members', () => {
  const target = useTarget({
    'group.consumer.min.heartbeat.interval.ms': '100',
    'group.consumer.heartbeat.interval.ms': '100',
  })

  const protocols: readonly [string, Partial<ConsumerOptions>, string][] = [
    ['range', { assignors: ['range'] }, strategy('RangeAssignor')],
    ['roundrobin', { assignors: ['roundrobin'] }, strategy('RoundRobinAssignor')],
    ['sticky', { assignors: ['sticky'] }, strategy('StickyAssignor')],
    ['cooperative-sticky', { assignors: ['cooperative-sticky'] }, strategy('CooperativeStickyAssignor')],
    ['KIP-848', { groupProtocol: 'consumer' }, '--group-protocol consumer'],
  ]
  const cases = protocols.flatMap(([name, own, args]) =>
    (['wire', 'java'] as const).map((first) => ({ name, own, args, first })),
  )

  test.for(cases)('$name, $first first', async ({ name, own, args, first }, context) => {
    if (own.groupProtocol === 'consumer') await needs(context, target(), 'ConsumerGroupHeartbeat')
    const { bootstrap } = target()
    const driver = wireDriver({ bootstrapServers: [bootstrap], clientId: 'mixed' })
    const admin = driver.admin()
    const producer = driver.producer(producerOptions())
    await Promise.all([admin.connect(), producer.connect()])
    const topic = unique(`mixed-${name}`)
    const groupId = unique('group')
    // the records' timestamps are of long ago: the broker must not delete them for that
    const configs = { 'retention.ms': '-1' }
    await admin.createTopics([{ name: topic, partitions: PARTITIONS, replicationFactor: 1, configs }], 10_000)

    const member = new WireMember(driver, admin, { groupId, ...own })
    const startJava = (): Running =>
      runningTool(
        'kafka-verifiable-consumer',
        `--bootstrap-server ${bootstrap} --topic ${topic} --group-id ${groupId} --reset-policy earliest --verbose ${args}`,
      )
    let java: Running
    if (first === 'java') {
      java = startJava()
      await java.until('all partitions', () => javaState(java).has.size === PARTITIONS)
      await member.start({ topics: [topic] })
    } else {
      await member.start({ topics: [topic] })
      await member.until('all partitions', () => member.has.size === PARTITIONS)
      java = startJava()
    }
    let sent = 0
    const send = async (): Promise<void> => {
      const [result] = await producer.send([batch(topic, sent % PARTITIONS, `r${sent++}`)])
      expect(result!.error).toBe(undefined)
    }
    const missing = (): string[] => {
      const seen = new Set([...javaState(java).read, ...member.values()])
      return values('r', sent).filter((value) => !seen.has(value))
    }
    const untilAll = async (): Promise<void> => {
      for (let left = 100; left > 0 && missing().length > 0; left--) await pause(100)
      expect(missing()).toEqual([])
    }
    const isShared = (): boolean =>
      member.has.size === PARTITIONS / 2 && javaState(java).has.size === PARTITIONS / 2 && sent >= PARTITIONS * 10
    for (let left = 1_000; left > 0 && !isShared(); left--) {
      await send()
      await pause(20)
    }
    expect([...member.has, ...javaState(java).has].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5])
    await untilAll()
    await java.end('SIGTERM')
    await member.until('all partitions again', () => member.has.size === PARTITIONS)
    for (let left = PARTITIONS; left > 0; left--) await send()
    await untilAll()
    await member.port.close(2_000)
    await Promise.all([admin.close(), producer.close(500)])
  })
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => wallClock().after(ms, resolve))
