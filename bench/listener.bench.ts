/**
 * What the framework costs: the same preloaded topic consumed by each driver alone, by a record listener and by a batch
 * listener that do nothing, in turns, several rounds. The figure to watch is the ratio to the driver alone, which commits
 * nothing.
 */
import { bytes, kafka, topic } from 'kts-kafka'
import { createDriver, type KafkaDriver } from 'kts-kafka/client'
import { startServer } from './server.js'
import { median, whole, type Table } from './report.js'

const RECORDS = 300_000
const PARTITIONS = 6
const ROUNDS = 5
const TOPIC = 'bench'

const DRIVERS = ['kafkajs', 'wire'] as const
type DriverName = (typeof DRIVERS)[number]

export async function main(): Promise<Table[]> {
  const server = await startServer('--topic', `${TOPIC}:${PARTITIONS}`)
  const bootstrapServers = [server.bootstrapServers]
  const drivers = new Map(DRIVERS.map((name) => [name, createDriver({ driver: name, bootstrapServers })]))
  await preload(drivers.get('kafkajs')!)

  const shapes = DRIVERS.flatMap((name) => [
    { driver: name, what: 'driver alone', run: () => byDriver(drivers.get(name)!), perSecond: [] as number[] },
    { driver: name, what: 'record listener', run: () => byListener(bootstrapServers, name, false), perSecond: [] },
    { driver: name, what: 'batch listener', run: () => byListener(bootstrapServers, name, true), perSecond: [] },
  ])
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { run, perSecond } of shapes) {
      const ms = await run()
      // the first round warms up
      if (round > 0) perSecond.push((RECORDS / ms) * 1000)
    }
  }
  for (const driver of drivers.values()) await driver.close()
  await server.stop()

  const rows = shapes.map(({ driver, what, perSecond }) => {
    const alone = median(shapes.find((shape) => shape.driver === driver)!.perSecond)
    const share = Math.round((median(perSecond) / alone) * 100)
    return [`${driver}: ${what}`, whole(median(perSecond)), `${share} %`]
  })
  return [{ head: ['consume 100 B', 'records/s', 'of the driver alone'], rows }]
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
  for (let sent = 0; sent < RECORDS; sent += records.length * PARTITIONS) {
    const batches = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition, records }))
    for (const { error } of await producer.send(batches)) if (error) throw error
  }
  await producer.close(5_000)
}

let groups = 0

/** Milliseconds from the first record to the last. */
async function byDriver(driver: KafkaDriver): Promise<number> {
  const consumer = driver.consumer({
    groupId: `driver-${groups++}`,
    assignors: ['range'],
    groupProtocol: 'classic',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    heartbeatIntervalMs: 3_000,
    fetchMinBytes: 1,
    fetchMaxBytes: 50 * 1024 * 1024,
    fetchMaxBytesPerPartition: 1024 * 1024,
    fetchMaxWaitMs: 100,
    isolation: 'read_uncommitted',
    metadataMaxAgeMs: 300_000,
  })
  const count = counter()
  await consumer.start(
    { topics: [TOPIC] },
    {
      onAssigned: (partitions) => Promise.resolve(partitions.map((tp) => ({ ...tp, start: 'earliest' as const }))),
      onRevoked: () => Promise.resolve(),
      onLost: () => {},
      onRecords: ({ records }) => count.add(records.length),
      onOffsetOutOfRange: () => {},
      onState: () => {},
    },
  )
  const ms = await count.done
  await consumer.close(5_000)
  return ms
}

async function byListener(bootstrapServers: string[], driver: DriverName, batch: boolean): Promise<number> {
  const k = kafka({ bootstrapServers, driver, consumer: { autoOffsetReset: 'earliest' } })
  const count = counter()
  const Bench = topic(TOPIC, { value: bytes() })
  const groupId = `listener-${groups++}`
  if (batch) k.listen(Bench, { groupId, batch: true }, (records) => count.add(records.length))
  else k.listen(Bench, { groupId }, () => count.add(1))
  await k.start()
  const ms = await count.done
  await k.stop()
  return ms
}

function counter(): { add(records: number): void; done: Promise<number> } {
  let seen = 0
  let sinceMs = 0
  let finish!: (ms: number) => void
  const done = new Promise<number>((resolve) => (finish = resolve))
  return {
    add(records) {
      if (seen === 0) sinceMs = performance.now()
      seen += records
      if (seen === RECORDS) finish(performance.now() - sinceMs)
    },
    done,
  }
}
