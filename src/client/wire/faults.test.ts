/**
 * Connections that are cut at the worst moments, from a seed: before a request leaves, after it was served but before its
 * answer comes. Whatever happens, an idempotent producer's batches are in the log once, in order, at the offsets it told,
 * and a consumer sees each record in order, none left out.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logTo, silentLog, type LogLevel } from '../../base/log.js'
import { seededRandom, type Random } from '../../base/random.js'
import { tcpTransport, type Connection, type ConnectionEvents, type Transport } from '../../net/index.js'
import { batch, producerOptions, unique, values } from '../../testing/driver-contract/harness.js'
import { RecordingConsumer } from '../../testing/driver-contract/recording-consumer.js'
import { EmbeddedKafka } from '../../testing/embedded-kafka.js'
import type { AdminPort, KafkaDriver } from '../port.js'
import { wireDriver } from './index.js'

const { KAFKA_BOOTSTRAP, KAFKA_LOG } = process.env
const log = KAFKA_LOG
  ? logTo((level, message, fields) => console.log(level, message, fields), KAFKA_LOG as LogLevel)
  : silentLog

/** Cuts one in so many writes, and one in so many answers. */
function cutting(random: Random, oneIn: () => number, cuts: { count: number }): Pick<Transport, 'connect'> {
  const strikes = (): boolean => {
    const n = oneIn()
    if (n === 0 || random.below(n) !== 0) return false
    cuts.count++
    return true
  }
  return {
    async connect(host, port) {
      const inner = await tcpTransport.connect(host, port)
      return new Proxy(inner, {
        get(target, name) {
          if (name === 'write') {
            return (chunks: readonly Buffer[]) => (strikes() ? target.destroy() : target.write(chunks))
          }
          if (name === 'attach') {
            return (events: ConnectionEvents) =>
              target.attach({
                onData: (chunk) => (strikes() ? target.destroy() : events.onData(chunk)),
                onDrain: () => events.onDrain(),
                onClose: (error) => events.onClose(error),
              })
          }
          const value: unknown = Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      }) as Connection
    },
  }
}

/** The suite's records are of long ago: a broker would delete them half a minute after it came up. */
const KEPT = { 'retention.ms': '-1' }

let broker: EmbeddedKafka | undefined
let steady: KafkaDriver
let admin: AdminPort
const bootstrapServers = (): string[] => [KAFKA_BOOTSTRAP ?? broker!.bootstrapServers]

beforeAll(async () => {
  if (!KAFKA_BOOTSTRAP) broker = await EmbeddedKafka.start()
  steady = wireDriver({ bootstrapServers: bootstrapServers(), clientId: 'steady' })
  admin = steady.admin()
  await admin.connect()
})
afterAll(async () => {
  await admin?.close()
  await broker?.stop()
})

describe('connections that are cut', () => {
  it.each([1, 2])('lose, double and reorder nothing of an idempotent producer (seed %i)', async (seed) => {
    const topic = unique('cut')
    await admin.createTopics([{ name: topic, partitions: 3, replicationFactor: 1, configs: KEPT }], 10_000)
    let rate = 0
    const cuts = { count: 0 }
    const random = seededRandom(seed)
    const driver = wireDriver(
      { bootstrapServers: bootstrapServers(), clientId: 'cut' },
      { transport: cutting(random, () => rate, cuts), random, log },
    )
    const producer = driver.producer(producerOptions({ deliveryTimeoutMs: 14_000 }))
    await producer.connect()
    rate = 12
    const expected: string[][] = [[], [], []]
    const results: Promise<void>[] = []
    for (let i = 0; i < 80; i++) {
      const partition = random.below(3)
      const words = values(`${i}-`, 1 + random.below(3))
      const first = expected[partition]!.length
      expected[partition]!.push(...words)
      // without waiting for the one before
      results.push(
        producer.send([batch(topic, partition, ...words)]).then(([result]) => {
          expect(result!.error).toBe(undefined)
          expect('baseOffset' in result! && result.baseOffset).toBe(first)
        }),
      )
      if (random.below(3) === 0) await new Promise((resolve) => setTimeout(resolve, random.below(20)))
    }
    await Promise.all(results)
    expect(cuts.count).toBeGreaterThan(5)
    await producer.close(1_000)
    const reader = await new RecordingConsumer(steady).start({ topics: [topic] })
    await reader.until('all', () => reader.received.length >= expected.flat().length)
    expect([0, 1, 2].map((partition) => reader.values(partition))).toEqual(expected)
    await reader.port.close(500)
  })

  it('leave no hole behind a batch that was given up', async () => {
    const topic = unique('cut')
    await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1, configs: KEPT }], 10_000)
    let rate = 0
    const driver = wireDriver(
      { bootstrapServers: bootstrapServers(), clientId: 'cut' },
      { transport: cutting(seededRandom(1), () => rate, { count: 0 }), log },
    )
    const producer = driver.producer(producerOptions({ deliveryTimeoutMs: 700 }))
    await producer.connect()
    await producer.send([batch(topic, 0, 'before')])
    rate = 1
    const [first] = await producer.send([batch(topic, 0, 'given up')])
    expect(first!.error).toMatchObject({ kind: 'timeout', topicPartition: { topic, partition: 0 } })
    expect(first!.error!.message).toMatch(/-0: not acknowledged within 700 ms\. Last: /)
    const later = [1, 2, 3].map((i) => producer.send([batch(topic, 0, `later${i}`)]))
    rate = 0
    expect((await Promise.all(later)).flat().map((result) => result.error)).toEqual([undefined, undefined, undefined])
    const reader = await new RecordingConsumer(steady).start({ topics: [topic] })
    await reader.until('the last', () => reader.values().includes('later3'))
    expect(reader.values().filter((value) => value !== 'given up')).toEqual(['before', 'later1', 'later2', 'later3'])
    await Promise.all([producer.close(500), reader.port.close(500)])
  })

  it.each([1])('leave a consumer with every record, in order (seed %i)', async (seed) => {
    const topic = unique('cut')
    await admin.createTopics([{ name: topic, partitions: 2, replicationFactor: 1, configs: KEPT }], 10_000)
    let rate = 0
    const cuts = { count: 0 }
    const random = seededRandom(seed)
    const driver = wireDriver(
      { bootstrapServers: bootstrapServers(), clientId: 'cut' },
      { transport: cutting(random, () => rate, cuts), random, log },
    )
    const consumer = new RecordingConsumer(driver, { start: () => 0 })
    await consumer.start({ topics: [topic] })
    await consumer.until('the assignment', () => consumer.assigned.length === 2)
    rate = 15
    const producer = steady.producer(producerOptions())
    for (let i = 0; i < 60; i++) {
      await producer.send([batch(topic, 0, `a${i}`), batch(topic, 1, `b${i}`)])
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    // a partition that was assigned anew begins at 0 again: what counts is that offsets only ever go on from there
    const isComplete = (): boolean =>
      [0, 1].every((partition) => consumer.values(partition).at(-1) === `${'ab'[partition]}59`)
    await consumer.until('the last', isComplete)
    rate = 0
    for (const partition of [0, 1]) {
      let last = -1
      for (const { offset, epoch, partition: own } of consumer.received) {
        if (own !== partition) continue
        expect(offset === last + 1 || (offset === 0 && epoch > 0)).toBe(true)
        last = offset
      }
    }
    expect(cuts.count).toBeGreaterThan(3)
    await Promise.all([producer.close(500), consumer.port.close(2_000)])
  })
})
