/**
 * The drivers beside the clients that others wrote: the same records to the same broker, in turns, each alone, several
 * rounds, medians. Producing: acks=all, idempotent, six partitions, each with a loop that sends a batch and waits for it.
 * Consuming: a group of one member reads six partitions from the start and looks at every value; the clock runs from the
 * first record to the last, so that each client's first answer (1 MiB a partition at most) is free. CPU is that of the
 * client's process, the broker has its own.
 *
 * `@platformatic/kafka` is taken from what the interop suite has installed; without that its rows are left out.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Kafka as Kafkajs, logLevel } from 'kafkajs'
import { createDriver, wireAdmin, type KafkaDriver, type OutgoingRecord } from 'kts-kafka/client'
import { driverConsumer } from './driver-consumer.js'
import { median, whole, type Table } from './report.js'
import { startServer } from './server.js'

const PARTITIONS = 6
const ROUNDS = 5
const BATCH_BYTES = 16_384
const INTEROP = new URL('../../.interop/node/package.json', import.meta.url)

/** Numbers of records that PARTITIONS divides. */
const SIZES = [
  { name: '100 B', bytes: 100, produced: 120_000, consumed: 600_000 },
  { name: '1 KiB', bytes: 1_024, produced: 36_000, consumed: 120_000 },
] as const
type Size = (typeof SIZES)[number]

/** A client, opened for one run. */
interface Client {
  readonly name: string
  producing(): Promise<Producing>
  /** Calls `onValues` with how many records came and how many bytes their values have; gives what ends it. */
  consuming(topic: string, groupId: string, onValues: (records: number, bytes: number) => void): Promise<Close>
}
interface Producing {
  send(topic: string, partition: number, values: readonly Buffer[]): Promise<void>
  close: Close
}
type Close = () => Promise<void>

interface Figures {
  readonly perSecond: number[]
  /** Milliseconds for 1,000 records. */
  readonly cpuMs: number[]
}

export async function main(): Promise<Table[]> {
  const server = await startServer('-o', 'log.segment.delete.delay.ms=0', '-o', 'group.initial.rebalance.delay.ms=0')
  const bootstrapServers = [server.bootstrapServers]
  const admin = wireAdmin({ bootstrapServers })
  const clients = [
    driverClient('wire', bootstrapServers),
    driverClient('kafkajs', bootstrapServers),
    kafkajsClient(bootstrapServers),
    ...(await platformaticClient(bootstrapServers)),
  ]
  const figures = new Map<string, Figures>()
  const note = (key: string, round: number, records: number, { ms, cpuMs }: { ms: number; cpuMs: number }): void => {
    const own = figures.get(key) ?? { perSecond: [], cpuMs: [] }
    figures.set(key, own)
    // the first round warms up
    if (round === 0) return
    own.perSecond.push((records / ms) * 1_000)
    own.cpuMs.push((cpuMs / records) * 1_000)
  }

  for (const size of SIZES) {
    const full = `consumed-${size.bytes}`
    await admin.createTopics([{ name: full, numPartitions: PARTITIONS }])
    await produce(clients[0]!, full, size, size.consumed)
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [turn, client] of clients.entries()) {
        const own = `produced-${size.bytes}-${round}-${turn}`
        await admin.createTopics([{ name: own, numPartitions: PARTITIONS }])
        note(
          `produce ${size.name} ${client.name}`,
          round,
          size.produced,
          await produce(client, own, size, size.produced),
        )
        await admin.deleteTopics({ topicNames: [own] })
        note(`consume ${size.name} ${client.name}`, round, size.consumed, await consume(client, full, size, own))
      }
    }
    await admin.deleteTopics({ topicNames: [full] })
  }
  admin.close()
  await server.stop()

  return ['produce', 'consume'].map((what) => ({
    head: [what, ...SIZES.flatMap(({ name }) => [`${name}, records/s`, `of wire`, `CPU ms per 1,000`])],
    rows: clients.map(({ name }) => [
      name,
      ...SIZES.flatMap((size) => {
        const { perSecond, cpuMs } = figures.get(`${what} ${size.name} ${name}`)!
        const wire = median(figures.get(`${what} ${size.name} ${clients[0]!.name}`)!.perSecond)
        const share = Math.round((median(perSecond) / wire) * 100)
        return [whole(median(perSecond)), `${share} %`, median(cpuMs).toFixed(2)]
      }),
    ]),
  }))
}

// ── runs ──

async function produce(
  client: Client,
  topic: string,
  { bytes }: Size,
  records: number,
): Promise<{ ms: number; cpuMs: number }> {
  const producing = await client.producing()
  const value = Buffer.alloc(bytes, 'x')
  const batch = Array.from({ length: Math.floor(BATCH_BYTES / bytes) }, () => value)
  // metadata and the producer's id are there before the clock runs
  for (let partition = 0; partition < PARTITIONS; partition++) await producing.send(topic, partition, [value])
  const took = stopwatch()
  await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) => {
      for (let left = records / PARTITIONS; left > 0; left -= batch.length) {
        await producing.send(topic, partition, left < batch.length ? batch.slice(0, left) : batch)
      }
    }),
  )
  const figures = took()
  await producing.close()
  return figures
}

