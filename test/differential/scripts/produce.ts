// Produce: what is appended, what is answered, what is refused.
import { type World, type RecordsOptions, records, script } from '../script.js'
import { type Decoded, batch, messages } from '../protocol.js'

const { produce, fetch, listOffsets, initProducerId } = messages

interface Topic {
  readonly name: string
  readonly id: string
}

interface Sent {
  readonly index?: number
  readonly records: Buffer | null
}

const draft = (topic: Topic, sent: readonly Sent[], acks = -1, timeoutMs = 5_000) => ({
  acks,
  timeoutMs,
  topicData: [
    {
      name: topic.name,
      topicId: topic.id,
      partitionData: sent.map((one) => ({ index: one.index ?? 0, records: one.records })),
    },
  ],
})

const send = (world: World, what: string, topic: Topic, bytes: Buffer | null, acks = -1) =>
  world.ask(what, produce, draft(topic, [{ records: bytes }], acks))

/** All that the partition holds now, read in the newest version and compared. */
export async function keepLog(
  world: World,
  topic: Topic,
  partition = 0,
): Promise<Decoded<typeof fetch.response.shape>> {
  const answer = await world.setUp(fetch, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topicId: topic.id, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }],
    forgottenTopicsData: [],
  })
  world.keep('what the log holds', answer.responses)
  return answer
}

/** A batch changed by hand, its CRC made right again unless told. */
function changed(bytes: Buffer, change: (bytes: Buffer) => void, sealed = true): Buffer {
  const copy = Buffer.from(bytes)
  change(copy)
  if (sealed) copy.writeUInt32BE(batch.computeCrc(copy, 0), 17)
  return copy
}

async function producer(world: World): Promise<{ id: number; epoch: number }> {
  const made = await world.setUp(initProducerId, { transactionalId: null, transactionTimeoutMs: 60_000 })
  return { id: made.producerId, epoch: made.producerEpoch }
}

const idempotent = (id: { id: number; epoch: number }, sequence: number, count: number, from = 0): Buffer =>
  records(count, { producer: { ...id, sequence }, from })

