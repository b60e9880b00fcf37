/**
 * The producing side. kafkajs's own producer groups by a partitioner, mixes up partial failures and dies of a lost
 * sequence, so only its Cluster and Broker are used: leaders, connections, and the encoding of Produce.
 *
 * What always holds: of a partition one batch is under way at a time. A batch that was sent keeps its producer id and
 * sequence until its fate is known, so that the broker removes what a retry would double. When that can't be known in time
 * the id is given up, because the next sequence of the partition is unknown.
 */
import { sleep } from '../../base/clock.js'
import { lifetime } from '../../base/lifetime.js'
import { topicPartitionName } from '../../model/index.js'
import { ErrorCode, protocolError } from '../../protocol/errors.js'
import {
  DriverError,
  type BatchResult,
  type Codec,
  type OutgoingBatch,
  type ProducerOptions,
  type ProducerPort,
} from '../port.js'
import { backOff, type BackOff } from '../backoff.js'
import type { KafkajsContext } from './context.js'
import { endsWithin, within } from '../deadline.js'
import { Delivery, dueDeliveries } from './delivery.js'
import { errorOfCode } from '../error-of-code.js'
import { codeOf, toDriverError } from './errors.js'
import { groupBy } from '../group-by.js'
import { refusal, toMessages } from './outgoing.js'
import { CurrentIdentity, ProducerIdentity } from './producer-identity.js'
import { TopicLeaders } from './topic-leaders.js'
import type { ProduceAnswer } from './vendor.js'

/** Java's `retry.backoff.ms` is 100 and its maximum 1 s; kafkajs itself has no say in retries here. */
const RETRY_BACKOFF_MS = 50
const RETRY_BACKOFF_MAX_MS = 1_000
/** How long a topic may be unknown before that is the answer: one that was just made takes a moment to be known everywhere. */
const UNKNOWN_TOPIC_MS = 2_000
const CODECS: Record<Codec, number> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }
const ACKS = { all: -1, leader: 1, none: 0 }
/** The broker forgot our sequences, or never had them. */
const LOST_SEQUENCE: ReadonlySet<number> = new Set([
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_EPOCH,
])

export class KafkajsProducer implements ProducerPort {
  private readonly identity = new CurrentIdentity(() => this.newIdentity())
  private readonly lastOf = new Map<string, Promise<unknown>>()
  private readonly underWay = new Set<Promise<unknown>>()
  private readonly closing = lifetime()
  private closed = false

  constructor(
    private readonly context: KafkajsContext,
    private readonly options: ProducerOptions,
    private readonly leaders = new TopicLeaders(context, options.clientId, options.requestTimeoutMs),
  ) {
    if (options.idempotent && options.acks !== 'all') {
      throw new DriverError('fatal', `An idempotent producer needs acks 'all', not '${options.acks}'.`)
    }
  }

  async connect(): Promise<void> {
    this.refuseClosed()
    try {
      await this.leaders.connect()
      if (this.options.idempotent) await this.identity.get()
    } catch (error) {
      throw toDriverError(error)
    }
  }