async function consume(
  client: Client,
  topic: string,
  { bytes, consumed }: Size,
  groupId: string,
): Promise<{ ms: number; cpuMs: number }> {
  const expected = consumed + PARTITIONS
  let seen = 0
  let took: ReturnType<typeof stopwatch> | undefined
  let finish!: (figures: { ms: number; cpuMs: number }) => void
  let fail!: (error: Error) => void
  const done = new Promise<{ ms: number; cpuMs: number }>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  const close = await client.consuming(topic, groupId, (count, size) => {
    took ??= stopwatch()
    seen += count
    if (size !== count * bytes) fail(new Error(`${client.name}: ${count} values of ${size} bytes`))
    if (seen === expected) finish(took())
  })
  const figures = await done
  await close()
  return figures
}

function stopwatch(): () => { ms: number; cpuMs: number } {
  const sinceMs = performance.now()
  const since = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(since)
    return { ms: performance.now() - sinceMs, cpuMs: (user + system) / 1_000 }
  }
}

// ── clients ──

function driverClient(driver: 'wire' | 'kafkajs', bootstrapServers: string[]): Client {
  const open = (): KafkaDriver => createDriver({ driver, bootstrapServers })
  return {
    name: driver === 'wire' ? 'kts-kafka, wire' : 'kts-kafka, kafkajs',
    async producing() {
      const producer = open().producer({
        acks: 'all',
        compression: 'none',
        idempotent: true,
        deliveryTimeoutMs: 60_000,
        requestTimeoutMs: 30_000,
      })
      await producer.connect()
      return {
        async send(topic, partition, values) {
          const timestampMs = Date.now()
          const records = values.map((value): OutgoingRecord => ({ key: null, value, headers: [], timestampMs }))
          const [result] = await producer.send([{ topic, partition, records }])
          if (result!.error) throw result!.error
        },
        close: () => producer.close(5_000),
      }
    },
    async consuming(topic, groupId, onValues) {
      const consumer = driverConsumer(open(), groupId)
      await consumer.start(
        { topics: [topic] },
        {
          onAssigned: (all) => Promise.resolve(all.map((tp) => ({ ...tp, start: 'earliest' as const }))),
          onRevoked: () => Promise.resolve(),
          onLost: () => {},
          onRecords: ({ records }) => {
            if (records.length === 0) return
            let bytes = 0
            for (const { rawValue } of records) bytes += rawValue!.length
            onValues(records.length, bytes)
          },
          onOffsetOutOfRange: () => {},
          onState: () => {},
        },
      )
      return () => consumer.close(5_000)
    },
  }
}

function kafkajsClient(brokers: string[]): Client {
  const kafka = new Kafkajs({ brokers, logLevel: logLevel.NOTHING })
  return {
    name: 'kafkajs itself',
    async producing() {
      const producer = kafka.producer({ idempotent: true })
      await producer.connect()
      return {
        async send(topic, partition, values) {
          await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition })) })
        },
        close: () => producer.disconnect(),
      }
    },
    async consuming(topic, groupId, onValues) {
      const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 })
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        partitionsConsumedConcurrently: PARTITIONS,
        eachBatch: ({ batch }) => {
          let bytes = 0
          for (const { value } of batch.messages) bytes += value!.length
          onValues(batch.messages.length, bytes)
          return Promise.resolve()
        },
      })
      return () => consumer.disconnect()
    },
  }
}

/** As much of `@platformatic/kafka` as is used here. */
interface Platformatic {
  readonly Producer: new (options: object) => {
    send(options: { messages: { topic: string; partition: number; value: Buffer }[]; acks: number }): Promise<unknown>
    close(): Promise<void>
  }
  readonly Consumer: new (options: object) => {
    consume(options: object): Promise<{
      on(event: 'data', listener: (message: { readonly value: Buffer }) => void): void
      close(): Promise<void>
    }>
    close(force: boolean): Promise<void>
  }
}

async function platformaticClient(bootstrapBrokers: string[]): Promise<Client[]> {
  if (!existsSync(INTEROP)) return []
  const path = createRequire(INTEROP).resolve('@platformatic/kafka')
  const { Producer, Consumer } = (await import(pathToFileURL(path).href)) as Platformatic
  const common = { clientId: 'bench', bootstrapBrokers }
  const client: Client = {
    name: '@platformatic/kafka',
    async producing() {
      const producer = new Producer({ ...common, idempotent: true, autocreateTopics: false })
      return {
        async send(topic, partition, values) {
          await producer.send({ acks: -1, messages: values.map((value) => ({ topic, partition, value })) })
        },
        close: () => producer.close(),
      }
    },
    async consuming(topic, groupId, onValues) {
      const consumer = new Consumer({ ...common, groupId })
      const stream = await consumer.consume({
        topics: [topic],
        autocommit: false,
        mode: 'earliest',
        maxWaitTime: 100,
        maxBytes: 1024 * 1024,
      })
      stream.on('data', ({ value }) => onValues(1, value.length))
      return async () => {
        await stream.close()
        await consumer.close(true)
      }
    },
  }
  return [client]
}
