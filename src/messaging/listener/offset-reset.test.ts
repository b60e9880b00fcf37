import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDriver } from '../../client/index.js'
import { RecordingConsumer } from '../../testing/driver-contract/recording-consumer.js'
import { EmbeddedKafka } from '../../testing/embedded-kafka.js'
import { startOffsets } from './offset-reset.js'

describe('where partitions begin', () => {
  let broker: EmbeddedKafka
  beforeAll(async () => void (broker = await EmbeddedKafka.start({ topics: ['orders'] })))
  afterAll(() => broker.stop())

  it('at a committed offset, with the leader epoch that was committed beside', async () => {
    const driver = createDriver({ bootstrapServers: [broker.bootstrapServers] })
    await broker.produce('orders', { value: 'a' }, { value: 'b' })
    const tp = { topic: 'orders', partition: 0 }
    const reader = await new RecordingConsumer(driver, { consumer: { groupId: 'billing' } }).start({
      topics: ['orders'],
    })
    await reader.until('the records', () => reader.received.length === 2)
    await reader.port.commit([{ ...tp, offset: 1 }], reader.epoch)
    await reader.port.close(1_000)
    const admin = driver.admin()
    const query = { reset: 'earliest', isolation: 'read_uncommitted', nowMs: 0 } as const
    expect(await startOffsets(admin, { ...query, groupId: 'billing' }, [tp])).toEqual([
      { ...tp, committed: 1, start: 1, leaderEpoch: 0 },
    ])
    expect(await startOffsets(admin, { ...query, groupId: 'shipping' }, [tp])).toEqual([
      { ...tp, committed: undefined, start: 'earliest' },
    ])
    await admin.close()
  })
})
