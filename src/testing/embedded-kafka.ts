/**
 * A Kafka broker in the process of the test, without Docker, Java or files, on a free port:
 *
 * ```ts
 * await using broker = await EmbeddedKafka.start({ topics: ['orders'] })
 * const runtime = kafka({ bootstrapServers: broker.bootstrapServers })
 * ```
 *
 * It is the bundled broker itself; what `kts-server` can do, it can do. (Spring's `EmbeddedKafkaBroker`.)
 */
import { sleep, wallClock } from '../base/clock.js'
import { silentLog, type Log } from '../base/log.js'
import {
  createDriver,
  DriverError,
  type AdminPort,
  type KafkaDriver,
  type OutgoingRecord,
  type ProducerPort,
} from '../client/index.js'
import { Headers, type HeadersInit, type TopicPartition } from '../model/index.js'
import { memoryDisk } from '../server/disk/memory-disk.js'
import { startBroker, type BrokerOptions, type Hooks, type RunningBroker } from '../server/index.js'
import { readRecords, type ReadOptions, type TestRecord } from './read-records.js'

export interface EmbeddedKafkaOptions {
  /** Created before `start` resolves: names, or names with their partitions and configs, e.g. a `topic(...)`. */
  readonly topics?: readonly (string | EmbeddedTopic)[] | undefined
  /** Default 0: a free one. */
  readonly port?: number | undefined
  /** Keeps logs on disk here. Default: in memory, also over `restart`. */
  readonly dataDir?: string | undefined
  /** Broker settings by Kafka's names. */
  readonly configs?: Readonly<Record<string, string>> | undefined
  /** The broker's own lines. Default: silent. */
  readonly log?: Log | undefined
}

export interface EmbeddedTopic {
  readonly name: string
  readonly partitions?: number | undefined
  readonly configs?: Readonly<Record<string, string>> | undefined
}

/** What a test sends: text or bytes. */
export interface ProduceRecord {
  readonly key?: string | Uint8Array | null | undefined
  readonly value: string | Uint8Array | null
  /** Default 0. */
  readonly partition?: number | undefined
  readonly headers?: HeadersInit | undefined
  /** Default: now. */
  readonly timestampMs?: number | undefined
}

/** For one machine: records need not wait for a group to gather, and one copy of everything is all there is. */
const TEST_CONFIGS = { 'group.initial.rebalance.delay.ms': '0', 'group.min.session.timeout.ms': '100' }
const WAIT_MS = 10_000
const LOOK_AGAIN_MS = 20
const clock = wallClock()

export class EmbeddedKafka implements AsyncDisposable {
  private driver: KafkaDriver | undefined
  private producing: Promise<ProducerPort> | undefined
  private administering: Promise<AdminPort> | undefined

  private constructor(
    private readonly options: BrokerOptions,
    private broker: RunningBroker,
  ) {}

  /** Resolves when clients can connect. @throws StartError when a setting is wrong or the port is taken. */
  static async start(options: EmbeddedKafkaOptions = {}): Promise<EmbeddedKafka> {
    const topics = (options.topics ?? []).map((topic) =>
      typeof topic === 'string' ? { name: topic } : toCreate(topic),
    )
    const all: BrokerOptions = {
      port: options.port ?? 0,
      dataDir: options.dataDir,
      configs: { ...TEST_CONFIGS, ...options.configs },
      topics,
      log: options.log ?? silentLog,
      hooks: true,
      // kept here, so that a restart finds what was written
      disk: options.dataDir === undefined ? memoryDisk() : undefined,
    }
    return new EmbeddedKafka(all, await startBroker(all))
  }

  /** `host:port`, for clients. The same after a restart. */
  get bootstrapServers(): string {
    return this.broker.bootstrapServers
  }

  get startedInMs(): number {
    return this.broker.startedInMs
  }

  /**
   * Faults, waits, a clock that can be moved on, and a journal of requests:
   *
   * ```ts
   * const fault = broker.hooks.fault({ api: 'Produce', topic: 'orders', error: 'NOT_LEADER_OR_FOLLOWER', times: 3 })
   * await broker.hooks.waitForGroup('billing', { members: 2 })
   * ```
   *
   * A restart begins anew, without faults.
   */
  get hooks(): Hooks {
    return this.broker.hooks!
  }

