import { sleep, wallClock } from '../../base/clock.js'
import type { AdminPort, ProducerPort } from '../../client/port.js'
import { CASE_TIMEOUT_MS, batch, producerOptions, unique, values, type Contract } from './harness.js'
import { RecordingConsumer, type RecordingOptions } from './recording-consumer.js'

export function rebalancingContract(contract: Contract): void {
  const { describe, it, beforeAll, afterAll, expect, driver, harness } = contract

  describe('rebalancing', () => {
    let producer: ProducerPort
    let admin: AdminPort

    const newTopic = async (partitions: number): Promise<string> => {
      const name = unique('rebalance')
      await admin.createTopics([{ name, partitions, replicationFactor: 1, configs: {} }], 10_000)
      return name
    }

    beforeAll(async () => {
      producer = driver().producer(producerOptions())
      admin = driver().admin()
      await Promise.all([producer.connect(), admin.connect()])
    }, CASE_TIMEOUT_MS)
    afterAll(async () => {
      await Promise.all([producer.close(5_000), admin.close()])
    })

    it('shares the partitions out, and those of a member that leaves go to the others', async () => {
      const topic = await newTopic(4)
      const consumer = { groupId: unique('group') }
      const a = await new RecordingConsumer(driver(), { consumer }).start({ topics: [topic] })
      await a.until('all partitions', () => a.assigned.length === 4)
      const b = await new RecordingConsumer(driver(), { consumer }).start({ topics: [topic] })
      await b.until('its half', () => b.assigned.length === 2)
      await a.until('its half', () => a.assigned.length === 2 && a.state === 'stable')
      const shared = new Set([...a.assigned, ...b.assigned].map((tp) => tp.partition))
      expect(shared).toEqual(new Set([0, 1, 2, 3]))
      expect(a.port.groupMetadata()?.generationId).toBe(b.port.groupMetadata()?.generationId)
      await a.port.close(2_000)
      await b.until('all partitions', () => b.assigned.length === 4)
      await b.port.close(2_000)
    })

    it('waits for the work in hand: drained and committed before another member gets the partition', async () => {
      const topic = await newTopic(2)
      const consumer = { groupId: unique('group') }
      await producer.send([batch(topic, 0, ...values('p0-', 5)), batch(topic, 1, ...values('p1-', 5))])
      const order: string[] = []
      const start = (): undefined => undefined
      const first: RecordingConsumer = new RecordingConsumer(driver(), {
        consumer,
        onRevoked: async (partitions, deadlineMs) => {
          const clock = wallClock()
          order.push('draining')
          expect(deadlineMs - clock.now()).toBeGreaterThanOrEqual(1_000)
          await sleep(clock, 400)
          await first.port.commit(
            partitions.map((tp) => ({ ...tp, offset: 3 })),
            first.epoch,
          )
          order.push('committed')
        },
      })
      await first.start({ topics: [topic] })
      await first.until('all records', () => first.received.length === 10)
      const second: RecordingConsumer = new RecordingConsumer(driver(), {
        consumer,
        start,
        onRecords: () => void order.push('second reads'),
      })
      await second.start({ topics: [topic] })
      await second.until('what was not committed', () => second.received.length >= 2)
      expect(order.slice(0, 3)).toEqual(['draining', 'committed', 'second reads'])
      expect(second.received.slice(0, 2).map((r) => r.offset)).toEqual([3, 4])
      await Promise.all([first.port.close(2_000), second.port.close(2_000)])
    })

    it('refuses a commit of an assignment that is over, and commits nothing', async () => {
      const topic = await newTopic(2)
      const consumer = { groupId: unique('group') }
      const zombie = await new RecordingConsumer(driver(), { consumer }).start({ topics: [topic] })
      await zombie.until('all partitions', () => zombie.assigned.length === 2)
      const old = zombie.epoch
      await zombie.port.commit([{ topic, partition: 0, offset: 0 }], old)
      const other = await new RecordingConsumer(driver(), { consumer }).start({ topics: [topic] })
      await other.until('its half', () => other.assigned.length === 1)
      await zombie.until('the new assignment', () => zombie.epoch !== old)
      const both = [0, 1].map((partition) => ({ topic, partition, offset: 7 }))
      await expect(zombie.port.commit(both, old)).rejects.toMatchObject({ kind: 'fenced' })
      expect((await admin.committedOffsets(consumer.groupId, both)).map((c) => c.offset)).toEqual([0])
      await Promise.all([zombie.port.close(2_000), other.port.close(2_000)])
    })

    it(
      'stays a member while nothing is read: longer than the session, with everything paused',
      async () => {
        const topic = await newTopic(1)
        const sessionTimeoutMs = Math.max(harness.minSessionTimeoutMs ?? 6_000, 500)
        const consumer = { sessionTimeoutMs, heartbeatIntervalMs: Math.floor(sessionTimeoutMs / 4) }
        const paused = await new RecordingConsumer(driver(), { consumer }).start({ topics: [topic] })
        await paused.until('the partition', () => paused.assigned.length === 1)
        paused.port.pause(paused.assigned)
        await sleep(wallClock(), sessionTimeoutMs * 1.6)
        await paused.port.commit([{ topic, partition: 0, offset: 0 }], paused.epoch)
        expect(paused.events).toEqual([`assigned ${topic}-0`])
        await paused.port.close(2_000)
      },
      CASE_TIMEOUT_MS,
    )

    it('close under load: what was committed is where the next one begins, nothing is lost', async () => {
      const topic = await newTopic(3)
      const groupId = unique('group')
      let sending = true
      const load = [0, 1, 2].map(async (partition) => {
        for (let i = 0; sending; i++) await producer.send([batch(topic, partition, ...values(`${partition}-${i}-`, 5))])
      })
      const seen = new Set<string>()
      for (let life = 0; life < 3; life++) {
        const next = new Map<number, number>()
        const consumer: RecordingConsumer = new RecordingConsumer(driver(), {
          consumer: { groupId },
          start: ({ partition }) => (life === 0 ? 'earliest' : next.get(partition)),
          onRecords: ({ partition, records, nextOffset }) => {
            for (const { offset } of records) seen.add(`${partition}@${offset}`)
            next.set(partition, nextOffset)
          },
          onRevoked: () =>
            consumer.port.commit(
              [...next].map(([partition, offset]) => ({ topic, partition, offset })),
              consumer.epoch,
            ),
        })
        await consumer.start({ topics: [topic] })
        await consumer.until('records of all partitions', () => next.size === 3)
        if (life === 2) {
          sending = false
          await Promise.all(load)
          const ends = await admin.listOffsets(
            [0, 1, 2].map((partition) => ({ topic, partition })),
            'latest',
          )
          await consumer.until('the end', () => ends.every(({ partition, offset }) => next.get(partition) === offset))
          const expected = ends.flatMap(({ partition, offset }) => values(`${partition}@`, offset!))
          expect(seen).toEqual(new Set(expected))
        }
        await consumer.port.close(5_000)
        const committed = await admin.committedOffsets(
          groupId,
          [...next.keys()].map((partition) => ({ topic, partition })),
        )
        expect(new Map(committed.map(({ partition, offset }) => [partition, offset]))).toEqual(next)
      }
    })

    it('a new assignment begins unpaused', async () => {
      const topic = await newTopic(1)
      const consumer = { groupId: unique('group') }
      const options: RecordingOptions = { consumer, start: () => 0 }
      const a = await new RecordingConsumer(driver(), options).start({ topics: [topic] })
      await a.until('the partition', () => a.assigned.length === 1)
      a.port.pause(a.assigned)
      const old = a.epoch
      const b = await new RecordingConsumer(driver(), options).start({ topics: [topic] })
      await a.until('a new assignment', () => a.epoch !== old || a.events.length > 2)
      await b.port.close(2_000)
      await producer.send([batch(topic, 0, 'a')])
      await a.until('the record', () => a.values().includes('a'))
      await a.port.close(2_000)
    })
  })
}
