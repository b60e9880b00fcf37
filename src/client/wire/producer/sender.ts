/**
 * Sends batches: up to five requests in flight to each broker, each with at most one batch of a partition. Runs when there
 * may be something to do (`kick`): batches came, an answer came, a connection stands, metadata is new, a back-off is over.
 *
 * A batch ends with the broker's answer, an error that no retry mends, or its delivery time-out, whatever is first.
 */
import { topicPartitionName, type TopicPartition } from '../../../model/index.js'
import type { OutboundPeer } from '../../../net/index.js'
import { messages } from '../../../protocol/index.js'
import { DriverError, type BatchResult, type OutgoingBatch, type ProducerOptions } from '../../port.js'
import { Alarm } from '../alarm.js'
import { RETRY_BACK_OFF_MS } from '../context.js'
import type { Cluster } from '../cluster.js'
import { isRetriable, toDriverError } from '../errors.js'
import { BatchQueues } from './batch-queues.js'
import { BatchOutcomes } from './batch-outcomes.js'
import { DeliveryDeadlines } from './delivery-deadlines.js'
import { Leaders } from './leaders.js'
import type { PartitionQueue, ProducerIdentity } from './partition-queue.js'
import { PendingBatch } from './pending-batch.js'
import { ProduceRequest, type Sending } from './produce-request.js'
import { ProducerId } from './producer-id.js'
import type { Transactions } from './transactions.js'

/** `max.in.flight.requests.per.connection` */
const IN_FLIGHT_MAX = 5
/** `max.request.size`; one batch alone may be larger. */
const REQUEST_BYTES_MAX = 1024 * 1024

interface BrokerState {
  inFlight: number
  connecting: boolean
}

export class Sender {
  readonly producerId: ProducerId
  readonly queues: BatchQueues
  private readonly brokers = new Map<number, BrokerState>()
  private readonly deadlines: DeliveryDeadlines
  private readonly leaders: Leaders
  private readonly outcomes: BatchOutcomes
  private readonly alarm: Alarm
  private kicked = false
  private askingId = false

  constructor(
    private readonly cluster: Cluster,
    private readonly options: ProducerOptions,
    private readonly transactions?: Transactions,
  ) {
    const { clock } = cluster.context
    this.producerId = new ProducerId(cluster)
    this.queues = new BatchQueues(options.idempotent)
    this.deadlines = new DeliveryDeadlines(clock, (batch) => {
      this.outcomes.expire(batch)
      this.kick()
    })
    this.alarm = new Alarm(clock, () => this.kick())
    this.leaders = new Leaders(cluster, (failure) => {
      if (failure) this.unreachable(failure, this.queues.active)
      else this.kick()
    })
    this.outcomes = new BatchOutcomes(cluster, options, this.queues, this.leaders, transactions)
  }

  add(outgoing: OutgoingBatch): Promise<BatchResult> {
    if (outgoing.records.length === 0) return Promise.resolve({ baseOffset: -1 })
    const nowMs = this.cluster.context.clock.monotonic()
    const { compression, deliveryTimeoutMs } = this.options
    return new Promise((resolve) => {
      let batch: PendingBatch
      try {
        batch = new PendingBatch(outgoing, compression, nowMs, nowMs + deliveryTimeoutMs, resolve)
      } catch (error) {
        return resolve({ error: notEncoded(outgoing, error) })
      }
      const queue = this.queues.of(outgoing.topic, outgoing.partition)
      queue.waiting.push(batch)
      this.queues.filledUp(queue)
      this.deadlines.watch(batch)
      this.kick()
    })
  }

  kick(): void {
    if (this.kicked) return
    this.kicked = true
    queueMicrotask(() => {
      this.kicked = false
      if (!this.cluster.isClosed) this.run()
    })
  }

  /** Resolves when no batch is left. */
  drain(): Promise<void> {
    return this.queues.drain()
  }