  /** Stops the broker, and brings it back with its data at the same address. */
  async restart(): Promise<void> {
    const { port } = this.broker.listeners[0]!
    await this.broker.stop()
    this.broker = await startBroker({ ...this.options, port })
  }

  async stop(): Promise<void> {
    // one that could not connect has told whoever asked for it
    const [producer, admin] = await Promise.allSettled([this.producing, this.administering])
    if (producer.status === 'fulfilled') await producer.value?.close(1_000)
    if (admin.status === 'fulfilled') await admin.value?.close()
    await this.driver?.close()
    this.producing = this.administering = this.driver = undefined
    await this.broker.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** Sends records to a topic and resolves when they are written; gives their places. */
  async produce(topic: string, ...records: readonly ProduceRecord[]): Promise<(TopicPartition & { offset: number })[]> {
    const producer = await (this.producing ??= this.newProducer())
    await producer.partitions(topic)
    const batches = records.map((record) => ({
      topic,
      partition: record.partition ?? 0,
      records: [toOutgoing(record)],
    }))
    return (await producer.send(batches)).map((result, i) => {
      if (result.error) throw result.error
      return { topic, partition: batches[i]!.partition, offset: result.baseOffset }
    })
  }

  /**
   * The records of a topic. With `count` it waits until there are so many, and rejects when there are not within
   * `timeoutMs` (default 10 s); without, it gives what is there.
   */
  records(topic: string, options: ReadOptions = {}): Promise<TestRecord[]> {
    return readRecords(this.client(), topic, options)
  }

  /** The group's committed offset (the next to read); undefined while there is none. */
  async committed(groupId: string, topic: string, partition = 0): Promise<number | undefined> {
    const admin = await this.admin()
    return (await admin.committedOffsets(groupId, [{ topic, partition }]))[0]?.offset
  }

  /** Waits until the group has committed at least this offset. */
  async untilCommitted(groupId: string, at: TopicPartition & { offset: number }, timeoutMs = WAIT_MS): Promise<void> {
    await until(`group '${groupId}' to commit ${at.topic}-${at.partition}@${at.offset}`, timeoutMs, async () => {
      const offset = await this.committed(groupId, at.topic, at.partition)
      return offset !== undefined && offset >= at.offset
    })
  }

  /** Waits until a topic exists. */
  async untilTopic(topic: string, timeoutMs = WAIT_MS): Promise<void> {
    const admin = await this.admin()
    await until(`topic '${topic}'`, timeoutMs, async () => (await admin.describeTopics([topic])).length > 0)
  }

  /** For whatever else a test wants to ask or change; closed with the broker. */
  admin(): Promise<AdminPort> {
    return (this.administering ??= this.newAdmin())
  }

  private client(): KafkaDriver {
    return (this.driver ??= createDriver({ bootstrapServers: [this.bootstrapServers], clientId: 'embedded-kafka' }))
  }

  private async newAdmin(): Promise<AdminPort> {
    const admin = this.client().admin()
    await admin.connect()
    return admin
  }

  private async newProducer(): Promise<ProducerPort> {
    const producer = this.client().producer({
      acks: 'all',
      compression: 'none',
      idempotent: false,
      deliveryTimeoutMs: WAIT_MS,
      requestTimeoutMs: WAIT_MS,
    })
    await producer.connect()
    return producer
  }
}

/** Asks again and again until the answer is yes. @throws DriverError 'timeout' naming what was waited for. */
async function until(what: string, timeoutMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = clock.monotonic() + timeoutMs
  while (!(await holds())) {
    if (clock.monotonic() >= deadlineMs) throw new DriverError('timeout', `Waited ${timeoutMs} ms for ${what}.`)
    await sleep(clock, LOOK_AGAIN_MS)
  }
}

const toCreate = ({ name, partitions, configs }: EmbeddedTopic): EmbeddedTopic => ({ name, partitions, configs })

function toOutgoing(record: ProduceRecord): OutgoingRecord {
  return {
    key: record.key === undefined ? null : toBuffer(record.key),
    value: toBuffer(record.value),
    headers: Headers.from(record.headers).toArray(),
    timestampMs: record.timestampMs ?? clock.now(),
  }
}

function toBuffer(value: string | Uint8Array | null): Buffer | null {
  if (value === null) return null
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value)
}
