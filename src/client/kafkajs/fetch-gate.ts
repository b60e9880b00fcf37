/**
 * What may be fetched of what is assigned. It stands between kafkajs's fetch loop and the broker: it leaves partitions out
 * of requests (paused, waiting for their start, out of range, backing off), and answers out of responses.
 *
 * kafkajs's own pause sleeps a whole fetch wait when everything is paused, its own out-of-range handling commits a reset,
 * and its own answer to a moved leader is a rebalance: with the gate none of these is met.
 */
import type { Clock } from '../../base/clock.js'
import { nextTurn } from '../../base/turn.js'
import type { TopicPartition } from '../../model/index.js'
import { ErrorCode, protocolError } from '../../protocol/errors.js'
import { errorOfCode } from '../error-of-code.js'
import type { FetchAnswer, FetchRequest, FetchTopic, KafkajsBroker, KafkajsCluster } from './vendor.js'

interface Entry extends TopicPartition {
  /** Its position is not known yet: the start of an assignment, or a seek to an end. */
  held: boolean
  /** Sought, and not yet asked for from there: kafkajs takes a seek over with the next fetch but one, if it must. */
  soughtOffset: number | undefined
  /** Since when it is paused. */
  pausedMs: number | undefined
  /** Until when it is left alone after an error. */
  retryMs: number
}

export interface FetchTrouble {
  /** The broker says that it has no such offset; the partition is held. */
  outOfRange(partition: TopicPartition, offset: number, nodeId: number | string): void
  /** Metadata does not fit any more. */
  stale(): void
}

const RETRY_MS = 200
/** A fetch that leaves paused partitions out is not longer than they are paused already, nor shorter than this. */
const SHORT_WAIT_MS = 5

export class FetchGate {
  private entries = new Map<string, Map<number, Entry>>()
  private waiting = new Set<() => void>()
  private open = true
  private finished = false
  /** Each gives up the answer to a fetch under way. */
  private readonly asked = new Set<() => void>()

  constructor(
    private readonly clock: Clock,
    private readonly trouble: FetchTrouble,
  ) {}

  attach(cluster: KafkajsCluster): void {
    const find = cluster.findBroker.bind(cluster)
    const tapped = new WeakSet<KafkajsBroker>()
    cluster.findBroker = async (node) => {
      const broker = await find(node).catch((error: unknown) => this.unreachable(error))
      if (!tapped.has(broker)) {
        tapped.add(broker)
        const fetch = broker.fetch.bind(broker)
        broker.fetch = (request) => this.fetch(broker, fetch, request)
      }
      return broker
    }
  }

  /** These and no others from now on, unpaused, and held until `release`. */
  assign(partitions: readonly TopicPartition[]): void {
    this.entries = new Map()
    for (const { topic, partition } of partitions) {
      const entry = { topic, partition, held: true, soughtOffset: undefined, pausedMs: undefined, retryMs: 0 }
      const ofTopic = this.entries.get(topic)
      if (ofTopic) ofTopic.set(partition, entry)
      else this.entries.set(topic, new Map([[partition, entry]]))
    }
    this.wake()
  }

  hold(tp: TopicPartition): void {
    const entry = this.find(tp)
    if (entry) entry.held = true
  }

  /** Its position is this offset, which kafkajs was told by a seek. */
  release(tp: TopicPartition, soughtOffset: number): void {
    const entry = this.find(tp)
    if (!entry) return
    entry.held = false
    entry.soughtOffset = soughtOffset
    this.wake()
  }

  pause(tp: TopicPartition): void {
    const entry = this.find(tp)
    if (entry) entry.pausedMs ??= this.clock.monotonic()
  }

  resume(tp: TopicPartition): void {
    const entry = this.find(tp)
    if (!entry) return
    entry.pausedMs = undefined
    this.wake()
  }

  has(tp: TopicPartition): boolean {
    return this.find(tp) !== undefined
  }

  /** Whether records of it may be handed on. */
  passes(tp: TopicPartition): boolean {
    const entry = this.find(tp)
    return this.open && entry !== undefined && !entry.held && entry.pausedMs === undefined
  }

  /** Nothing passes any more, and the answer to what was asked last is not waited for. */
  close(): void {
    this.open = false
    for (const giveUp of this.asked) giveUp()
    this.wake()
  }

