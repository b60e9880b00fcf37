import { json, kafka, topic } from 'kts-kafka'
import { EmbeddedKafka } from 'kts-kafka/testing'

const Orders = topic('orders', { value: json() })

test('a broker in a test of jest', async () => {
  const broker = await EmbeddedKafka.start()
  const k = kafka({
    bootstrapServers: broker.bootstrapServers,
    topics: [Orders],
    consumer: { autoOffsetReset: 'earliest' },
  })
  const received = new Promise((resolve) => k.listen(Orders, { groupId: 'g' }, resolve))
  await k.start()
  await broker.produce('orders', { value: '{"id":"1"}' })
  expect(await received).toEqual({ id: '1' })
  await k.stop()
  await broker.stop()
})
