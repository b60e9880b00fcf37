/** What the contract suite needs from whoever runs it: a test runner's functions, and a cluster with a driver on it. */
import { systemRandom } from '../../base/random.js'
import type {
  Capabilities,
  ConsumerOptions,
  KafkaDriver,
  OutgoingBatch,
  OutgoingRecord,
  ProducerOptions,
} from '../../client/port.js'

/** The functions of vitest, jest, or anything alike. */
export interface TestApi {
  describe(name: string, body: () => void): void
  it: {
    (name: string, body: () => Promise<void>, timeoutMs?: number): void
    skip(name: string, body: () => Promise<void>): void
  }
  beforeAll(body: () => Promise<void>, timeoutMs?: number): void
  afterAll(body: () => Promise<void>, timeoutMs?: number): void
  expect(actual: unknown): Expectation
}

export interface Expectation {
  toBe(expected: unknown): void
  toEqual(expected: unknown): void
  toMatchObject(expected: object): void
  toBeLessThan(expected: number): void
  toBeGreaterThanOrEqual(expected: number): void
  readonly rejects: { toMatchObject(expected: object): Promise<void> }
}

export interface DriverContractHarness {
  /** Brings the cluster up, if that is still to be done. */
  start?(): Promise<void>
  stop?(): Promise<void>
  /** What the driver says that it can do. */
  readonly capabilities: Capabilities
  /** A driver of its own on the cluster, which has at least one broker and creates topics on demand. */
  createDriver(): KafkaDriver
  /** The cluster's `group.min.session.timeout.ms`. Default 6_000, as Kafka's. */
  readonly minSessionTimeoutMs?: number | undefined
  /** Stops the broker and brings it back with its data, at the same address. Left out: the case is skipped. */
  restart?(): Promise<void>
}

/** What the parts of the suite share. */
export interface Contract extends TestApi {
  readonly harness: DriverContractHarness
  readonly driver: () => KafkaDriver
}

/** Longer than any case should take, so that the case's own message comes first. */
export const CASE_TIMEOUT_MS = 30_000

/** A name that no other run has. */
export function unique(prefix: string): string {
  return `${prefix}-${systemRandom.uuid().slice(0, 8)}`
}

export function producerOptions(own: Partial<ProducerOptions> = {}): ProducerOptions {
  return {
    acks: 'all',
    compression: 'none',
    idempotent: true,
    deliveryTimeoutMs: 15_000,
    requestTimeoutMs: 5_000,
    ...own,
  }
}

/** Quick heartbeats and short waits: a rebalance takes tenths of a second. */
export function consumerOptions(own: Partial<ConsumerOptions> = {}): ConsumerOptions {
  return {
    groupId: unique('group'),
    assignors: ['range', 'roundrobin'],
    groupProtocol: 'classic',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    heartbeatIntervalMs: 100,
    fetchMinBytes: 1,
    fetchMaxBytes: 52_428_800,
    fetchMaxBytesPerPartition: 1_048_576,
    fetchMaxWaitMs: 100,
    isolation: 'read_uncommitted',
    metadataMaxAgeMs: 300,
    ...own,
  }
}

export function record(value: string | null, own: Partial<OutgoingRecord> = {}): OutgoingRecord {
  return {
    key: null,
    value: value === null ? null : Buffer.from(value),
    headers: [],
    timestampMs: 1_700_000_000_000,
    ...own,
  }
}

/** One batch with a record for each value. */
export function batch(topic: string, partition: number, ...values: string[]): OutgoingBatch {
  return { topic, partition, records: values.map((value) => record(value)) }
}

/** `prefix0`, `prefix1`, … */
export function values(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`)
}
