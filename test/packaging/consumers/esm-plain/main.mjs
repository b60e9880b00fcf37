// No container is installed: everything but the two adapters works, and those two say what is missing.
import assert from 'node:assert/strict'
import { json, kafka, topic } from 'kts-kafka'
import { bytes } from 'kts-kafka/serde'
import { defaultPartitioner } from 'kts-kafka/partitioner'
import { EmbeddedKafka } from 'kts-kafka/testing'

for (const peer of ['@nestjs/common', 'inversify']) await assert.rejects(import(peer), { code: 'ERR_MODULE_NOT_FOUND' })
for (const adapter of ['kts-kafka/nest', 'kts-kafka/inversify']) {
  await assert.rejects(import(adapter), { code: 'ERR_MODULE_NOT_FOUND' })
}
assert.equal(bytes().name, 'bytes')
assert.equal(typeof defaultPartitioner().partition, 'function')

const Orders = topic('orders', { value: json(), partitions: 2 })
const broker = await EmbeddedKafka.start()
const k = kafka({
  bootstrapServers: broker.bootstrapServers,
  topics: [Orders],
  consumer: { autoOffsetReset: 'earliest' },
})
const received = new Promise((resolve) => k.listen(Orders, { groupId: 'g' }, (order, ctx) => resolve([order, ctx.key])))
await k.start()
await k.template.send(Orders, { id: '1' }, { key: 'a' })
assert.deepEqual(await received, [{ id: '1' }, 'a'])
await k.stop()
await broker.stop()
