/** A runtime on a memory cluster with virtual time: what most tests of the Spring layer run on. */
import { virtualClock, type VirtualClock } from '../../src/base/clock.js'
import { logTo, type LogLevel } from '../../src/base/log.js'
import { seededRandom } from '../../src/base/random.js'
import { kafka } from '../../src/index.js'
import type { KafkaConfig, KafkaRuntime, KafkaServices, TopicPartition } from '../../src/index.js'
import { MemoryCluster, memoryDriver, type MemoryClusterOptions } from '../../src/testing/memory-driver/index.js'

export interface LogLine {
  readonly level: LogLevel
  readonly message: string
}

export interface MemoryApp {
  readonly k: KafkaRuntime
  readonly cluster: MemoryCluster
  readonly clock: VirtualClock
  readonly lines: readonly LogLine[]
  /** The group's committed offset; undefined when it has none. */
  committed(groupId: string, tp: TopicPartition): number | undefined
  /** Text of each record of a partition. */
  values(topicName: string, partition?: number): (string | null)[]
}

export type MemoryAppOptions = Partial<KafkaConfig> & {
  readonly cluster?: MemoryClusterOptions | MemoryCluster | undefined
  readonly services?: KafkaServices | undefined
}

export function memoryApp({ cluster: given, services, ...config }: MemoryAppOptions = {}): MemoryApp {
  const cluster = given instanceof MemoryCluster ? given : new MemoryCluster({ clock: virtualClock(), ...given })
  const clock = cluster.clock as VirtualClock
  const lines: LogLine[] = []
  const log = logTo((level, message) => lines.push({ level, message }), 'trace')
  const k = kafka(
    {
      bootstrapServers: 'memory:1',
      driver: memoryDriver(cluster),
      ...config,
      consumer: { autoOffsetReset: 'earliest', ...config.consumer },
    },
    { clock, log, random: seededRandom(1), ...services },
  )
  return {
    k,
    cluster,
    clock,
    lines,
    committed: (groupId, tp) => cluster.committed(groupId, tp),
    values: (name, partition = 0) => {
      const log = cluster.partition({ topic: name, partition })
      return log.read(log.startOffset, Infinity).records.map(({ value }) => value?.toString() ?? null)
    },
  }
}

/** Lets everything that can go on without time passing go on. */
export async function settle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits, without time passing, until it holds. */
export async function until(holds: () => boolean, what = 'it to hold'): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (holds()) return
    await settle(1)
  }
  throw new Error(`waited in vain for ${what}`)
}

/** A promise and its handles. */
export function deferred<T = void>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: Error) => void
} {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** Appends to a partition as some other producer would. */
export function produce(app: MemoryApp, tp: TopicPartition, ...values: readonly (string | null)[]): void {
  app.cluster.produce({
    ...tp,
    records: values.map((value) => ({
      key: null,
      value: value === null ? null : Buffer.from(value),
      headers: [],
      timestampMs: app.clock.now(),
    })),
  })
}
