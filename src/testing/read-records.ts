/** Reading what a topic holds, for assertions: by a real client, in a group of its own. */
import { sleep, wallClock } from '../base/clock.js'
import { systemRandom } from '../base/random.js'
import { DriverError, type ConsumerHandler, type IncomingRecord, type KafkaDriver } from '../client/index.js'
import type { Headers, TimestampType } from '../model/index.js'

export interface ReadOptions {
  /** Wait for so many. Left out: those that are there now. */
  readonly count?: number | undefined
  /** Default 10_000. */
  readonly timeoutMs?: number | undefined
  /** Where to begin in every partition. Default 0, or the earliest that there is. */
  readonly fromOffset?: number | undefined
  /** Default: all partitions. */
  readonly partition?: number | undefined
}

/** A record as tests look at it. */
export class TestRecord {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly offset: number,
    readonly rawKey: Buffer | null,
    readonly rawValue: Buffer | null,
    readonly headers: Headers,
    readonly timestampMs: number,
    readonly timestampType: TimestampType,
  ) {}

  /** As UTF-8 text. */
  get key(): string | null {
    return this.rawKey?.toString() ?? null
  }

  /** As UTF-8 text; null is a tombstone. */
  get value(): string | null {
    return this.rawValue?.toString() ?? null
  }

  /** The value as JSON has it. */
  json<T = unknown>(): T {
    return JSON.parse(this.rawValue?.toString() ?? 'null') as T
  }
}

const TIMEOUT_MS = 10_000
const LOOK_AGAIN_MS = 20
const clock = wallClock()

/**
 * In order within a partition, partition after partition. With `count` a topic that does not exist is waited for, and is
 * not made by the asking. @throws DriverError 'timeout' telling what was found.
 */
export async function readRecords(
  driver: KafkaDriver,
  topic: string,
  options: ReadOptions = {},
): Promise<TestRecord[]> {
  const { count, timeoutMs = TIMEOUT_MS } = options
  const deadlineMs = clock.monotonic() + timeoutMs
  const ends = await endOffsets(driver, topic, options, deadlineMs)
  const found: TestRecord[] = []
  const isDone = (): boolean => (count === undefined ? ends.size === 0 : found.length >= count)
  if (!isDone()) {
    await consume(driver, topic, options, deadlineMs, (partition, records, nextOffset) => {
      if (options.partition !== undefined && partition !== options.partition) return false
      for (const record of records) found.push(toTestRecord(record))
      if (nextOffset >= (ends.get(partition) ?? Infinity)) ends.delete(partition)
      return isDone()
    })
  }
  if (!isDone()) {
    const seen = found.map((record) => `${record.partition}@${record.offset}`).join(' ') || 'none'
    throw new DriverError(
      'timeout',
      `Waited ${timeoutMs} ms for ${count ?? 'all'} records of '${topic}'; there are ${found.length} (${seen}).`,
    )
  }
  return found.slice(0, count).sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** Hands on what comes until `take` says that it is enough, or the time is over. */
async function consume(
  driver: KafkaDriver,
  topic: string,
  options: ReadOptions,
  deadlineMs: number,
  take: (partition: number, records: readonly IncomingRecord[], nextOffset: number) => boolean,
): Promise<void> {
  const enough = new AbortController()
  const consumer = driver.consumer({
    groupId: `records-${systemRandom.uuid()}`,
    assignors: ['range'],
    groupProtocol: 'classic',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    heartbeatIntervalMs: 1_000,
    fetchMinBytes: 1,
    fetchMaxBytes: 52_428_800,
    fetchMaxBytesPerPartition: 1_048_576,
    fetchMaxWaitMs: 100,
    isolation: 'read_uncommitted',
    metadataMaxAgeMs: 1_000,
  })
  const handler: ConsumerHandler = {
    onAssigned: async (partitions) => partitions.map((tp) => ({ ...tp, start: options.fromOffset ?? 'earliest' })),
    onRevoked: async () => {},
    onLost: () => {},
    onRecords: ({ partition, records, nextOffset }) => {
      if (!enough.signal.aborted && take(partition, records, nextOffset)) enough.abort()
    },
    onOffsetOutOfRange: (tp) => consumer.seek(tp, 'earliest'),
    onState: () => {},
  }
  try {
    await consumer.start({ topics: [topic] }, handler)
    await sleep(clock, Math.max(deadlineMs - clock.monotonic(), 0), enough.signal).catch(() => {})
  } finally {
    await consumer.close(500)
  }
}

/** Where each partition that holds anything to be read ends now. */
async function endOffsets(
  driver: KafkaDriver,
  topic: string,
  options: ReadOptions,
  deadlineMs: number,
): Promise<Map<number, number>> {
  const admin = driver.admin()
  try {
    await admin.connect()
    let [described] = await admin.describeTopics([topic])
    while (described === undefined && options.count && clock.monotonic() < deadlineMs) {
      await sleep(clock, LOOK_AGAIN_MS)
      ;[described] = await admin.describeTopics([topic])
    }
    const all = Array.from({ length: described?.partitions ?? 0 }, (_, partition) => ({ topic, partition }))
    const asked = all.filter(({ partition }) => options.partition === undefined || partition === options.partition)
    const starts = await admin.listOffsets(asked, 'earliest')
    const ends = new Map<number, number>()
    for (const { partition, offset = 0 } of await admin.listOffsets(asked, 'latest')) {
      const start = starts.find((each) => each.partition === partition)?.offset ?? 0
      if (offset > Math.max(start, options.fromOffset ?? 0)) ends.set(partition, offset)
    }
    return ends
  } finally {
    await admin.close()
  }
}

function toTestRecord(record: IncomingRecord): TestRecord {
  const { topic, partition, offset, rawKey, rawValue, headers, timestampMs, timestampType } = record
  return new TestRecord(topic, partition, offset, rawKey, rawValue, headers, timestampMs, timestampType)
}