  /** Ends every batch that has no result yet; what is under way stays until it is answered. */
  failAll(error: (batch: PendingBatch) => DriverError): void {
    for (const queue of this.queues.active) {
      for (const batch of queue.batches) {
        batch.settle({ error: error(batch) })
        if (!batch.isOnWire) queue.giveUp(batch, batch.attempts === 0)
      }
      this.queues.takenFrom(queue)
    }
  }

  stop(): void {
    this.alarm.cancel()
    this.deadlines.stop()
    this.leaders.stop()
  }

  // ── what to send ──

  private run(): void {
    const nowMs = this.cluster.context.clock.monotonic()
    if (this.queues.isEmpty) return
    if (this.options.idempotent && !this.transactions && !this.producerId.current) this.askId()
    const isOld = this.leaders.isOld(nowMs)
    const ready = new Map<number, PartitionQueue[]>()
    for (const queue of this.queues.active) {
      if (isOld) this.leaders.doubt(queue.topic)
      if (queue.hole === 'certain' && queue.onWire === 0) this.restart(queue)
      if (!this.mayBegin(queue)) continue
      const leader = this.leaders.of(queue)
      if (leader === undefined) {
        this.withoutLeader(queue, nowMs)
        continue
      }
      if (queue.next(nowMs) === undefined) {
        if (queue.nextAtMs > nowMs) this.alarm.at(queue.nextAtMs)
        continue
      }
      const queues = ready.get(leader)
      if (queues) queues.push(queue)
      else ready.set(leader, [queue])
    }
    this.leaders.look()
    for (const [nodeId, queues] of ready) this.sendTo(nodeId, queues, nowMs)
  }

  private get identity(): ProducerIdentity | undefined {
    return this.transactions ? this.transactions.identity : this.producerId.current
  }

  /** Whether the partition's next batch may get a sequence now. */
  private mayBegin(queue: PartitionQueue): boolean {
    if (!this.options.idempotent) return true
    const { identity } = this
    if (identity === undefined) return false
    if (queue.identity !== identity) {
      if (queue.unfinished.length > 0) return true // these end under the identity that they have
      queue.restart(identity)
    }
    return this.transactions === undefined || this.transactions.admits(queue)
  }

  private restart(queue: PartitionQueue): void {
    if (queue.keepsEpoch) return queue.restart(queue.identity!)
    // in a transaction, the abort that is due brings the new epoch
    if (this.transactions) return
    if (queue.identity === this.producerId.current) this.producerId.bump()
    if (this.producerId.current) queue.restart(this.producerId.current)
    else this.askId()
  }

  private sendTo(nodeId: number, queues: PartitionQueue[], nowMs: number): void {
    let broker = this.brokers.get(nodeId)
    if (broker === undefined) this.brokers.set(nodeId, (broker = { inFlight: 0, connecting: false }))
    let peer: OutboundPeer
    try {
      peer = this.cluster.peer(nodeId)
    } catch {
      for (const { topic } of queues) this.leaders.doubt(topic)
      return this.leaders.look()
    }
    // batches are in flight only on a connection that stands: so none overtakes another
    if (!peer.isConnected) return this.connect(peer, broker, queues)
    while (broker.inFlight < IN_FLIGHT_MAX && queues.length > 0) {
      const sendings = this.gather(queues, nowMs)
      if (sendings.length === 0) break
      this.produce(peer, broker, sendings)
      // what follows in the same partitions, or did not fit, goes with the next request
      queues = queues.filter((queue) => this.mayBegin(queue) && queue.next(nowMs) !== undefined)
    }
    // another partition first the next time
    if (queues.length > 1) this.queues.putLast(queues[0]!)
  }

  /** One batch of each, as many as a request takes. */
  private gather(queues: readonly PartitionQueue[], nowMs: number): Sending[] {
    const sendings: Sending[] = []
    let bytes = 0
    for (const queue of queues) {
      const batch = queue.next(nowMs)
      if (batch === undefined || !this.encode(queue, batch)) continue
      if (sendings.length > 0 && bytes + batch.bytes!.length > REQUEST_BYTES_MAX) break
      bytes += batch.bytes!.length
      sendings.push({ queue, batch })
    }
    return sendings
  }

