import type { AdminPort, BatchResult, ProducerPort } from '../../client/port.js'
import { CASE_TIMEOUT_MS, batch, producerOptions, record, unique, values, type Contract } from './harness.js'
import { RecordingConsumer } from './recording-consumer.js'

export function producingContract(contract: Contract): void {
  const { describe, it, beforeAll, afterAll, expect, driver, harness } = contract

  describe('producing', () => {
    let producer: ProducerPort
    let admin: AdminPort

    const newTopic = async (partitions: number, configs: Record<string, string> = {}): Promise<string> => {
      const name = unique('produce')
      await admin.createTopics([{ name, partitions, replicationFactor: 1, configs }], 10_000)
      return name
    }
    const offsets = (results: readonly BatchResult[]): (number | string)[] =>
      results.map((result) => (result.error ? result.error.kind : result.baseOffset))

    beforeAll(async () => {
      producer = driver().producer(producerOptions())
      admin = driver().admin()
      await Promise.all([producer.connect(), admin.connect()])
    }, CASE_TIMEOUT_MS)
    afterAll(async () => {
      await Promise.all([producer.close(5_000), admin.close()])
    })

    it('gives a result for each batch, in order, with its base offset', async () => {
      const topic = await newTopic(3)
      expect(await producer.partitions(topic)).toBe(3)
      const first = await producer.send([
        batch(topic, 2, 'a', 'b'),
        batch(topic, 0, 'c'),
        batch(topic, 1, 'd', 'e', 'f'),
      ])
      expect(offsets(first)).toEqual([0, 0, 0])
      const second = await producer.send([batch(topic, 1, 'g'), batch(topic, 2, 'h'), batch(topic, 0, 'i')])
      expect(offsets(second)).toEqual([3, 2, 1])
    })

    it('sends several batches of one partition in the order given', async () => {
      const topic = await newTopic(1)
      const results = await producer.send([batch(topic, 0, 'a', 'b'), batch(topic, 0, 'c'), batch(topic, 0, 'd')])
      expect(offsets(results)).toEqual([0, 2, 3])
    })

    it('keeps order and offsets over thousands of records', async () => {
      const topic = await newTopic(1)
      const [result] = await producer.send([batch(topic, 0, ...values('v', 3_500))])
      expect(offsets([result!])).toEqual([0])
      const consumer = await new RecordingConsumer(driver()).start({ topics: [topic] })
      await consumer.until('all records', () => consumer.received.length >= 3_500)
      expect(consumer.values()).toEqual(values('v', 3_500))
      await consumer.port.close(2_000)
    })

    it('fails only the batch that fails', async () => {
      const topic = await newTopic(3, { 'max.message.bytes': '2000' })
      const results = await producer.send([
        batch(topic, 0, 'fine'),
        { topic, partition: 1, records: [record('x'.repeat(5_000))] },
        batch(topic, 2, 'fine too'),
        batch(topic, 99, 'nowhere'),
      ])
      expect(offsets(results)).toEqual([0, 'tooLarge', 0, 'unknownTopic'])
      expect(results[1]!.error!.topicPartition).toEqual({ topic, partition: 1 })
      // and what failed leaves nothing behind that the next send trips over
      expect(offsets(await producer.send([batch(topic, 1, 'small'), batch(topic, 0, 'next')]))).toEqual([0, 1])
    })

    it('carries keys, nulls, headers in order, and timestamps', async () => {
      const topic = await newTopic(1)
      const sent = [
        record('with all', {
          key: Buffer.from('k'),
          headers: [
            { key: 'trace', value: Buffer.from('1') },
            { key: 'trace', value: Buffer.from('2') },
            { key: 'bytes', value: Buffer.from([0, 255]) },
            { key: 'empty', value: Buffer.alloc(0) },
          ],
          timestampMs: 1_700_000_000_123,
        }),
        record(null, { key: Buffer.from('tombstone'), timestampMs: 1_600_000_000_000 }),
        record('', { timestampMs: 5 }),
      ]
      await producer.send([{ topic, partition: 0, records: sent }])
      const consumer = await new RecordingConsumer(driver()).start({ topics: [topic] })
      await consumer.until('three records', () => consumer.received.length >= 3)
      const seen = consumer.received.map(({ rawKey, rawValue, headers, timestampMs }) => ({
        key: rawKey,
        value: rawValue,
        headers: [...headers],
        timestampMs,
      }))
      expect(seen).toEqual(sent)
      expect(consumer.received.map((r) => r.timestampType)).toEqual(['CreateTime', 'CreateTime', 'CreateTime'])
      await consumer.port.close(2_000)
    })

    it('tells the time of the append where the topic takes that', async () => {
      const topic = await newTopic(1, { 'message.timestamp.type': 'LogAppendTime' })
      const [result] = await producer.send([batch(topic, 0, 'a')])
      const appendedMs = result!.error ? -1 : (result!.logAppendTimeMs ?? -1)
      expect(appendedMs).toBeGreaterThanOrEqual(1_700_000_000_001)
      const consumer = await new RecordingConsumer(driver()).start({ topics: [topic] })
      await consumer.until('the record', () => consumer.received.length === 1)
      const { timestampMs, timestampType } = consumer.received[0]!
      expect({ timestampMs, timestampType }).toEqual({ timestampMs: appendedMs, timestampType: 'LogAppendTime' })
      await consumer.port.close(2_000)
    })

    it('round-trips every codec that it claims', async () => {
      const topic = await newTopic(1)
      const codecs = [...harness.capabilities.codecs]
      for (const compression of codecs) {
        const own = driver().producer(producerOptions({ compression }))
        await own.connect()
        const [result] = await own.send([batch(topic, 0, ...values(`${compression}-`, 20))])
        expect(result!.error).toBe(undefined)
        await own.close(2_000)
      }
      const consumer = await new RecordingConsumer(driver()).start({ topics: [topic] })
      await consumer.until('all records', () => consumer.received.length >= codecs.length * 20)
      expect(consumer.values()).toEqual(codecs.flatMap((codec) => values(`${codec}-`, 20)))
      await consumer.port.close(2_000)
    })

    it('works with acks of the leader and with none', async () => {
      const topic = await newTopic(1)
      for (const [acks, offset] of [
        ['leader', 0],
        ['none', -1],
      ] as const) {
        const own = driver().producer(producerOptions({ acks, idempotent: false }))
        await own.connect()
        expect(offsets(await own.send([batch(topic, 0, acks)]))).toEqual([offset])
        await own.close(2_000)
      }
      const consumer = await new RecordingConsumer(driver()).start({ topics: [topic] })
      await consumer.until('both records', () => consumer.received.length >= 2)
      expect(consumer.values()).toEqual(['leader', 'none'])
      await consumer.port.close(2_000)
    })

    it('makes a topic on demand', async () => {
      const topic = unique('on-demand')
      expect(await producer.partitions(topic)).toBeGreaterThanOrEqual(1)
      expect(offsets(await producer.send([batch(topic, 0, 'a')]))).toEqual([0])
    })

    it('close waits for sends under way, and is final', async () => {
      const topic = await newTopic(8)
      const own = driver().producer(producerOptions())
      await own.connect()
      const sends = Array.from({ length: 8 }, (_, partition) =>
        own.send([batch(topic, partition, ...values('v', 200))]),
      )
      await own.close(10_000)
      const results = (await Promise.all(sends)).flat()
      expect(offsets(results)).toEqual(Array(8).fill(0))
      await expect(own.send([batch(topic, 0, 'late')])).rejects.toMatchObject({ kind: 'closed' })
      await own.close(1_000)
    })
  })
}