  async partitions(topic: string): Promise<number> {
    this.refuseClosed()
    const beganMs = this.now()
    const wait = this.backOff()
    for (;;) {
      const found = await this.leaders.partitionCount(topic).catch(toDriverError)
      if (typeof found === 'number' && found > 0) return found
      const [failure, patienceMs] =
        typeof found === 'number'
          ? [errorOfCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, topic), UNKNOWN_TOPIC_MS]
          : [found, found.kind === 'retriable' ? this.options.requestTimeoutMs : 0]
      if (this.now() >= beganMs + patienceMs) throw failure
      await sleep(this.context.clock, wait.next(), this.closing.signal)
    }
  }

  async send(batches: readonly OutgoingBatch[]): Promise<readonly BatchResult[]> {
    this.refuseClosed()
    const names = new Set(batches.map(topicPartitionName))
    const earlier = [...names].flatMap((name) => this.lastOf.get(name) ?? [])
    const sent = Promise.all(earlier).then(() => this.deliver(batches))
    for (const name of names) this.lastOf.set(name, sent)
    this.underWay.add(sent)
    try {
      return await sent
    } finally {
      this.underWay.delete(sent)
      for (const name of names) if (this.lastOf.get(name) === sent) this.lastOf.delete(name)
    }
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.closed) return
    this.closed = true
    const deadlineMs = this.now() + timeoutMs
    await endsWithin(this.context.clock, timeoutMs, Promise.all(this.underWay))
    this.closing.abort(new DriverError('closed', 'The producer is closed.'))
    await endsWithin(this.context.clock, deadlineMs - this.now(), this.leaders.disconnect())
    this.leaders.destroy()
  }

  /** Never rejects: what fails is in the results. */
  private async deliver(batches: readonly OutgoingBatch[]): Promise<BatchResult[]> {
    const deadlineMs = this.now() + this.options.deliveryTimeoutMs
    const deliveries = batches.map((batch) => new Delivery(batch, refusal(batch)))
    const wait = this.backOff()
    for (;;) {
      const due = dueDeliveries(deliveries)
      if (due.length === 0) return deliveries.map((delivery) => delivery.result!)
      const before = due.map((delivery) => delivery.progress)
      await this.attempt(due, deadlineMs)
      if (due.every((delivery, i) => delivery.progress !== before[i])) {
        wait.reset()
        continue
      }
      if (this.closing.signal.aborted || this.now() >= deadlineMs) for (const late of due) this.giveUp(late)
      else await sleep(this.context.clock, wait.next(), this.closing.signal).catch(() => {})
    }
  }

  /** Tries each of these once; no two of them share a partition. */
  private async attempt(due: readonly Delivery[], deadlineMs: number): Promise<void> {
    let byLeader: Map<number, Delivery[]>
    try {
      const identity = this.options.idempotent ? await this.identity.get() : undefined
      byLeader = await this.leaders.group(due, (delivery, code) => this.refused(delivery, code))
      for (const delivery of due) delivery.sent ??= identity
    } catch (error) {
      for (const delivery of due) delivery.lastFailure = toDriverError(error)
      return
    }
    // a request carries one producer id; after a new one, parts sent under the old one are still retried under that
    const requests = [...byLeader].flatMap(([nodeId, all]) =>
      [...groupBy(all, (delivery) => delivery.sent).values()].map((group) => this.request(nodeId, group, deadlineMs)),
    )
    await Promise.all(requests)
  }

  private async request(nodeId: number, group: readonly Delivery[], deadlineMs: number): Promise<void> {
    const { clock } = this.context
    const leftMs = Math.max(deadlineMs - this.now(), 1)
    const late = (): Error => new DriverError('timeout', `No answer within ${this.options.deliveryTimeoutMs} ms.`)
    try {
      const answer = await within(clock, leftMs, this.produce(nodeId, group, leftMs), late, this.closing.signal)
      for (const delivery of group) this.answered(delivery, answer)
    } catch (error) {
      // nothing was heard: it may have been carried out or not
      this.leaders.lost(error)
      const failure = toDriverError(error)
      for (const delivery of group) {
        delivery.lastFailure = failure
        const hopeless = failure.kind !== 'retriable' && failure.kind !== 'timeout' && failure.kind !== 'closed'
        if (hopeless) delivery.fail(failure.kind, `${delivery.name}: ${failure.message}`, failure.code, failure.cause)
      }
    }
  }

  private async produce(
    nodeId: number,
    group: readonly Delivery[],
    leftMs: number,
  ): Promise<ProduceAnswer | undefined> {
    const identity = group[0]!.sent
    const broker = await this.leaders.broker(nodeId)
    const byTopic = groupBy(group, (delivery) => delivery.topic)
    return broker.produce({
      acks: ACKS[this.options.acks],
      timeout: Math.min(this.options.requestTimeoutMs, Math.ceil(leftMs)),
      compression: CODECS[this.options.compression],
      producerId: identity?.producerId,
      producerEpoch: identity?.producerEpoch,
      topicData: [...byTopic].map(([topic, deliveries]) => ({
        topic,
        partitions: deliveries.map((delivery) => ({
          partition: delivery.partition,
          firstSequence: identity?.sequence(delivery.name) ?? 0,
          messages: toMessages(delivery.part),
        })),
      })),
    })
  }

  private answered(delivery: Delivery, answer: ProduceAnswer | undefined): void {
    if (answer === undefined) return delivery.acknowledge(-1, undefined) // acks 'none'
    const told = answer.topics
      .find((topic) => topic.topicName === delivery.topic)
      ?.partitions.find((partition) => partition.partition === delivery.partition)
    const code = told?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
    if (code !== ErrorCode.NONE && code !== ErrorCode.DUPLICATE_SEQUENCE_NUMBER) return this.refused(delivery, code)
    const appendedMs = Number(told!.logAppendTime)
    delivery.acknowledge(Number(told!.baseOffset), appendedMs >= 0 ? appendedMs : undefined)
  }

  /** It was not taken, for this reason: for good, or to be tried again. */
  private refused(delivery: Delivery, code: number): void {
    const { topic, partition, sent } = delivery
    const failure = errorOfCode(code, { topic, partition })
    delivery.lastFailure = failure
    if (protocolError(code).refreshesMetadata) this.leaders.stale()
    if (LOST_SEQUENCE.has(code) && sent !== undefined) {
      // as Java's idempotent producer has it: begin anew under another id
      this.identity.giveUp(sent)
      delivery.sent = undefined
      return
    }
    if (failure.kind === 'retriable' || failure.kind === 'corrupt') return
    if (failure.kind === 'unknownTopic' && !this.leaders.knows(topic)) {
      delivery.unknownSinceMs ??= this.now()
      if (this.now() < delivery.unknownSinceMs + UNKNOWN_TOPIC_MS) return
    }
    delivery.fail(failure.kind, failure.message, failure.code)
  }

  private giveUp(delivery: Delivery): void {
    if (delivery.result !== undefined) return
    if (delivery.sent !== undefined) this.identity.giveUp(delivery.sent)
    const { name, lastFailure } = delivery
    const why = lastFailure === undefined ? '' : ` Last: ${lastFailure.message}`
    if (this.closing.signal.aborted) {
      delivery.fail(
        'closed',
        `${name}: closed before the batch was acknowledged.${why}`,
        lastFailure?.code,
        lastFailure,
      )
    } else {
      const message = `${name}: not acknowledged within ${this.options.deliveryTimeoutMs} ms.${why}`
      delivery.fail('timeout', message, lastFailure?.code, lastFailure)
    }
  }

  private async newIdentity(): Promise<ProducerIdentity> {
    const lateMs = this.now() + this.options.requestTimeoutMs
    const wait = this.backOff()
    for (;;) {
      const broker = await this.leaders.anyBroker()
      try {
        const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: 60_000 })
        return new ProducerIdentity(producerId, producerEpoch)
      } catch (error) {
        // a broker that has just started hands out no ids for a moment
        if (codeOf(error) !== ErrorCode.COORDINATOR_LOAD_IN_PROGRESS || this.now() >= lateMs) throw error
        await sleep(this.context.clock, wait.next(), this.closing.signal)
      }
    }
  }

  private now(): number {
    return this.context.clock.monotonic()
  }

  private backOff(): BackOff {
    return backOff(RETRY_BACKOFF_MS, RETRY_BACKOFF_MAX_MS, this.context.random)
  }

  private refuseClosed(): void {
    if (this.closed) throw new DriverError('closed', 'The producer is closed.')
  }
}