  private encode(queue: PartitionQueue, batch: PendingBatch): boolean {
    if (batch.bytes) return true
    const { identity } = queue
    if (this.options.idempotent && (identity === undefined || identity !== this.identity)) return false
    try {
      if (identity === undefined) batch.finish(undefined)
      else {
        const transactional = this.transactions !== undefined
        batch.finish({ ...identity, baseSequence: queue.newSequence, transactional })
        queue.takeSequence(batch.recordsCount)
      }
      return true
    } catch (error) {
      this.outcomes.failed(queue, batch, notEncoded(batch.at, error), true)
      return false
    }
  }

  private produce(peer: OutboundPeer, broker: BrokerState, sendings: readonly Sending[]): void {
    broker.inFlight++
    for (const { queue, batch } of sendings) queue.sent(batch)
    void this.request(peer, sendings).finally(() => {
      broker.inFlight--
      this.kick()
    })
  }

  private async request(peer: OutboundPeer, sendings: readonly Sending[]): Promise<void> {
    const { options, cluster } = this
    const request = new ProduceRequest(sendings, cluster.metadata, options, this.transactions?.isV2 ?? false)
    const how = { timeoutMs: options.requestTimeoutMs, maxVersion: request.maxVersion }
    try {
      if (options.acks === 'none') {
        await peer.post(messages.produce, request.body, how)
        for (const { queue, batch } of sendings) this.outcomes.written(queue, batch, -1, -1)
        return
      }
      const answer = await peer.send(messages.produce, request.body, how)
      cluster.metadata.endpointsTold(answer.nodeEndpoints)
      for (const [{ queue, batch }, told] of request.answers(answer)) this.outcomes.answered(queue, batch, told)
      for (const { queue, batch } of request.unanswered) {
        this.outcomes.lost(queue, batch, new DriverError('retriable', `${peer.address} did not tell of the batch`))
      }
    } catch (error) {
      const failure = toDriverError(error)
      for (const { queue, batch } of request.unanswered) this.outcomes.lost(queue, batch, failure)
    }
  }

  // ── what sending needs ──

  private connect(peer: OutboundPeer, broker: BrokerState, queues: readonly PartitionQueue[]): void {
    if (broker.connecting) return
    broker.connecting = true
    const done = (error?: unknown): void => {
      broker.connecting = false
      if (error === undefined) this.kick()
      else this.unreachable(toDriverError(error), queues)
    }
    peer.ready().then(() => done(), done)
  }

  private unreachable(error: DriverError, queues: Iterable<PartitionQueue>): void {
    const isHopeless = error.kind === 'auth' || error.kind === 'fatal'
    for (const queue of queues) {
      this.leaders.doubt(queue.topic)
      for (const batch of queue.batches) batch.lastError = error
      if (isHopeless) this.outcomes.failQueue(queue, error)
    }
    this.kick()
  }

  private withoutLeader(queue: PartitionQueue, nowMs: number): void {
    const why = this.leaders.reason(queue, queue.batches[0]!.enqueuedMs, nowMs)
    if (why?.isFinal) this.outcomes.failQueue(queue, why.error)
    else if (why) for (const batch of queue.batches) batch.lastError = why.error
  }

  private askId(): void {
    if (this.askingId) return
    this.askingId = true
    const again = (): void => {
      this.askingId = false
      this.kick()
    }
    this.producerId.ask().then(again, (error: unknown) => {
      const failure = toDriverError(error)
      for (const queue of this.queues.active) {
        for (const batch of queue.waiting) batch.lastError = failure
        if (!isRetriable(failure)) this.outcomes.failQueue(queue, failure)
      }
      this.cluster.context.clock.after(RETRY_BACK_OFF_MS, again)
    })
  }
}

function notEncoded({ topic, partition }: TopicPartition, error: unknown): DriverError {
  const at = { topic, partition }
  return new DriverError(
    'fatal',
    `${topicPartitionName(at)}: the batch can't be encoded: ${String(error)}`,
    undefined,
    at,
    error,
  )
}
