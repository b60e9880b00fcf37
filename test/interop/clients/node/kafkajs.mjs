// The journey of ../README.md by kafkajs, as its users run it (gzip is the one codec it brings).
import assert from 'node:assert/strict'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'

const [bootstrap, topic, groupId] = process.argv.slice(2)
const codecs = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP }
const partitions = 3
const each = 50
const more = 10
const deadlineMs = 60_000

const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR })

async function produce(compression, values) {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const messages = values.map((value, index) => ({ key: `k${index}`, value, headers: { codec: 'any' } }))
  await producer.send({ topic, compression, acks: -1, messages })
  await producer.disconnect()
}

async function consume(expected) {
  const consumer = kafka.consumer({ groupId })
  const values = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
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
await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }] })

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
    client: 'kafkajs',
    codecs: Object.keys(codecs),
    consumed: everything.length,
    resumed: resumed.length,
    committed,
  }),
)
