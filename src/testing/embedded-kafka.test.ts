import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDriver } from '../client/index.js'
import { EmbeddedKafka } from './embedded-kafka.js'

describe('EmbeddedKafka', () => {
  let broker: EmbeddedKafka

  beforeAll(async () => {
    broker = await EmbeddedKafka.start({
      topics: ['one', { name: 'three', partitions: 3, configs: { 'retention.ms': '5000' } }],
    })
  })
  afterAll(() => broker.stop())

  it('has its topics when it has started', async () => {
    const admin = await broker.admin()
    expect(await admin.describeTopics(['one', 'three'])).toMatchObject([{ partitions: 1 }, { partitions: 3 }])
    expect((await admin.topicConfigs(['three'])).get('three')?.['retention.ms']).toBe('5000')
  })

  it('takes and gives records as a test writes them', async () => {
    const places = await broker.produce(
      'three',
      { key: 'a', value: 'first', headers: { trace: ['1', '2'] }, timestampMs: 1_700_000_000_000 },
      { value: null, partition: 2 },
      { value: JSON.stringify({ n: 1 }), partition: 2 },
    )
    expect(places).toEqual([
      { topic: 'three', partition: 0, offset: 0 },
      { topic: 'three', partition: 2, offset: 0 },
      { topic: 'three', partition: 2, offset: 1 },
    ])
    const [first, tombstone, json] = await broker.records('three', { count: 3 })
    expect(first).toMatchObject({ key: 'a', value: 'first', timestampMs: 1_700_000_000_000 })
    expect(first!.headers.getAll('trace').map(String)).toEqual(['1', '2'])
    expect(tombstone!.value).toBeNull()
    expect(json!.json()).toEqual({ n: 1 })
  })

  it('waits for topics, records and commits', async () => {
    const waiting = broker.untilTopic('later')
    const reading = broker.records('later', { count: 1 })
    const admin = await broker.admin()
    await admin.createTopics([{ name: 'later', partitions: 1, replicationFactor: 1, configs: {} }], 5_000)
    await waiting
    await broker.produce('later', { value: 'x' })
    expect((await reading)[0]!.value).toBe('x')
    await expect(broker.untilCommitted('nobody', { topic: 'later', partition: 0, offset: 1 }, 100)).rejects.toThrow(
      "Waited 100 ms for group 'nobody' to commit later-0@1.",
    )
  })

  it('has hooks: a fault that clients meet, and get over', async () => {
    const fault = broker.hooks.fault({ api: 'Produce', topic: 'three', error: 'NOT_LEADER_OR_FOLLOWER' })
    expect(await broker.produce('three', { value: 'x', partition: 1 })).toEqual([
      { topic: 'three', partition: 1, offset: 0 },
    ])
    expect(fault.hits).toBe(1)
    await broker.hooks.waitForHighWatermark('three', 1, 1)
    expect(broker.hooks.requests({ api: 'Produce' }).filter(({ faultId }) => faultId === fault.id)).toHaveLength(1)
  })

  it('keeps its address and its data over a restart, in memory too', async () => {
    const before = broker.bootstrapServers
    await broker.produce('one', { value: 'before' })
    await broker.restart()
    expect(broker.bootstrapServers).toBe(before)
    await broker.produce('one', { value: 'after' })
    expect((await broker.records('one', { count: 2 })).map((record) => record.value)).toEqual(['before', 'after'])
  })

  it('can be reached by name and by IPv6', async () => {
    const port = broker.bootstrapServers.split(':').at(-1)
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const admin = createDriver({ bootstrapServers: [`${host}:${port}`] }).admin()
      await admin.connect()
      expect(await admin.listTopics()).toContain('one')
      await admin.close()
    }
  })

  it('several live side by side, and are gone when disposed of', async () => {
    let address: string
    {
      await using other = await EmbeddedKafka.start()
      address = other.bootstrapServers
      expect(address).not.toBe(broker.bootstrapServers)
      await other.produce('one', { value: 'elsewhere' })
    }
    expect((await broker.records('one')).map((record) => record.value)).not.toContain('elsewhere')
    await expect(
      createDriver({ bootstrapServers: [address] })
        .admin()
        .connect(),
    ).rejects.toMatchObject({ kind: 'retriable' })
  })
})
