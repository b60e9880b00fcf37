import { describe, expect, it } from 'vitest'
import { createRequire } from 'node:module'
import { createDriver } from '../create-driver.js'
import { EmbeddedKafka } from '../../testing/embedded-kafka.js'
import { RecordingConsumer } from '../../testing/driver-contract/recording-consumer.js'
import { consumerOptions, producerOptions } from '../../testing/driver-contract/harness.js'
import type { ConsumerHandler, ConsumerState } from '../port.js'
import { kafkajsDriver } from './index.js'
import { loadKafkajs } from './vendor.js'

// nothing listens on port 1
const nowhere = kafkajsDriver({ bootstrapServers: ['127.0.0.1:1'], clientId: 'test' })
const handler = (states: ConsumerState[]): ConsumerHandler => ({
  onAssigned: async () => [],
  onRevoked: async () => {},
  onLost: () => {},
  onRecords: () => {},
  onOffsetOutOfRange: () => {},
  onState: (state) => void states.push(state),
})

describe('kafkajs driver', () => {
  it('says when no broker answers, soon and as something that may pass', async () => {
    const states: ConsumerState[] = []
    const consumer = nowhere.consumer(consumerOptions())
    const producer = nowhere.producer(producerOptions())
    await Promise.all([
      expect(producer.connect()).rejects.toMatchObject({ name: 'DriverError', kind: 'retriable' }),
      expect(consumer.start({ topics: ['t'] }, handler(states))).rejects.toMatchObject({ kind: 'retriable' }),
    ])
    expect(states.map((s) => s.state)).toEqual(['connecting'])
    await Promise.all([producer.close(100), consumer.close(100)])
  })

  it('a send to nowhere ends with its delivery time-out', async () => {
    const producer = nowhere.producer(producerOptions({ deliveryTimeoutMs: 150 }))
    const record = { key: null, value: Buffer.from('v'), headers: [], timestampMs: 1 }
    const [result] = await producer.send([{ topic: 't', partition: 0, records: [record] }])
    expect(result!.error).toMatchObject({ kind: 'timeout', topicPartition: { topic: 't', partition: 0 } })
    expect(result!.error!.message).toMatch(/t-0: not acknowledged within 150 ms\. Last: .*ECONNREFUSED/)
    await producer.close(100)
  })

  it('reads on after a broker that was away for longer than a first attempt to come back', async () => {
    const topics = [{ name: 't', partitions: 1 }]
    const first = await EmbeddedKafka.start({ topics })
    const { bootstrapServers } = first
    const driver = kafkajsDriver({ bootstrapServers: [bootstrapServers], clientId: 'test' })
    const consumer = await new RecordingConsumer(driver, { start: () => 0 }).start({ topics: ['t'] })
    await consumer.until('a place in the group', () => consumer.assigned.length === 1)
    await first.stop()
    const recoveries = (): number => consumer.states.filter(({ state }) => state === 'recovering').length
    await consumer.until('attempts that failed', () => recoveries() >= 2)
    await using second = await EmbeddedKafka.start({ topics, port: Number(bootstrapServers.split(':')[1]) })
    await second.produce('t', { value: 'there again' })
    await consumer.until('the record', () => consumer.values().includes('there again'))
    await consumer.port.close(2_000)
  }, 20_000)

  it('refuses what kafkajs can not do, and names it', () => {
    expect(() => nowhere.producer(producerOptions({ transactionalId: 'tx' }))).toThrow(/transactionalId 'tx'/)
    expect(() => nowhere.producer(producerOptions({ acks: 'leader' }))).toThrow(/idempotent producer needs acks 'all'/)
    expect(() => nowhere.consumer(consumerOptions({ groupProtocol: 'consumer' }))).toThrow(/groupProtocol/)
    expect(() => nowhere.consumer(consumerOptions({ groupInstanceId: 'i' }))).toThrow(/static members/)
    expect(() => nowhere.consumer(consumerOptions({ assignors: ['cooperative-sticky'] }))).toThrow(
      /no assignor 'cooperative-sticky'; it has range, roundrobin/,
    )
    expect(() => nowhere.consumer(consumerOptions({ heartbeatIntervalMs: 10_000 }))).toThrow(/must be below/)
    expect(() => createDriver({ bootstrapServers: [], driver: 'pulsar' as 'kafkajs' })).toThrow(/there is kafkajs/)
  })

  it('refuses a wrong address with the right form', async () => {
    const wrong = kafkajsDriver({ bootstrapServers: ['localhost'], clientId: 'test' })
    await expect(wrong.admin().connect()).rejects.toThrow(/'localhost' is no address: write host:port/)
  })

  it('has no idle timer on its connections', async () => {
    await loadKafkajs()
    const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
      prototype: { scheduleCheckPendingRequests(): void }
    }
    const queue = { pending: [] as unknown[], throttledUntil: -1, throttleCheckTimeoutId: null as unknown }
    RequestQueue.prototype.scheduleCheckPendingRequests.call(queue)
    expect(queue.throttleCheckTimeoutId).toBeNull()
    queue.pending.push({})
    RequestQueue.prototype.scheduleCheckPendingRequests.call(queue)
    expect(queue.throttleCheckTimeoutId).not.toBeNull()
    clearTimeout(queue.throttleCheckTimeoutId as NodeJS.Timeout)
  })
})
