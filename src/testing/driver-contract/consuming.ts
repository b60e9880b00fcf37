import type { AdminPort, ProducerPort } from '../../client/port.js'
import type { TopicPartition } from '../../model/index.js'
import { CASE_TIMEOUT_MS, batch, producerOptions, unique, values, type Contract } from './harness.js'
import { RecordingConsumer } from './recording-consumer.js'

export function consumingContract(contract: Contract): void {
  const { describe, it, beforeAll, afterAll, expect, driver, harness } = contract

  describe('consuming', () => {
    let producer: ProducerPort
    let admin: AdminPort

    const newTopic = async (partitions: number): Promise<string> => {
      const name = unique('consume')
      await admin.createTopics([{ name, partitions, replicationFactor: 1, configs: {} }], 10_000)
      return name
    }
    const send = async (topic: string, partition: number, ...all: string[]): Promise<void> => {
      const [result] = await producer.send([batch(topic, partition, ...all)])
      if (result!.error) throw result!.error
    }

    beforeAll(async () => {
      producer = driver().producer(producerOptions())
      admin = driver().admin()
      await Promise.all([producer.connect(), admin.connect()])
    }, CASE_TIMEOUT_MS)
    afterAll(async () => {
      await Promise.all([producer.close(5_000), admin.close()])
    })

    it('begins where it is told: earliest, latest, an offset, or the committed one', async () => {
      const topic = await newTopic(4)
      for (let partition = 0; partition < 4; partition++) await send(topic, partition, ...values(`p${partition}-`, 4))
      const groupId = unique('group')

      const before = await new RecordingConsumer(driver(), { consumer: { groupId } }).start({ topics: [topic] })
      await before.until('the assignment', () => before.assigned.length === 4)
      await before.port.commit([{ topic, partition: 3, offset: 3, metadata: 'note' }], before.epoch)
      await before.port.close(2_000)
      expect(await admin.committedOffsets(groupId, [{ topic, partition: 3 }])).toMatchObject([
        { topic, partition: 3, offset: 3, metadata: 'note' },
      ])

      const start = ({ partition }: TopicPartition): 'earliest' | 'latest' | 2 | undefined =>
        (['earliest', 'latest', 2, undefined] as const)[partition]
      const consumer = new RecordingConsumer(driver(), { consumer: { groupId }, start })
      await consumer.start({ topics: [topic] })
      await consumer.until('what was there', () => consumer.received.length >= 7)
      await send(topic, 1, 'new')
      await consumer.until('what is new', () => consumer.values(1).length > 0)
      expect([0, 1, 2, 3].map((partition) => consumer.values(partition))).toEqual([
        ['p0-0', 'p0-1', 'p0-2', 'p0-3'],
        ['new'],
        ['p2-2', 'p2-3'],
        ['p3-3'],
      ])
      await consumer.port.close(2_000)
    })

    it('tells offsets, where the next fetch goes on, and the high watermark', async () => {
      const topic = await newTopic(1)
      await send(topic, 0, ...values('v', 3))
      const consumer = await new RecordingConsumer(driver()).start({ topics: [topic] })
      await consumer.until('three records', () => consumer.received.length >= 3)
      expect(consumer.received.map((r) => r.offset)).toEqual([0, 1, 2])
      const last = consumer.chunks.at(-1)!
      expect({ topic: last.topic, partition: last.partition, epoch: last.epoch }).toEqual({
        topic,
        partition: 0,
        epoch: consumer.epoch,
      })
      expect({ nextOffset: last.nextOffset, highWatermark: last.highWatermark }).toEqual({
        nextOffset: 3,
        highWatermark: 3,
      })
      await consumer.port.close(2_000)
    })

    it('pauses one partition while the others go on, and resumes without gap or repeat', async () => {
      const topic = await newTopic(2)
      const slow = { topic, partition: 0 }
      const consumer: RecordingConsumer = new RecordingConsumer(driver(), {
        onRecords: (chunk) => {
          if (chunk.partition === 0 && consumer.chunks.length < 3) consumer.port.pause([slow])
        },
      })
      await send(topic, 0, 'slow0')
      await consumer.start({ topics: [topic] })
      await consumer.until('the first of the slow partition', () => consumer.values(0).length === 1)
      for (let i = 1; i <= 10; i++) {
        await send(topic, 0, `slow${i}`)
        await send(topic, 1, `fast${i}`)
        await consumer.until('the fast partition', () => consumer.values(1).length === i)
      }
      expect(consumer.values(0)).toEqual(['slow0'])
      const calls = consumer.chunks.length
      consumer.port.resume([slow])
      await consumer.until('the slow partition', () => consumer.values(0).length >= 11)
      expect(consumer.values(0)).toEqual(values('slow', 11))
      expect(calls).toBeGreaterThanOrEqual(11)
      await consumer.port.close(2_000)
    })

    it('seeks, backwards and to either end', async () => {
      const topic = await newTopic(1)
      const tp = { topic, partition: 0 }
      await send(topic, 0, ...values('v', 4))
      const consumer = await new RecordingConsumer(driver(), { start: () => 'latest' }).start({ topics: [topic] })
      await consumer.until('the assignment', () => consumer.assigned.length === 1)
      consumer.port.seek(tp, 2)
      await consumer.until('from 2', () => consumer.received.length >= 2)
      consumer.port.seek(tp, 'earliest')
      await consumer.until('from the beginning', () => consumer.received.length >= 6)
      consumer.port.seek(tp, 1)
      await consumer.until('from 1', () => consumer.received.length >= 9)
      consumer.port.seek(tp, 0)
      consumer.port.seek(tp, 'latest')
      // a seek to an end is looked up: what is sent meanwhile may lie before it
      for (let i = 0; consumer.values().at(-1)?.startsWith('end') !== true; i++) {
        await send(topic, 0, `end${i}`)
        await consumer.until('the end', () => consumer.values().at(-1)?.startsWith('end') === true, 200)
      }
      expect(consumer.received.slice(0, 9).map((r) => r.offset)).toEqual([2, 3, 0, 1, 2, 3, 1, 2, 3])
      // the framework puts key and value in: each time it is another record, and unread
      expect(new Set(consumer.received).size).toBe(consumer.received.length)
      expect(consumer.received.every((r) => r.key === null && r.value === null)).toBe(true)
      await consumer.port.close(2_000)
    })

    it('reports an offset that the broker does not have, moves nothing, and goes on after a seek', async () => {
      const topic = await newTopic(2)
      await send(topic, 0, ...values('v', 5))
      await send(topic, 1, 'other')
      await admin.deleteRecords(topic, [{ partition: 0, offset: 3 }])
      const groupId = unique('group')
      const consumer = new RecordingConsumer(driver(), {
        consumer: { groupId },
        start: ({ partition }) => (partition === 0 ? 1 : 0),
      })
      await consumer.start({ topics: [topic] })
      await consumer.until('the report', () => consumer.events.includes(`out of range ${topic}-0@1`))
      await consumer.until('the other partition', () => consumer.values(1).length === 1)
      expect(consumer.values(0)).toEqual([])
      const partitions = [{ topic, partition: 0 }]
      expect(await admin.committedOffsets(groupId, partitions)).toEqual([])
      consumer.port.seek({ topic, partition: 0 }, 'earliest')
      await consumer.until('what is left', () => consumer.values(0).length === 2)
      expect(consumer.values(0)).toEqual(['v3', 'v4'])
      await consumer.port.close(2_000)
    })

    it('lives on when a handler throws', async () => {
      const topic = await newTopic(1)
      let throws = true
      const consumer = await new RecordingConsumer(driver(), {
        onRecords: () => {
          if (!throws) return
          throws = false
          const nothing = undefined as unknown as { length: number }
          nothing.length = 1 // a TypeError
        },
      }).start({ topics: [topic] })
      await send(topic, 0, 'a')
      await consumer.until('the first', () => consumer.received.length >= 1)
      await send(topic, 0, 'b')
      await consumer.until('the second', () => consumer.values().includes('b'))
      expect(consumer.states.some((s) => s.state === 'failed')).toBe(false)
      await consumer.port.close(2_000)
    })

    it('a pattern takes topics that match, and those that come later', async () => {
      const prefix = unique('pattern')
      const [first, second, other] = [`${prefix}-a`, `${prefix}-b`, unique('other')]
      const create = (name: string): Promise<unknown> =>
        admin.createTopics([{ name, partitions: 1, replicationFactor: 1, configs: {} }], 10_000)
      await create(first)
      await create(other)
      await send(first, 0, 'a')
      await send(other, 0, 'not for us')
      const consumer = await new RecordingConsumer(driver()).start({ pattern: new RegExp(`^${prefix}-`) })
      await consumer.until('the first topic', () => consumer.values().includes('a'))
      await create(second)
      await send(second, 0, 'b')
      await consumer.until('the second topic', () => consumer.values().includes('b'))
      expect(consumer.values().includes('not for us')).toBe(false)
      await consumer.port.close(2_000)
    })

    it('partitions that are added are taken up', async () => {
      const topic = await newTopic(1)
      const consumer = await new RecordingConsumer(driver()).start({ topics: [topic] })
      await consumer.until('the assignment', () => consumer.assigned.length === 1)
      await admin.createPartitions(topic, 2, 10_000)
      await consumer.until('the larger assignment', () => consumer.assigned.length === 2)
      await consumer.port.close(2_000)
    })

    it('close is bounded and final', async () => {
      const topic = await newTopic(1)
      const consumer = await new RecordingConsumer(driver(), { onRevoked: () => new Promise(() => {}) }).start({
        topics: [topic],
      })
      await send(topic, 0, 'a')
      await consumer.until('the record', () => consumer.received.length === 1)
      const began = performance.now()
      await consumer.port.close(400)
      expect(performance.now() - began).toBeLessThan(1_500)
      expect(consumer.state).toBe('closed')
      await send(topic, 0, 'b')
      await expect(consumer.port.commit([{ topic, partition: 0, offset: 1 }], consumer.epoch)).rejects.toMatchObject({
        kind: 'fenced',
      })
      await consumer.port.close(400)
      expect(consumer.values()).toEqual(['a'])
    })

    const manual = harness.capabilities.manualAssignment
    ;(manual ? it : it.skip)('reads partitions of its own, without group management', async () => {
      const topic = await newTopic(2)
      await send(topic, 0, 'a')
      await send(topic, 1, 'b')
      const consumer = await new RecordingConsumer(driver()).start({ partitions: [{ topic, partition: 1 }] })
      await consumer.until('the record', () => consumer.received.length === 1)
      expect(consumer.values()).toEqual(['b'])
      await consumer.port.close(2_000)
    })
  })
}
