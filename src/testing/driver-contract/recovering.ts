import type { AdminPort, ProducerPort } from '../../client/port.js'
import { CASE_TIMEOUT_MS, batch, producerOptions, unique, values, type Contract } from './harness.js'
import { RecordingConsumer } from './recording-consumer.js'

export function recoveringContract(contract: Contract): void {
  const { describe, it, beforeAll, afterAll, expect, driver, harness } = contract

  describe('recovering', () => {
    let producer: ProducerPort
    let admin: AdminPort

    beforeAll(async () => {
      producer = driver().producer(producerOptions())
      admin = driver().admin()
      await Promise.all([producer.connect(), admin.connect()])
    }, CASE_TIMEOUT_MS)
    afterAll(async () => {
      await Promise.all([producer.close(5_000), admin.close()])
    })

    const restartable = harness.restart === undefined ? it.skip : it
    restartable(
      'survives a restart of the broker: nothing lost, order kept',
      async () => {
        const topic = unique('restart')
        await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1, configs: {} }], 10_000)
        const consumer = await new RecordingConsumer(driver(), { start: () => 0 }).start({ topics: [topic] })
        await producer.send([batch(topic, 0, ...values('before-', 3))])
        await consumer.until('what was before', () => consumer.received.length >= 3)
        const restarted = harness.restart!()
        const during = producer.send([batch(topic, 0, ...values('during-', 3))])
        await restarted
        const results = [...(await during), ...(await producer.send([batch(topic, 0, ...values('after-', 3))]))]
        expect(results.map((result) => result.error?.message)).toEqual([undefined, undefined])
        await consumer.until('the last', () => consumer.values().includes('after-2'))
        // read again after a rejoin is allowed, a gap or another order is not
        const seen = [...new Map(consumer.received.map((r) => [r.offset, r.rawValue?.toString()])).values()]
        expect(seen).toEqual([...values('before-', 3), ...values('during-', 3), ...values('after-', 3)])
        expect(await admin.describeTopics([topic])).toMatchObject([{ name: topic, partitions: 1 }])
        await consumer.port.close(2_000)
      },
      CASE_TIMEOUT_MS,
    )
  })
}
