import { describe, expect, it } from 'vitest'
import { string } from '../serde/index.js'
import { EmbeddedKafka } from '../testing/embedded-kafka.js'
import { kafka } from './kafka.js'
import { topicPattern } from './topic-pattern.js'

describe('a pattern that the broker resolves', () => {
  it('brings the topics that match, also one that is made later', async () => {
    await using broker = await EmbeddedKafka.start({
      topics: ['log.a', 'other.a'],
      configs: { 'group.consumer.min.heartbeat.interval.ms': '100', 'group.consumer.heartbeat.interval.ms': '100' },
    })
    const k = kafka({
      bootstrapServers: broker.bootstrapServers,
      driver: 'wire',
      consumer: { autoOffsetReset: 'earliest' },
    })
    const seen: string[] = []
    const pattern = topicPattern(/log\..+/, { value: string(), resolvedBy: 'broker' })
    k.listen(
      pattern,
      { groupId: 'g', groupProtocol: 'consumer' },
      (word, { topic }) => void seen.push(`${topic} ${word}`),
    )
    await k.start()
    await broker.produce('other.a', { value: 'no' })
    await broker.produce('log.a', { value: 'yes' })
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['log.a yes'])
    await broker.produce('log.b', { value: 'later' })
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['log.a yes', 'log.b later'])
    await k.stop()
  })

  it('is refused for a group of the classic protocol', () => {
    const k = kafka({ bootstrapServers: 'localhost:1' })
    const listen = (): unknown =>
      k.listen(topicPattern(/log\..+/, { value: string(), resolvedBy: 'broker' }), { groupId: 'g' }, () => {})
    expect(listen).toThrow(/for the broker to resolve \(resolvedBy\), which needs groupProtocol 'consumer'/)
  })
})
