// The journey of ../README.md by @confluentinc/kafka-javascript, in its KafkaJS style, on the librdkafka it ships.
import assert from 'node:assert/strict'
import confluent from '@confluentinc/kafka-javascript'

const { Kafka, CompressionTypes, logLevel } = confluent.KafkaJS
const [bootstrap, topic, groupId] = process.argv.slice(2)
const codecs = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.SNAPPY,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}
const each = 50
const more = 10
const deadlineMs = 60_000
const kafka = new Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: logLevel.ERROR } })

async function produce(compression, values) {
  const producer = kafka.producer({ kafkaJS: { idempotent: true, compression } })
  await producer.connect()
  const messages = values.map((value, index) => ({ key: `k${index}`, value, headers: { codec: 'any' } }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

async function consume(expected) {
  const consumer = kafka.consumer({ kafkaJS: { groupId, fromBeginning: true, autoCommit: true } })
  const values = []
  await consumer.connect()
  await consumer.subscribe({ topic })
  await consumer.run({
    eachMessage: async ({ message }) => {
      assert.deepEqual(Object.keys(message.headers), ['codec'])
      values.push(message.value.toString())
    },
  })
  for (const start = Date.now(); values.length < expected && Date.now() - start < deadlineMs;) await pause(50)
  // A little longer than needed: a record too many must show.
  await pause(500)
  await consumer.disconnect()
  return values
}

function sameRecords(got, want) {
  assert.equal(got.length, want.length)
  assert.deepEqual(new Set(got), new Set(want))
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms))

const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1 }] })

const everything = []
for (const [name, codec] of Object.entries(codecs)) {
  const values = Array.from({ length: each }, (_, index) => `${name}-${index}-${'x'.repeat(200)}`)
  await produce(codec, values)
  everything.push(...values)
}
sameRecords(await consume(everything.length), everything)

const again = Array.from({ length: more }, (_, index) => `more-${index}`)
await produce(codecs.none, again)
const resumed = await consume(more)
sameRecords(resumed, again)

const offsets = await admin.fetchOffsets({ groupId, topics: [topic] })
const committed = offsets[0].partitions.reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0)
await admin.disconnect()
console.log(
  JSON.stringify({
    client: 'confluent-js',
    codecs: Object.keys(codecs),
    consumed: everything.length,
    resumed: resumed.length,
    committed,
  }),
)
