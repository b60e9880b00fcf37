/** Three ways to test the same thing: on a broker in the process, through a broker's restart, and on virtual time. */
import { deadLetter, DefaultErrorHandler, fixed } from 'kts-kafka'
import { EmbeddedKafka, MemoryCluster, memoryDriver, virtualClock } from 'kts-kafka/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { stock } from './stock.js'

describe('on a broker in the process', () => {
  let broker: EmbeddedKafka
  beforeAll(async () => {
    broker = await EmbeddedKafka.start()
  })
  afterAll(() => broker.stop())

  it('says when a shelf is empty', async () => {
    await using k = stock(new Map([['pen', 3]]), { bootstrapServers: broker.bootstrapServers })
    await k.start()
    await broker.produce('stock-orders', { value: '{"item":"pen","count":2}' }, { value: '{"item":"pen","count":1}' })
    const [empty] = await broker.records('empty-shelves', { count: 1 })
    expect(empty?.json()).toEqual({ item: 'pen' })
    await broker.untilCommitted('stock', { topic: 'stock-orders', partition: 0, offset: 2 })
  })

  it('dead-letters an order that can never be served, and what can never be read', async () => {
    const errorHandler = new DefaultErrorHandler({ attempts: 2, backOff: fixed(0), recoverer: deadLetter() })
    const consumer = { groupId: 'stock-2', autoOffsetReset: 'earliest' } as const
    await using k = stock(new Map([['pen', 3]]), {
      bootstrapServers: broker.bootstrapServers,
      consumer,
      listener: { errorHandler },
    })
    await k.start()
    await broker.produce('stock-orders', { value: '{"item":"pen","count":999}' }, { value: 'not JSON' })
    const dead = await broker.records('stock-orders-dlt', { count: 2 })
    expect(dead.map(({ value }) => value)).toEqual(['{"item":"pen","count":999}', 'not JSON'])
    expect(dead[0]?.headers.text('kafka_dlt-exception-message')).toContain('999 of pen were ordered')
  })

  it('goes on after the broker was away', async () => {
    const consumer = { groupId: 'stock-3', autoOffsetReset: 'latest' } as const
    const shelves = new Map([['ink', 1]])
    await using k = stock(shelves, { bootstrapServers: broker.bootstrapServers, consumer })
    await k.start()
    await k.registry.all[0]!.untilAssigned(2)
    await broker.restart()
    await broker.produce('stock-orders', { value: '{"item":"ink","count":1}' })
    await vi.waitFor(() => expect(shelves.get('ink')).toBe(0), 10_000)
  })
})

describe('in memory, on virtual time', () => {
  it('serves an order once the shelf is filled, an hour later', async () => {
    const clock = virtualClock()
    const cluster = new MemoryCluster({ clock })
    const shelves = new Map([['pen', 0]])
    const listener = { errorHandler: new DefaultErrorHandler({ backOff: fixed(3_600_000) }) }
    const k = stock(shelves, { bootstrapServers: 'memory:9092', driver: memoryDriver(cluster), listener }, { clock })
    await k.start()
    cluster.append('stock-orders', { value: Buffer.from('{"item":"pen","count":1}') })
    await vi.waitFor(() => expect(k.registry.all[0]!.metrics.failed).toBe(1))
    shelves.set('pen', 5)
    await clock.advance(3_599_999)
    expect(shelves.get('pen')).toBe(5)
    await clock.advance(1)
    await vi.waitFor(() => expect(shelves.get('pen')).toBe(4))
    await k.stop()
  })
})
