/**
 * What the wire driver can do beyond the contract that all drivers share; on the bundled broker, or the Kafka that
 * KAFKA_BOOTSTRAP names.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { wallClock } from '../../base/clock.js'
import { logTo, silentLog, type LogLevel } from '../../base/log.js'
import { systemRandom } from '../../base/random.js'
import { OutboundPeer, tcpTransport } from '../../net/index.js'
import type { AdminPort, BatchResult, ConsumerOptions, KafkaDriver, ProducerPort } from '../port.js'
import { batch, producerOptions, unique, values } from '../../testing/driver-contract/harness.js'
import { RecordingConsumer, type RecordingOptions } from '../../testing/driver-contract/recording-consumer.js'
import { EmbeddedKafka } from '../../testing/embedded-kafka.js'
import { wireDriver } from './index.js'

const { KAFKA_BOOTSTRAP, KAFKA_LOG } = process.env
const log = KAFKA_LOG
  ? logTo((level, message, fields) => console.log(level, message, fields), KAFKA_LOG as LogLevel)
  : silentLog

/** Members of the newer protocol learn of a change with their next heartbeat. */
const QUICK_HEARTBEATS = {
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.heartbeat.interval.ms': '100',
}

/** API keys that the broker serves: what it lacks is not tried. */
let served: ReadonlySet<number>
const END_TXN = 26
const CONSUMER_GROUP_HEARTBEAT = 68

/** The suite's records are of long ago: a broker would delete them half a minute after it came up. */
const KEPT = { 'retention.ms': '-1' }

let broker: EmbeddedKafka | undefined
let driver: KafkaDriver
let admin: AdminPort
let producer: ProducerPort

beforeAll(async () => {
  if (!KAFKA_BOOTSTRAP) broker = await EmbeddedKafka.start({ configs: QUICK_HEARTBEATS })
  const bootstrapServers = [KAFKA_BOOTSTRAP ?? broker!.bootstrapServers]
  driver = wireDriver({ bootstrapServers, clientId: 'wire-test' }, { log })
  admin = driver.admin()
  producer = driver.producer(producerOptions())
  await Promise.all([admin.connect(), producer.connect()])
  served = await apisOf(bootstrapServers[0]!)
})
afterAll(async () => {
  await Promise.all([admin?.close(), producer?.close(1_000)])
  await broker?.stop()
})

async function apisOf(server: string): Promise<ReadonlySet<number>> {
  const [host, port] = server.split(':')
  const peer = new OutboundPeer(host!, Number(port), {
    transport: tcpTransport,
    clientId: 'wire-test',
    software: { name: 'kts-kafka', version: '0' },
    clock: wallClock(),
    random: systemRandom,
    log,
    requestTimeoutMs: 5_000,
    connectTimeoutMs: 5_000,
  })
  await peer.ready()
  const keys = new Set(peer.versions!.ranges.keys())
  peer.close()
  return keys
}

async function newTopic(partitions: number): Promise<string> {
  const name = unique('wire')
  await admin.createTopics([{ name, partitions, replicationFactor: 1, configs: KEPT }], 10_000)
  return name
}

async function send(by: ProducerPort, topic: string, partition: number, ...all: string[]): Promise<BatchResult> {
  const [result] = await by.send([batch(topic, partition, ...all)])
  if (result!.error) throw result!.error
  return result!
}

/** Keeps the partitions it has, as cooperative protocols tell it: what comes is added, what goes is taken away. */
class Member extends RecordingConsumer {
  readonly has = new Set<number>()

  constructor(own: Partial<ConsumerOptions>, options: RecordingOptions = {}) {
    super(driver, { ...options, consumer: own })
  }

  override onAssigned: RecordingConsumer['onAssigned'] = async (partitions, epoch) => {
    for (const { partition } of partitions) this.has.add(partition)
    return super.onAssigned(partitions, epoch)
  }

  override async onRevoked(
    partitions: Parameters<RecordingConsumer['onRevoked']>[0],
    deadlineMs: number,
  ): Promise<void> {
    await super.onRevoked(partitions, deadlineMs)
    for (const { partition } of partitions) this.has.delete(partition)
  }

  override onLost(partitions: Parameters<RecordingConsumer['onLost']>[0]): void {
    super.onLost(partitions)
    for (const { partition } of partitions) this.has.delete(partition)
  }
}

/** Each has so many, whoever is told last. */
const haveEach = async (count: number, ...members: Member[]): Promise<void> => {
  await Promise.all(members.map((member) => member.until(`${count} partitions`, () => member.has.size === count)))
}

