/**
 * What the framework costs: one preloaded topic, consumed by a record listener and by a batch listener that do nothing, and
 * by the same driver's consumer in a loop written by hand, which does what an application without the framework would have
 * to do as well: it reads the values with the same serde, calls the same function, for each record or for each batch, and
 * commits what is done, at most every 10 ms, with one request under way. What it does not have is what the framework is
 * for: retries, credit, a clean hand-over, contexts, deadlines. For kafkajs, its own `eachMessage` and `eachBatch` with
 * automatic commits stand beside it, as its users write them.
 *
 * All take turns in one process against one broker, several rounds; medians are shown. A listener is to reach 90 % of the
 * loop by hand, record and batch.
 */
import { Kafka as Kafkajs, logLevel, type Consumer } from 'kafkajs'
import { bytes, kafka, topic, type Headers } from 'kts-kafka'
import { createDriver, type IncomingRecords, type KafkaDriver } from 'kts-kafka/client'
import { startServer } from './server.js'
import { driverConsumer } from './driver-consumer.js'
import { median, whole, type Table } from './report.js'

/** About a second of work for each driver. */
const RECORDS = { kafkajs: 480_000, wire: 1_800_000 }
const PARTITIONS = 6
const ROUNDS = 9
const TOPIC = 'bench'
const COMMIT_MS = 10

const DRIVERS = ['kafkajs', 'wire'] as const
type DriverName = (typeof DRIVERS)[number]

interface Shape {
  readonly driver: DriverName
  readonly records: number
  readonly what: string
  /** What its figure is divided by. */
  readonly beside: string
  run(): Promise<number>
  readonly perSecond: number[]
}

export async function main(): Promise<Table[]> {
  const server = await startServer('--topic', `${TOPIC}:${PARTITIONS}`)
  const { bootstrapServers } = server
  const drivers = new Map(
    DRIVERS.map((name) => [name, createDriver({ driver: name, bootstrapServers: [bootstrapServers] })]),
  )
  await preload(drivers.get('wire')!)

  const shapes = DRIVERS.flatMap((driver) => shapesOf(driver, drivers.get(driver)!, bootstrapServers))
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { run, records, perSecond } of shapes) {
      const ms = await run()
      // the first round warms up
      if (round > 0) perSecond.push((records / ms) * 1000)
    }
  }
  for (const driver of drivers.values()) await driver.close()
  await server.stop()

  const rows = shapes.map(({ driver, what, beside, perSecond }) => {
    const other = shapes.find((shape) => shape.driver === driver && shape.what === beside)!
    // of neighbours in time: what else the machine does in a round, it does to both
    const share = median(perSecond.map((each, round) => each / other.perSecond[round]!))
    return [`${driver}: ${what}`, whole(median(perSecond)), `${Math.round(share * 100)} %`]
  })
  return [{ head: ['consume 100 B', 'records/s', 'of the loop by hand'], rows }]
}

function shapesOf(name: DriverName, driver: KafkaDriver, servers: string): Shape[] {
  const shape = (what: string, beside: string, run: () => Promise<number>): Shape => ({
    driver: name,
    records: RECORDS[name],
    what,
    beside,
    run,
    perSecond: [],
  })
  const [eachRecord, eachBatch] = ['record by record by hand', 'batch by batch by hand']
  const shapes = [
    shape(eachRecord, eachRecord, () => byHand(driver, counter(RECORDS[name]), false)),
    shape('record listener', eachRecord, () => byListener(servers, name, false)),
    shape(eachBatch, eachBatch, () => byHand(driver, counter(RECORDS[name]), true)),
    shape('batch listener', eachBatch, () => byListener(servers, name, true)),
  ]
  if (name === 'kafkajs') {
    shapes.splice(
      2,
      0,
      shape('eachMessage', eachRecord, () => byKafkajs(servers, false)),
    )
    shapes.push(shape('eachBatch', eachBatch, () => byKafkajs(servers, true)))
  }
  return shapes
}

