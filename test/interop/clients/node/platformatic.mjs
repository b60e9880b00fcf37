// The journey of ../README.md by @platformatic/kafka.
import assert from 'node:assert/strict'
import {
  Admin,
  Consumer,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'

const [bootstrap, topic, groupId] = process.argv.slice(2)
const codecs = ['none', 'gzip', 'snappy', 'lz4']
if (process.versions.node.split('.')[0] >= 22) codecs.push('zstd')
const each = 50
const more = 10
const deadlineMs = 60_000
const common = { clientId: 'interop', bootstrapBrokers: [bootstrap] }

async function produce(compression, values) {
  const producer = new Producer({ ...common, serializers: stringSerializers, compression, idempotent: true })
  const messages = values.map((value, index) => ({ topic, key: `k${index}`, value, headers: { codec: 'any' } }))
  await producer.send({ messages })
  await producer.close()
}

async function consume(expected) {
  const consumer = new Consumer({ ...common, groupId, deserializers: stringDeserializers })
  const stream = await consumer.consume({
    topics: [topic],
    autocommit: false,
    mode: MessagesStreamModes.COMMITTED,
    fallbackMode: 'earliest',
    maxWaitTime: 500,
  })
  const values = []
  const last = new Map()
  stream.on('data', (message) => {
    assert.deepEqual([...message.headers.keys()], ['codec'])
    values.push(message.value)
    last.set(message.partition, message)
  })
  for (const start = Date.now(); values.length < expected && Date.now() - start < deadlineMs;) await pause(50)
  // A little longer than needed: a record too many must show.
  await pause(500)
  for (const message of last.values()) await message.commit()
  await stream.close()
  await consumer.close(true)
  return values
}

function sameRecords(got, want) {
  assert.equal(got.length, want.length)
  assert.deepEqual(new Set(got), new Set(want))
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms))

const admin = new Admin(common)
await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 })

const everything = []
for (const codec of codecs) {
  const values = Array.from({ length: each }, (_, index) => `${codec}-${index}-${'x'.repeat(200)}`)
  await produce(codec, values)
  everything.push(...values)
}
sameRecords(await consume(everything.length), everything)

const again = Array.from({ length: more }, (_, index) => `more-${index}`)
await produce('none', again)
const resumed = await consume(more)
sameRecords(resumed, again)

const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] })
const committed = group.topics
  .flatMap((entry) => entry.partitions)
  .reduce((sum, { committedOffset }) => sum + Math.max(Number(committedOffset), 0), 0)
await admin.close()
console.log(
  JSON.stringify({ client: 'platformatic', codecs, consumed: everything.length, resumed: resumed.length, committed }),
)