const spread = (...members: Member[]): number[] => members.flatMap((member) => [...member.has]).sort((a, b) => a - b)

describe.each([
  ['cooperative-sticky', { assignors: ['cooperative-sticky'] }, undefined],
  ['the consumer group protocol', { groupProtocol: 'consumer' as const }, CONSUMER_GROUP_HEARTBEAT],
])('%s', (_name, own, needs) => {
  beforeEach((context) => {
    if (needs !== undefined && !served.has(needs)) context.skip()
  })

  it('moves what has to move, and what stays is read on', async () => {
    const topic = await newTopic(4)
    const consumer = { groupId: unique('group'), ...own }
    const first = new Member(consumer)
    await first.start({ topics: [topic] })
    await first.until('all partitions', () => first.has.size === 4)
    for (let partition = 0; partition < 4; partition++) await send(producer, topic, partition, `a${partition}`)
    await first.until('the first records', () => first.received.length === 4)
    const second = new Member(consumer, { start: () => undefined })
    await first.port.commit(
      [0, 1, 2, 3].map((partition) => ({ topic, partition, offset: 1 })),
      first.epoch,
    )
    await second.start({ topics: [topic] })
    await haveEach(2, first, second)
    expect(spread(first, second)).toEqual([0, 1, 2, 3])
    expect(first.events.filter((event) => event.startsWith('revoked'))).toEqual([
      `revoked ${spread(second)
        .map((partition) => `${topic}-${partition}`)
        .join(' ')}`,
    ])
    for (let partition = 0; partition < 4; partition++) await send(producer, topic, partition, `b${partition}`)
    await first.until('its share', () => first.received.length === 6)
    await second.until('its share', () => second.received.length === 2)
    const all = new Set([...first.values(), ...second.values()])
    expect(all).toEqual(new Set(['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2', 'b3']))
    await second.port.close(2_000)
    await first.until('all partitions again', () => first.has.size === 4)
    await first.port.close(2_000)
  })

  it('commits under the epoch of now, also for partitions that it has had for long', async () => {
    const topic = await newTopic(2)
    const consumer = { groupId: unique('group'), ...own }
    const first = new Member(consumer)
    await first.start({ topics: [topic] })
    await first.until('all partitions', () => first.has.size === 2)
    const second = new Member(consumer)
    await second.start({ topics: [topic] })
    await haveEach(1, first, second)
    const [partition] = first.has
    await first.until('an epoch', () => first.state === 'stable')
    const stable = first.states.findLast((state) => state.state === 'stable')
    await first.port.commit([{ topic, partition: partition!, offset: 0, metadata: 'kept' }], stable!.epoch)
    expect(await admin.committedOffsets(consumer.groupId, [{ topic, partition: partition! }])).toEqual([
      { topic, partition, offset: 0, metadata: 'kept' },
    ])
    await expect(
      second.port.commit([{ topic, partition: partition!, offset: 5 }], second.epoch - 1),
    ).rejects.toMatchObject({ kind: 'fenced' })
    await Promise.all([first.port.close(2_000), second.port.close(2_000)])
  })
})

describe('a pattern that the coordinator resolves', () => {
  beforeEach((context) => {
    if (!served.has(CONSUMER_GROUP_HEARTBEAT)) context.skip()
  })
  const consumer = (): Partial<ConsumerOptions> => ({ groupId: unique('group'), groupProtocol: 'consumer' })

  it('brings the topics that match, and no others', async () => {
    const word = unique('by-broker')
    const names = [`${word}-a`, `${word}-b`, `not-${word}-a`]
    const topics = names.map((name) => ({ name, partitions: 1, replicationFactor: 1, configs: KEPT }))
    await admin.createTopics(topics, 10_000)
    const member = new Member(consumer())
    await member.start({ pattern: new RegExp(`^${word.toUpperCase()}-[ab]$`, 'i'), resolvedBy: 'broker' })
    for (const name of names) await send(producer, name, 0, `in ${name}`)
    await member.until('both records', () => member.received.length === 2)
    expect(new Set(member.values())).toEqual(new Set([`in ${word}-a`, `in ${word}-b`]))
    await member.port.close(500)
  })

  it('that RE2 does not know ends the consumer, and says so', async () => {
    const member = new Member(consumer())
    await member.start({ pattern: /^(?!not)a$/, resolvedBy: 'broker' })
    await member.until('the end', () => member.state === 'failed')
    expect(member.states.at(-1)).toMatchObject({ error: { code: 'INVALID_REGULAR_EXPRESSION' } })
    await member.port.close(500)
  })

  it('is refused with the classic protocol', async () => {
    const member = new Member({})
    await expect(member.start({ pattern: /a/, resolvedBy: 'broker' })).rejects.toThrow(/groupProtocol 'consumer' only/)
  })
})

