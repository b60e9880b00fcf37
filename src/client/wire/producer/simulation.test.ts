/**
 * An idempotent producer against three brokers that cut connections before and after a batch was written, answer late or
 * not at all, refuse, and hand partitions on: on virtual time, a seed each. Whatever happens, each record is in its
 * partition's log at most once, in the order of `send`, and at the offset that was told.
 */
import { describe, expect, it } from 'vitest'
import { ScriptedCluster } from '../../../../test/client/scripted-cluster.js'
import { SimulatedLog } from '../../../../test/client/simulated-log.js'
import { sleep } from '../../../base/clock.js'
import { seededRandom, type Random } from '../../../base/random.js'
import { ErrorCode, messages } from '../../../protocol/index.js'
import { batch, producerOptions } from '../../../testing/driver-contract/harness.js'
import type { BatchResult, ProducerOptions, ProducerPort } from '../../port.js'

const PARTITIONS = 3
const TOPIC = 'words'
const seeds = Array.from({ length: Number(process.env['KTS_SEEDS'] ?? 12) }, (_, i) => i + 1)

const RETRIABLE = [
  ErrorCode.NOT_ENOUGH_REPLICAS,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
]

class Brokers {
  readonly logs: SimulatedLog[]
  /** One in so many requests, or batches, is hurt; 0: none. */
  oneIn = 0

  private constructor(
    readonly cluster: ScriptedCluster,
    private readonly random: Random,
    maxMessageBytes?: number,
  ) {
    this.logs = Array.from({ length: PARTITIONS }, () => new SimulatedLog(maxMessageBytes))
    cluster.topic(TOPIC, [1, 2, 3])
    cluster.script(messages.initProducerId, () => ({ errorCode: 0, producerId: 7, producerEpoch: 0 }))
    cluster.script(messages.produce, async ({ topicData }, { nodeId }) => {
      if (this.strikes()) return random.below(2) === 0 ? 'cut' : 'silence'
      if (this.strikes()) await sleep(cluster.clock, random.below(1_500))
      const answer = {
        responses: topicData.map(({ topicId, partitionData }) => ({
          topicId,
          partitionResponses: partitionData.map(({ index, records }) => ({
            index,
            recordErrors: [],
            ...this.produce(nodeId, index, records!),
          })),
        })),
      }
      return this.strikes() ? 'cut' : answer
    })
  }

  static async start(random: Random, maxMessageBytes?: number): Promise<Brokers> {
    return new Brokers(await ScriptedCluster.start([1, 2, 3]), random, maxMessageBytes)
  }

  private strikes(): boolean {
    return this.oneIn > 0 && this.random.below(this.oneIn) === 0
  }

  private produce(nodeId: number, partition: number, records: Buffer) {
    const leader = this.cluster.topics.get(TOPIC)![partition]!
    if (this.strikes()) this.cluster.lead(TOPIC, partition, 1 + this.random.below(3))
    if (leader.leaderId !== nodeId) {
      const currentLeader = this.random.below(2) === 0 ? { ...leader } : { leaderId: -1, leaderEpoch: -1 }
      return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, baseOffset: -1, currentLeader }
    }
    if (this.strikes()) return { errorCode: RETRIABLE[this.random.below(RETRIABLE.length)]!, baseOffset: -1 }
    const appended = this.logs[partition]!.append(records)
    if (appended.errorCode === ErrorCode.NONE && this.strikes()) {
      return { errorCode: ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND, baseOffset: -1 }
    }
    return appended
  }
}

interface Sent {
  readonly partition: number
  readonly values: readonly string[]
  result?: BatchResult
}

/** Sends batches without waiting for those before. */
class Run {
  readonly sent: Sent[] = []
  readonly producer: ProducerPort

  constructor(
    readonly brokers: Brokers,
    private readonly random: Random,
    options: Partial<ProducerOptions> = {},
  ) {
    this.producer = brokers.cluster
      .driver(random)
      .producer(producerOptions({ requestTimeoutMs: 1_000, deliveryTimeoutMs: 4_000, ...options }))
  }