const CODECS: readonly NonNullable<RecordsOptions['codec']>[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export const produceScripts = [
  script(produce, 'appends and tells the offsets', async (world) => {
    const topic = await world.topic()
    await send(world, 'first', topic, records(3))
    await send(world, 'second, acks=1', topic, records(2, { from: 3 }), 1)
    await keepLog(world, topic)
  }),
  ...CODECS.map((codec) =>
    script(produce, `codec ${codec}`, async (world) => {
      const topic = await world.topic()
      await send(world, codec, topic, records(20, { codec }))
      await keepLog(world, topic)
    }),
  ),
  script(produce, 'acks=0 answers nothing and appends', async (world) => {
    const topic = await world.topic()
    await world.probe('acks=0', produce, draft(topic, [{ records: records(3) }], 0), { silenceMs: 300 })
    await world.until('appended', async () => {
      const partitions = [{ partitionIndex: 0, timestamp: -1 }]
      const topics = [{ name: topic.name, partitions }]
      const answer = await world.setUp(listOffsets, { replicaId: -1, isolationLevel: 0, topics, timeoutMs: 0 })
      return answer.topics[0]?.partitions[0]?.offset === 3
    })
  }),
  script(produce, 'acks=0 closes the connection when it fails', async (world) => {
    const topic = await world.topic()
    const sent = [{ index: 7, records: records(3) }]
    await world.probe('acks=0 to a partition that is not there', produce, draft(topic, sent, 0), { silenceMs: 1_000 })
  }),
  script(produce, 'acks that are none', async (world) => {
    const topic = await world.topic()
    for (const acks of [2, -2, 100]) await send(world, `acks=${acks}`, topic, records(1), acks)
  }),
  script(produce, 'topics and partitions that are not there', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    const missing = { name: world.named('missing'), id: 'AAECAwQFBgcICQoLDA0ODw' }
    await send(world, 'no such topic', missing, records(1))
    const sent = [0, 1, 2].map((index) => ({ index, records: records(1) }))
    await world.ask('two that are there and one that is not', produce, draft(topic, sent))
    await send(world, 'a topic without a name', { name: '', id: 'AAAAAAAAAAAAAAAAAAAAAA' }, records(1))
    await world.ask('a negative partition', produce, draft(topic, [{ index: -1, records: records(1) }]))
  }),
  script(produce, 'nothing to append', async (world) => {
    const topic = await world.topic()
    await world.probe('null', produce, draft(topic, [{ records: null }]))
    await world.probe('no bytes', produce, draft(topic, [{ records: Buffer.alloc(0) }]))
    await world.probe('no partitions', produce, draft(topic, []))
    await world.probe('no topics', produce, { acks: -1, timeoutMs: 1000, topicData: [] })
  }),
  script(produce, 'batches that are damaged', async (world) => {
    const topic = await world.topic()
    const good = records(3)
    const cases: readonly (readonly [string, Buffer])[] = [
      ['a wrong CRC', changed(good, (bytes) => bytes.writeUInt8(bytes.readUInt8(70) ^ 1, 70), false)],
      ['magic 1', changed(good, (bytes) => bytes.writeInt8(1, 16))],
      ['magic 3', changed(good, (bytes) => bytes.writeInt8(3, 16))],
      ['two batches', Buffer.concat([good, records(2)])],
      ['a count too small', changed(good, (bytes) => bytes.writeInt32BE(2, 57))],
      ['a count too large', changed(good, (bytes) => bytes.writeInt32BE(4, 57))],
      ['a negative count', changed(good, (bytes) => bytes.writeInt32BE(-1, 57))],
      ['a last offset that does not fit', changed(good, (bytes) => bytes.writeInt32BE(5, 23))],
      ['no records', changed(good, (bytes) => bytes.writeInt32BE(0, 57))],
      ['a control batch', changed(good, (bytes) => bytes.writeInt16BE(0x20, 21))],
      ['a base offset that is not 0', changed(good, (bytes) => bytes.writeInt32BE(9, 4))],
      ['an unknown codec', changed(good, (bytes) => bytes.writeInt16BE(6, 21))],
      ['bytes that are no gzip', changed(good, (bytes) => bytes.writeInt16BE(1, 21))],
      ['a batch cut short', good.subarray(0, good.length - 5)],
      ['a header cut short', good.subarray(0, 40)],
      ['bytes behind the batch', Buffer.concat([good, Buffer.from('tail')])],
      ['a length of nothing', changed(good, (bytes) => bytes.writeInt32BE(0, 8), false)],
      ['a negative length', changed(good, (bytes) => bytes.writeInt32BE(-1, 8), false)],
      ['a record longer than the batch', changed(good, (bytes) => bytes.writeInt8(126, 61))],
    ]
    for (const [what, bytes] of cases) await world.probe(what, produce, draft(topic, [{ records: bytes }]))
    await keepLog(world, topic)
  }),
  script(produce, 'a compacted topic wants keys', async (world) => {
    const topic = await world.topic('topic', { configs: { 'cleanup.policy': 'compact' } })
    await send(world, 'without keys', topic, records(3, { keys: false }))
    await send(world, 'with keys', topic, records(3))
    await send(world, 'without keys, gzip', topic, records(3, { keys: false, codec: 'gzip' }))
  }),
  script(produce, 'larger than the topic allows', async (world) => {
    const topic = await world.topic('topic', { configs: { 'max.message.bytes': '200' } })
    await send(world, 'too large', topic, records(50))
    await send(world, 'small', topic, records(1))
    await send(world, 'too large before compression only', topic, records(30, { codec: 'gzip' }))
  }),
  script(produce, 'timestamps out of bounds', async (world) => {
    const bounds = { 'message.timestamp.before.max.ms': '1000', 'message.timestamp.after.max.ms': '1000' }
    const topic = await world.topic('topic', { configs: bounds })
    await send(world, 'long ago', topic, records(3))
    const open = await world.topic('open')
    const future = changed(records(1), (bytes) => {
      bytes.writeBigInt64BE(4_000_000_000_000n, 27)
      bytes.writeBigInt64BE(4_000_000_000_000n, 35)
    })
    await send(world, 'far ahead', open, future)
    const wrongMax = changed(records(3), (bytes) => bytes.writeBigInt64BE(77n, 35))
    await send(world, 'a largest timestamp that is not', open, wrongMax)
    await keepLog(world, open)
  }),
  script(produce, 'log append time', async (world) => {
    const topic = await world.topic('topic', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    await send(world, 'plain', topic, records(3))
    await send(world, 'gzip', topic, records(3, { codec: 'gzip' }))
    await keepLog(world, topic)
  }),
  script(produce, 'the topic says how records are compressed', async (world) => {
    for (const codec of ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd']) {
      const topic = await world.topic(codec, { configs: { 'compression.type': codec } })
      await send(world, `plain to ${codec}`, topic, records(10))
      await send(world, `gzip to ${codec}`, topic, records(10, { codec: 'gzip' }))
      await keepLog(world, topic)
    }
  }),
  script(produce, 'an idempotent producer', async (world) => {
    const topic = await world.topic()
    const id = await producer(world)
    for (let n = 0; n < 7; n++) await send(world, `batch ${n}`, topic, idempotent(id, n * 2, 2, n * 2))
    await send(world, 'the last again', topic, idempotent(id, 12, 2, 12))
    await send(world, 'the fifth last again', topic, idempotent(id, 4, 2, 4))
    await send(world, 'the sixth last again', topic, idempotent(id, 2, 2, 2))
    await send(world, 'a gap', topic, idempotent(id, 20, 2))
    await send(world, 'an overlap', topic, idempotent(id, 13, 2))
    await send(world, 'a newer epoch, not from 0', topic, idempotent({ ...id, epoch: id.epoch + 1 }, 5, 1))
    await send(world, 'a newer epoch', topic, idempotent({ ...id, epoch: id.epoch + 1 }, 0, 1))
    await send(world, 'the older epoch', topic, idempotent(id, 14, 1))
    await keepLog(world, topic)
  }),
  script(produce, 'idempotent batches that are wrong', async (world) => {
    const topic = await world.topic()
    const id = await producer(world)
    await send(world, 'a first sequence that is not 0', topic, idempotent(id, 5, 1))
    await send(world, 'a producer that no one made', topic, idempotent({ id: 999_999, epoch: 0 }, 0, 1))
    await send(world, 'no sequence', topic, idempotent(await producer(world), -1, 1))
    await send(world, 'a negative epoch', topic, idempotent({ ...(await producer(world)), epoch: -1 }, 0, 1))
    await send(world, 'the largest sequence, from nothing', topic, idempotent(await producer(world), 0x7fff_ffff, 2))
  }),
]