describe('a static member', () => {
  it('comes back to what it had, and nobody notices', async () => {
    const topic = await newTopic(2)
    const groupId = unique('group')
    const named = (groupInstanceId: string): Partial<ConsumerOptions> => ({ groupId, groupInstanceId })
    const one = new Member(named('one'))
    await one.start({ topics: [topic] })
    await one.until('all partitions', () => one.has.size === 2)
    const two = new Member(named('two'))
    await two.start({ topics: [topic] })
    await haveEach(1, one, two)
    const had = [...two.has]
    const seen = one.events.length
    await two.port.close(2_000)
    const back = new Member(named('two'))
    await back.start({ topics: [topic] })
    await back.until('what it had', () => back.has.size === 1)
    expect([...back.has]).toEqual(had)
    expect(one.events.length).toBe(seen)
    await Promise.all([one.port.close(2_000), back.port.close(2_000)])
  })

  it('is fenced by another of the same name', async () => {
    const topic = await newTopic(1)
    const consumer = { groupId: unique('group'), groupInstanceId: 'same' }
    const old = new Member(consumer)
    await old.start({ topics: [topic] })
    await old.until('the partition', () => old.has.size === 1)
    const young = new Member(consumer)
    await young.start({ topics: [topic] })
    await young.until('the partition', () => young.has.size === 1)
    await old.until('the end', () => old.state === 'failed')
    expect(old.states.at(-1)).toMatchObject({ error: { kind: 'fenced', code: 'FENCED_INSTANCE_ID' } })
    await Promise.all([old.port.close(500), young.port.close(500)])
  })
})

it('what is out of turn in a transaction is refused by the name of the transaction', async (context) => {
  if (!served.has(END_TXN)) context.skip()
  const tx = driver.producer(producerOptions({ transactionalId: 'out-of-turn' }))
  await tx.connect()
  await tx.transactions!.initialize()
  await expect(tx.transactions!.commit()).rejects.toThrow(/commit\(\) is not possible while no transaction is open/)
  const [result] = await tx.send([batch(await newTopic(1), 0, 'a')])
  expect(result!.error!.message).toMatch(/'out-of-turn': no transaction is open; call begin\(\) first/)
  await tx.close(500)
})

it('tells where reading stands, and how much is left, also behind an open transaction', async (context) => {
  if (!served.has(END_TXN)) context.skip()
  const topic = await newTopic(1)
  const tx = driver.producer(producerOptions({ transactionalId: unique('lag') }))
  await tx.connect()
  await tx.transactions!.initialize()
  await send(producer, topic, 0, 'a', 'b')
  await tx.transactions!.begin()
  await send(tx, topic, 0, 'open')
  const readers = await Promise.all(
    (['read_uncommitted', 'read_committed'] as const).map(async (isolation) => {
      const reader = new Member(
        { groupId: '', isolation },
        { onRecords: () => reader.port.pause([{ topic, partition: 0 }]) },
      )
      await reader.start({ partitions: [{ topic, partition: 0 }] })
      await reader.until('records', () => reader.received.length >= 2)
      return reader
    }),
  )
  const [all, committed] = readers.map((reader) => reader.port.positions!()[0])
  expect(all).toMatchObject({ topic, partition: 0, position: all!.position, lag: 3 - all!.position! })
  expect(committed).toMatchObject({ position: 2, lag: 0 })
  await tx.transactions!.abort()
  await Promise.all([tx.close(500), ...readers.map((reader) => reader.port.close(500))])
})

describe('partitions given by hand', () => {
  it('are committed for the group without being a member', async () => {
    const topic = await newTopic(2)
    const groupId = unique('group')
    const reader = new Member({ groupId })
    await reader.start({ partitions: [{ topic, partition: 1 }] })
    await send(producer, topic, 1, ...values('v', 3))
    await reader.until('the records', () => reader.received.length === 3)
    await reader.port.commit([{ topic, partition: 1, offset: 2 }], reader.epoch)
    await reader.port.close(500)
    const next = new Member({ groupId }, { start: () => undefined })
    await next.start({ partitions: [{ topic, partition: 1 }] })
    await next.until('what was not committed', () => next.received.length === 1)
    expect(next.values()).toEqual(['v2'])
    await next.port.close(500)
  })
})