  /** The loop is told to end: no fetch waits any more. */
  finish(): void {
    this.finished = true
    this.close()
  }

  private find({ topic, partition }: TopicPartition): Entry | undefined {
    return this.entries.get(topic)?.get(partition)
  }

  /**
   * A broker that can't be reached is no reason to stop reading from the others: under this name kafkajs goes on, with
   * metadata that it reads again.
   */
  private async unreachable(error: unknown): Promise<never> {
    if (error instanceof Error && error.name === 'KafkaJSConnectionError' && this.open) {
      await this.change(RETRY_MS)
      error.name = 'KafkaJSBrokerNotFound'
    }
    throw error
  }

  private async fetch(
    broker: KafkajsBroker,
    fetch: (request: FetchRequest) => Promise<FetchAnswer>,
    request: FetchRequest,
  ): Promise<FetchAnswer> {
    const nowMs = this.clock.monotonic()
    let waitMs = request.maxWaitTime
    let unsettled = false
    const topics: FetchTopic[] = []
    for (const { topic, partitions } of request.topics) {
      const due = partitions.filter(({ partition, fetchOffset }) => {
        const entry = this.find({ topic, partition })
        if (entry === undefined) return false
        if (entry.pausedMs !== undefined) waitMs = Math.min(waitMs, Math.max(nowMs - entry.pausedMs, SHORT_WAIT_MS))
        if (!this.passes(entry) || entry.retryMs > nowMs) return false
        if (entry.soughtOffset !== undefined && entry.soughtOffset !== Number(fetchOffset)) return !(unsettled = true)
        entry.soughtOffset = undefined
        return true
      })
      if (due.length > 0) topics.push({ topic, partitions: due })
    }
    if (topics.length === 0) {
      // kafkajs asks again at once, with nothing but promises in between: what it waits for needs a turn of the event loop
      if (unsettled || this.finished) await nextTurn()
      else await this.change(Math.min(request.maxWaitTime, RETRY_MS))
      return { responses: [] }
    }
    const answer = await this.untilClosed(fetch({ ...request, topics, maxWaitTime: Math.floor(waitMs) }))
    return { responses: this.sift(answer, topics, broker.nodeId) }
  }

  /** The answer, or none once the gate is closed. Not a race with one long promise: that would keep every answer. */
  private untilClosed(answer: Promise<FetchAnswer>): Promise<FetchAnswer> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => resolve({ responses: [] })
      this.asked.add(giveUp)
      void answer.then(resolve, reject).finally(() => this.asked.delete(giveUp))
    })
  }

  private sift(answer: FetchAnswer, topics: readonly FetchTopic[], nodeId: number | string): FetchAnswer['responses'] {
    return answer.responses.map(({ topicName: topic, partitions }) => ({
      topicName: topic,
      partitions: partitions.filter(({ partition, errorCode, messages, preferredReadReplica = -1 }) => {
        if (!this.passes({ topic, partition })) return false
        if (errorCode === ErrorCode.NONE) return messages.length > 0 || preferredReadReplica !== -1
        this.failed({ topic, partition }, errorCode, topics, nodeId)
        return false
      }),
    }))
  }

  private failed(tp: TopicPartition, code: number, topics: readonly FetchTopic[], nodeId: number | string): void {
    const error = errorOfCode(code, tp)
    if (error.kind === 'offsetOutOfRange') {
      this.hold(tp)
      const asked = topics
        .find((topic) => topic.topic === tp.topic)
        ?.partitions.find((each) => each.partition === tp.partition)
      this.trouble.outOfRange(tp, Number(asked?.fetchOffset), nodeId)
      return
    }
    const row = protocolError(code)
    if (!row.retriable && error.kind !== 'unknownTopic') throw error
    if (row.refreshesMetadata) this.trouble.stale()
    this.find(tp)!.retryMs = this.clock.monotonic() + RETRY_MS
  }

  /** Resolves with the next release, resume or assignment, or after so long. */
  private change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        this.waiting.delete(done)
        resolve()
      }
      const timer = this.clock.after(ms, done)
      this.waiting.add(done)
    })
  }

  private wake(): void {
    for (const done of this.waiting) done()
  }
}