async function preload(driver: KafkaDriver): Promise<void> {
  const producer = driver.producer({
    acks: 'all',
    compression: 'none',
    idempotent: false,
    deliveryTimeoutMs: 60_000,
    requestTimeoutMs: 30_000,
  })
  await producer.connect()
  await producer.partitions(TOPIC)
  const record = { key: null, value: Buffer.alloc(100, 'x'), headers: [], timestampMs: 1_700_000_000_000 }
  const records = Array.from({ length: 1_000 }, () => record)
  for (let sent = 0; sent < RECORDS.wire; sent += records.length * PARTITIONS) {
    const batches = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition, records }))
    for (const { error } of await producer.send(batches)) if (error) throw error
  }
  await producer.close(5_000)
}

/** Of a serde; headers are made when it asks for them. */
class Context {
  readonly isKey = false
  constructor(private readonly record: IncomingRecords['records'][number]) {}

  get topic(): string {
    return this.record.topic
  }
  get headers(): Headers {
    return this.record.headers
  }
}

let groups = 0

async function byHand(driver: KafkaDriver, count: Counter, batch: boolean): Promise<number> {
  const consumer = driverConsumer(driver, `driver-${groups++}`)
  const serde = bytes()
  const handleRecord = (_value: unknown, _record: unknown): void => count.add(1)
  const handleBatch = (records: readonly unknown[]): void => count.add(records.length)
  const read = (record: IncomingRecords['records'][number]): unknown =>
    record.rawValue === null ? null : serde.deserialize(record.rawValue, new Context(record))
  let epoch = -1
  const positions = new Map<number, number>()
  const commit = async (): Promise<void> => {
    const offsets = [...positions].map(([partition, offset]) => ({ topic: TOPIC, partition, offset }))
    positions.clear()
    if (offsets.length > 0) await consumer.commit(offsets, epoch)
  }
  let committing: Promise<void> | undefined
  const timer = setInterval(() => (committing ??= commit().finally(() => (committing = undefined))), COMMIT_MS)
  await consumer.start(
    { topics: [TOPIC] },
    {
      onAssigned(partitions, now) {
        epoch = now
        return Promise.resolve(partitions.map((tp) => ({ ...tp, start: 'earliest' as const })))
      },
      onRevoked: () => Promise.resolve(),
      onLost: () => {},
      onRecords({ partition, records, nextOffset }) {
        if (batch) handleBatch(records.map((record) => ({ record, value: read(record) })))
        else for (const record of records) handleRecord(read(record), record)
        positions.set(partition, nextOffset)
      },
      onOffsetOutOfRange: () => {},
      onState: () => {},
    },
  )
  const ms = await count.done
  clearInterval(timer)
  await committing
  await commit()
  await consumer.close(5_000)
  return ms
}

async function byListener(bootstrapServers: string, driver: DriverName, batch: boolean): Promise<number> {
  const k = kafka({ bootstrapServers, driver, consumer: { autoOffsetReset: 'earliest' } })
  const count = counter(RECORDS[driver])
  const Bench = topic(TOPIC, { value: bytes() })
  const groupId = `listener-${groups++}`
  if (batch) k.listen(Bench, { groupId, batch: true }, (records) => count.add(records.length))
  else k.listen(Bench, { groupId }, () => count.add(1))
  await k.start()
  const ms = await count.done
  await k.stop()
  return ms
}

async function byKafkajs(bootstrapServers: string, batch: boolean): Promise<number> {
  const client = new Kafkajs({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
  const consumer: Consumer = client.consumer({ groupId: `kafkajs-${groups++}`, maxWaitTimeInMs: 100 })
  const count = counter(RECORDS.kafkajs)
  await consumer.connect()
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true })
  await consumer.run(
    batch
      ? { eachBatch: async ({ batch: { messages } }) => count.add(messages.length) }
      : { eachMessage: async () => count.add(1) },
  )
  const ms = await count.done
  await consumer.disconnect()
  return ms
}

interface Counter {
  add(records: number): void
  /** Milliseconds from the first record to the last that is wanted. */
  readonly done: Promise<number>
}

function counter(wanted: number): Counter {
  let seen = 0
  let sinceMs = 0
  let finish!: (ms: number) => void
  const done = new Promise<number>((resolve) => (finish = resolve))
  return {
    add(records) {
      if (seen === 0) sinceMs = performance.now()
      seen += records
      if (seen >= wanted) finish(performance.now() - sinceMs)
    },
    done,
  }
}
