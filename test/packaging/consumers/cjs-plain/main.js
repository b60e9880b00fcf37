// CommonJS through require(esm).
const assert = require('node:assert/strict')
const { json, kafka, KafkaError, topic } = require('kts-kafka')
const { EmbeddedKafka } = require('kts-kafka/testing')

async function main() {
  // one copy of the package, however it is loaded
  assert.equal((await import('kts-kafka')).KafkaError, KafkaError)
  const Orders = topic('orders', { value: json() })
  const broker = await EmbeddedKafka.start()
  const k = kafka({
    bootstrapServers: broker.bootstrapServers,
    topics: [Orders],
    consumer: { autoOffsetReset: 'earliest' },
  })
  const received = new Promise((resolve) => k.listen(Orders, { groupId: 'g' }, resolve))
  await k.start()
  await k.template.send(Orders, { id: '1' })
  assert.deepEqual(await received, { id: '1' })
  await k.stop()
  await broker.stop()
}
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
