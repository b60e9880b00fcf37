/**
 * An application in bad weather: many listeners in several groups, containers that stop and start all the time, handlers
 * that fail or are slow, a broker that goes away and comes back. The ledger holds what came of it.
 */
import { setTimeout as wait } from 'node:timers/promises'
import {
  DefaultErrorHandler,
  fixed,
  json,
  kafka,
  topic,
  type KafkaRuntime,
  type ListenerContext,
  type MessageListenerContainer,
  type Topic,
} from 'kts-kafka'
import { createDriver } from 'kts-kafka/client'
import { logTo } from '../../../src/base/log.js'
import type { Random } from '../../../src/base/random.js'
import { Ledger } from './ledger.js'

export interface SoakOptions {
  readonly bootstrapServers: string
  readonly bounce: () => Promise<void>
  readonly random: Random
  readonly forMs: number
  /** Each topic has one group of its own. */
  readonly topics: number
  readonly partitionsPerTopic: number
  readonly listenersPerTopic: number
  readonly recordsPerSecond: number
  readonly rebalanceEveryMs: number
  readonly bounceEveryMs: number
  /** How soon members notice a rebalance. */
  readonly heartbeatIntervalMs: number
  readonly driver: 'kafkajs' | 'wire'
  readonly onTick?: (elapsedMs: number) => void
}

export interface SoakFigures {
  readonly ledger: Ledger
  readonly rebalances: number
  readonly bounces: number
  readonly retries: number
  readonly recovered: number
  /** Sends that were refused: a record may then be there or not, so there must be none. */
  readonly sendErrors: readonly string[]
  /** Error lines of the framework, by their first words. */
  readonly errorLines: ReadonlyMap<string, number>
}

interface Numbered {
  readonly number: number
}

const KEYS_PER_TOPIC = 200
const TICK_MS = 50
const ATTEMPTS = 3
const SETTLE_MS = 120_000

/** Rejects when records are missing in the end; the rest is the figures' to tell. */
export async function soak(options: SoakOptions): Promise<SoakFigures> {
  const { random, forMs } = options
  const ledger = new Ledger()
  const counts = { rebalances: 0, bounces: 0, retries: 0, recovered: 0 }
  const sendErrors: string[] = []
  const errorLines = new Map<string, number>()
  const k = kafka(
    {
      bootstrapServers: options.bootstrapServers,
      producer: { lingerMs: 5 },
      consumer: { autoOffsetReset: 'earliest', heartbeatIntervalMs: options.heartbeatIntervalMs, fetchMaxWaitMs: 100 },
      driver: (connection, tools) => createDriver({ ...connection, ...tools, driver: options.driver }),
    },
    { log: logTo((_, line) => errorLines.set(kind(line), (errorLines.get(kind(line)) ?? 0) + 1), 'error') },
  )
  const topics = Array.from({ length: options.topics }, (_, i) =>
    topic(`soak-${i}`, { value: json<Numbered>(), partitions: options.partitionsPerTopic }),
  )
  const containers = topics.flatMap((t) => listeners(k, t, options.listenersPerTopic, ledger, counts))
  await k.start()

  const over = new AbortController()
  const sinceMs = performance.now()
  const endMs = sinceMs + forMs
  const every = async (periodMs: number, work: () => Promise<void> | void): Promise<void> => {
    for (;;) {
      await wait(periodMs, undefined, { signal: over.signal }).catch(() => undefined)
      if (over.signal.aborted) return
      await work()
    }
  }
  let sentMs = sinceMs
  const send = (): void => {
    const nowMs = performance.now()
    const due = Math.min(Math.round(((nowMs - sentMs) / 1000) * options.recordsPerSecond), options.recordsPerSecond)
    sentMs = nowMs
    for (let i = 0; i < due; i++) {
      const t = topics[random.below(topics.length)]!
      const key = `k${random.below(KEYS_PER_TOPIC)}`
      const number = ledger.send(t.name, key)
      void k.template.send(t, { number }, { key }).catch((error: unknown) => sendErrors.push(String(error)))
    }
    options.onTick?.(nowMs - sinceMs)
    if (nowMs >= endMs) over.abort()
  }
  const work = [
    every(TICK_MS, send),
    every(options.rebalanceEveryMs, async () => {
      counts.rebalances++
      const container = containers[random.below(containers.length)]!
      await (container.isRunning ? container.stop() : container.start())
    }),
    every(options.bounceEveryMs, async () => {
      counts.bounces++
      await options.bounce()
    }),
  ]
  // what fails ends the others too, and all of them are waited for
  for (const one of work) one.catch(() => over.abort())
  await Promise.allSettled(work)
  try {
    await Promise.all(work)
    await Promise.all(containers.map((container) => container.start()))
    await ledger.settled(SETTLE_MS)
  } finally {
    await k.stop()
  }
  return { ledger, ...counts, sendErrors, errorLines }
}

/** Members of the topic's group. */
function listeners(
  k: KafkaRuntime,
  t: Topic<string, Numbered>,
  count: number,
  ledger: Ledger,
  counts: { retries: number; recovered: number },
): MessageListenerContainer[] {
  const errorHandler = new DefaultErrorHandler({
    attempts: ATTEMPTS,
    backOff: fixed(20),
    recoverer: ({ record }) => {
      counts.recovered++
      ledger.done(record.topic, record.key as string, (record.value as Numbered).number)
    },
  })
  const rebalanceListener = {
    onPartitionsAssigned: (partitions: readonly { topic: string; partition: number }[]) => {
      for (const { topic: name, partition } of partitions) ledger.assigned(name, partition)
    },
  }
  const handle = async ({ number }: Numbered, ctx: ListenerContext<string, Numbered>): Promise<void> => {
    const key = ctx.key!
    if (ctx.attempt === 1) ledger.delivered(ctx.topic, ctx.partition, key, number)
    else counts.retries++
    const dice = (number * 7_919 + Number(key.slice(1)) * 104_729) % 1_000
    if (dice < 5) await wait(200)
    else if (dice < 50) await wait(5)
    if (dice >= 990 && ctx.attempt < ATTEMPTS) throw new Error('fails at first')
    if (dice === 500) throw new TypeError('always fails')
    ledger.done(ctx.topic, key, number)
  }
  return Array.from({ length: count }, (_, i) =>
    k.listen(t, { id: `${t.name}#${i}`, groupId: `${t.name}-group`, errorHandler, rebalanceListener }, handle),
  )
}

/** Lines that differ in names and numbers are one kind. */
function kind(line: string): string {
  return line.replace(/soak-\S+|[\w-]*\d[\w.:-]*/g, '…').slice(0, 160)
}
