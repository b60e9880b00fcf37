import type { AdminPort, NewTopic, ProducerPort } from '../../client/port.js'
import { CASE_TIMEOUT_MS, batch, producerOptions, record, unique, type Contract } from './harness.js'

export function administeringContract(contract: Contract): void {
  const { describe, it, beforeAll, afterAll, expect, driver } = contract

  describe('administering', () => {
    let producer: ProducerPort
    let admin: AdminPort

    const topic = (name: string, own: Partial<NewTopic> = {}): NewTopic => ({
      name,
      partitions: 2,
      replicationFactor: 1,
      configs: {},
      ...own,
    })

    beforeAll(async () => {
      producer = driver().producer(producerOptions())
      admin = driver().admin()
      await Promise.all([producer.connect(), admin.connect()])
    }, CASE_TIMEOUT_MS)
    afterAll(async () => {
      await Promise.all([producer.close(5_000), admin.close()])
    })

    it('creates topics one by one: made, there already, refused', async () => {
      const [fresh, there] = [unique('fresh'), unique('there')]
      await admin.createTopics([topic(there)], 10_000)
      const results = await admin.createTopics(
        [topic(fresh, { configs: { 'retention.ms': '12345' } }), topic(there), topic('not a name!')],
        10_000,
      )
      expect(results.map(({ name, created, error }) => ({ name, created, failed: error !== undefined }))).toEqual([
        { name: fresh, created: true, failed: false },
        { name: there, created: false, failed: false },
        { name: 'not a name!', created: false, failed: true },
      ])
      expect((await admin.topicConfigs([fresh])).get(fresh)?.['retention.ms']).toBe('12345')
    })

    it('the defaults of the broker apply to -1', async () => {
      const name = unique('defaults')
      await admin.createTopics([topic(name, { partitions: -1, replicationFactor: -1 })], 10_000)
      const [described] = await admin.describeTopics([name])
      expect(described!.partitions).toBeGreaterThanOrEqual(1)
    })

    it('describes topics that are there, and leaves out those that are not', async () => {
      const name = unique('described')
      await admin.createTopics([topic(name)], 10_000)
      expect(await admin.describeTopics([name, unique('missing')])).toEqual([
        { name, partitions: 2, replicationFactor: 1 },
      ])
      expect((await admin.listTopics()).includes(name)).toBe(true)
    })

    it('adds partitions and changes one config without the others', async () => {
      const name = unique('altered')
      await admin.createTopics(
        [topic(name, { configs: { 'retention.ms': '1000', 'cleanup.policy': 'compact' } })],
        10_000,
      )
      await admin.createPartitions(name, 5, 10_000)
      await admin.alterTopicConfigs(name, { 'retention.ms': '2000' })
      expect((await admin.describeTopics([name]))[0]?.partitions).toBe(5)
      expect((await admin.topicConfigs([name])).get(name)).toMatchObject({
        'retention.ms': '2000',
        'cleanup.policy': 'compact',
      })
    })

    it('lists offsets at either end and by time, and deletes records', async () => {
      const name = unique('offsets')
      await admin.createTopics([topic(name)], 10_000)
      const at = [1_700_000_000_000, 1_700_000_001_000, 1_700_000_002_000]
      const records = at.map((timestampMs, i) => record(`v${i}`, { timestampMs }))
      for (const single of records) await producer.send([{ topic: name, partition: 0, records: [single] }])
      const both = [0, 1].map((partition) => ({ topic: name, partition }))
      const offsetsAt = async (where: Parameters<AdminPort['listOffsets']>[1]): Promise<(number | undefined)[]> => {
        const listed = await admin.listOffsets(both, where)
        return both.map(({ partition }) => listed.find((entry) => entry.partition === partition)?.offset)
      }
      expect(await offsetsAt('earliest')).toEqual([0, 0])
      expect(await offsetsAt('latest')).toEqual([3, 0])
      expect(await offsetsAt({ timestampMs: 1_700_000_000_500 })).toEqual([1, undefined])
      expect(await offsetsAt({ timestampMs: 1_700_000_009_000 })).toEqual([undefined, undefined])
      await admin.deleteRecords(name, [{ partition: 0, offset: 2 }])
      expect(await offsetsAt('earliest')).toEqual([2, 0])
      await expect(admin.deleteRecords(name, [{ partition: 0, offset: 9 }])).rejects.toMatchObject({
        kind: 'offsetOutOfRange',
      })
    })

    it('deletes topics', async () => {
      const name = unique('deleted')
      await admin.createTopics([topic(name)], 10_000)
      await producer.send([batch(name, 0, 'a')])
      await admin.deleteTopics([name], 10_000)
      expect(await admin.describeTopics([name])).toEqual([])
      await expect(admin.deleteTopics([name], 10_000)).rejects.toMatchObject({ kind: 'unknownTopic' })
    })

    it('knows no committed offsets of a group that never was', async () => {
      const name = unique('uncommitted')
      await admin.createTopics([topic(name)], 10_000)
      expect(await admin.committedOffsets(unique('group'), [{ topic: name, partition: 0 }])).toEqual([])
    })

    it('describes the cluster', async () => {
      const { clusterId, brokers } = await admin.describeCluster()
      expect(clusterId.length > 0 && brokers.length > 0).toBe(true)
    })
  })
}