  async send(count: number, valueOf: (n: number) => string = String): Promise<void> {
    const { cluster } = this.brokers
    for (let i = 0; i < count; i++) {
      const partition = this.random.below(PARTITIONS)
      const n = this.sent.length
      const words = Array.from({ length: 1 + this.random.below(4) }, (_, k) => `${valueOf(n)}.${k}`)
      const one: Sent = { partition, values: words }
      this.sent.push(one)
      void this.producer.send([batch(TOPIC, partition, ...words)]).then(([result]) => (one.result = result!))
      if (this.random.below(3) === 0) await cluster.run(this.random.below(120))
    }
    await cluster.until('all results', () => this.sent.every(({ result }) => result !== undefined))
  }

  /** What is wrong with the logs, in words. */
  offences(): string[] {
    const offences: string[] = []
    for (const [partition, { values }] of this.brokers.logs.entries()) {
      const order = this.sent.filter((one) => one.partition === partition).flatMap((one) => one.values)
      const places = values.map((value) => order.indexOf(value))
      for (const [at, place] of places.entries()) {
        if (at > 0 && place <= places[at - 1]!)
          offences.push(`${partition}@${at} ${values[at]} after ${values[at - 1]}`)
      }
    }
    for (const { partition, values, result } of this.sent) {
      const log = this.brokers.logs[partition]!.values
      for (const [i, value] of values.entries()) {
        const own = result!.records?.[i]
        if (result!.error && (own === undefined || own.error)) continue
        const offset = own ? (own as { offset: number }).offset : (result as { baseOffset: number }).baseOffset + i
        if (log[offset] !== value) offences.push(`${value} was told to be at ${partition}@${offset}: ${log[offset]}`)
      }
    }
    return offences
  }

  get errors(): string[] {
    return this.sent.flatMap(({ result }) => (result!.error ? [`${result!.error.kind} ${result!.error.code}`] : []))
  }
}

describe('an idempotent producer', () => {
  it.each(seeds)('loses, doubles and reorders nothing (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const brokers = await Brokers.start(random)
    const run = new Run(brokers, random, { deliveryTimeoutMs: 60_000 })
    await run.send(3)
    brokers.oneIn = 6 + random.below(10)
    await run.send(60)
    expect(run.errors).toEqual([])
    expect(run.offences()).toEqual([])
    expect(brokers.logs.flatMap(({ values }) => values).length).toBe(run.sent.flatMap(({ values }) => values).length)
  })

  it.each(seeds)('doubles and reorders nothing when batches are given up (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const brokers = await Brokers.start(random)
    const run = new Run(brokers, random, { deliveryTimeoutMs: 1_500 })
    await run.send(3)
    brokers.oneIn = 3 + random.below(4)
    await run.send(60)
    expect(new Set(run.errors.map((words) => words.split(' ')[0]))).toEqual(new Set(['timeout']))
    expect(run.offences()).toEqual([])
    // and no hole is left
    brokers.oneIn = 0
    const before = run.sent.length
    await run.send(12)
    expect(run.sent.slice(before).filter(({ result }) => result!.error)).toEqual([])
    expect(run.offences()).toEqual([])
  })

  it.each(seeds.slice(0, 4))(
    'sends what is too large in parts, and tells where each record is (seed %i)',
    async (seed) => {
      const random = seededRandom(seed)
      const brokers = await Brokers.start(random, 200)
      brokers.oneIn = 12
      const run = new Run(brokers, random, { deliveryTimeoutMs: 60_000 })
      await run.send(40, (n) => `${n}${'x'.repeat(random.below(60))}`)
      expect(run.errors).toEqual([])
      expect(run.offences()).toEqual([])
      expect(run.sent.some(({ result }) => result!.records !== undefined)).toBe(true)
    },
  )
})
