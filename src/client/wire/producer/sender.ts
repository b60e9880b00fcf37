/**
 * Sends batches: up to five requests in flight to each broker, each with at most one batch of a partition. Runs when there
 * may be something to do (`kick`): batches came, an answer came, a connection stands, metadata is new, a back-off is over.
 *
 * A batch ends with the broker's answer, an error that no retry mends, or its delivery time-out, whatever is first.
 */
import type { Timer } from '../../../base/clock.js'
import { topicPartitionName } from '../../../model/index.js'
import type { OutboundPeer } from '../../../net/index.js'
import { ErrorCode, messages, protocolError, ZERO_UUID } from '../../../protocol/index.js'
import { DriverError, type BatchResult, type OutgoingBatch, type ProducerOptions } from '../../port.js'
import { RETRY_BACK_OFF_MAX_MS, RETRY_BACK_OFF_MS } from '../context.js'
import type { Cluster } from '../cluster.js'
import { errorOfCode, isRetriable, toDriverError } from '../errors.js'
import { PartitionQueue } from './partition-queue.js'
import { PendingBatch } from './pending-batch.js'
import { ProducerId } from './producer-id.js'
import type { Transactions } from './transactions.js'

const ACKS = { all: -1, leader: 1, none: 0 } as const
const IN_FLIGHT_MAX = 5
/** `max.request.size`; one batch alone may be larger. */
const REQUEST_BYTES_MAX = 1024 * 1024
/** A topic made a moment ago is not known everywhere yet. */
const UNKNOWN_TOPIC_PATIENCE_MS = 3_000
const UNKNOWN_PARTITION_PATIENCE_MS = 500
const METADATA_MAX_AGE_MS = 300_000
/** First Produce by topic id, and first that adds partitions to a transaction by itself (KIP-890). */
const TOPIC_ID_VERSION = 13
const TRANSACTION_V2_VERSION = 12

interface BrokerState {
  inFlight: number
  connecting: boolean
}

type PartitionAnswer = {
  errorCode: number
  baseOffset: number
  logAppendTimeMs: number
  errorMessage: string | null
  currentLeader: { leaderId: number; leaderEpoch: number }
}

export class Sender {
  readonly producerId: ProducerId
  private readonly queues = new Map<string, Map<number, PartitionQueue>>()
  /** Queues that have batches. */
  private readonly active = new Set<PartitionQueue>()
  private readonly brokers = new Map<number, BrokerState>()
  /** In order of deadline, which is the order of `send`; settled ones are passed over. */
  private readonly deadlines: PendingBatch[] = []
  private readonly drained: (() => void)[] = []
  private kicked = false
  private timer: Timer | undefined
  private timerDueMs = Infinity
  private expiry: Timer | undefined
  private refreshing = false
  private refreshedMs = -Infinity
  private refreshFailures = 0
  private readonly stale = new Set<string>()
  private askingId = false

  constructor(
    private readonly cluster: Cluster,
    private readonly options: ProducerOptions,
    private readonly transactions?: Transactions,
  ) {
    this.producerId = new ProducerId(cluster)
  }

  get isIdle(): boolean {
    return this.active.size === 0
  }

  add(outgoing: OutgoingBatch): Promise<BatchResult> {
    if (outgoing.records.length === 0) return Promise.resolve({ baseOffset: -1 })
    const nowMs = this.cluster.context.clock.monotonic()
    return new Promise((resolve) => {
      const batch = new PendingBatch(outgoing, nowMs, nowMs + this.options.deliveryTimeoutMs, resolve)
      const queue = this.queue(outgoing.topic, outgoing.partition)
      queue.waiting.push(batch)
      this.active.add(queue)
      this.deadlines.push(batch)
      this.watchDeadlines()
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
    return this.isIdle ? Promise.resolve() : new Promise((resolve) => this.drained.push(resolve))
  }

  /** Ends every batch that has no result yet; what is under way stays until it is answered. */
  failAll(error: (batch: PendingBatch) => DriverError): void {
    for (const queue of this.active) {
      for (const batch of [...queue.unfinished, ...queue.waiting]) {
        batch.settle({ error: error(batch) })
        if (!batch.isOnWire) queue.removeFailed(batch, batch.attempts === 0)
      }
      this.release(queue)
    }
  }

  /** Some partition's sequence has a hole. */
  get needsNewEpoch(): boolean {
    for (const partitions of this.queues.values()) {
      for (const queue of partitions.values()) if (queue.needsNewEpoch) return true
    }
    return false
  }

  stop(): void {
    this.timer?.cancel()
    this.expiry?.cancel()
    this.timer = this.expiry = undefined
  }

  // ── what to send ──

  private run(): void {
    const nowMs = this.cluster.context.clock.monotonic()
    if (this.active.size === 0) return
    if (this.options.idempotent && !this.transactions && !this.producerId.current) this.askId()
    if (nowMs - this.refreshedMs > METADATA_MAX_AGE_MS) for (const { topic } of this.active) this.stale.add(topic)
    const ready = new Map<number, PartitionQueue[]>()
    let wakeMs = Infinity
    for (const queue of this.active) {
      if (queue.needsNewEpoch && queue.onWire === 0) this.restart(queue)
      if (!this.mayBegin(queue)) continue
      const partition = this.cluster.metadata.partition(queue.topic, queue.partition)
      if (partition === undefined || partition.leaderId < 0) {
        this.withoutLeader(queue, nowMs)
        continue
      }
      if (queue.next(nowMs) === undefined) {
        if (queue.nextAtMs > nowMs) wakeMs = Math.min(wakeMs, queue.nextAtMs)
        continue
      }
      const queues = ready.get(partition.leaderId)
      if (queues) queues.push(queue)
      else ready.set(partition.leaderId, [queue])
    }
    if (this.stale.size > 0) this.refresh()
    for (const [nodeId, queues] of ready) this.sendTo(nodeId, queues, nowMs)
    if (wakeMs < Infinity) this.wakeAt(wakeMs)
  }

  /** Whether the partition's next batch may get a sequence now. */
  private mayBegin(queue: PartitionQueue): boolean {
    if (!this.options.idempotent) return true
    const identity = this.transactions ? this.transactions.identity : this.producerId.current
    if (identity === undefined) return false
    if (queue.identity !== identity) {
      if (queue.unfinished.length > 0) return true // these end under the identity that they have
      queue.restart(identity)
    }
    return this.transactions === undefined || this.transactions.admits(queue)
  }

  private restart(queue: PartitionQueue): void {
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
      for (const { topic } of queues) this.stale.add(topic)
      return this.refresh()
    }
    // batches are in flight only on a connection that stands: so none overtakes another
    if (!peer.isConnected) return this.connect(peer, broker, queues)
    let from = 0
    while (broker.inFlight < IN_FLIGHT_MAX && from < queues.length) {
      const batches: [PartitionQueue, PendingBatch][] = []
      let bytes = 0
      for (; from < queues.length; from++) {
        const queue = queues[from]!
        const batch = queue.next(nowMs)
        if (batch === undefined || !this.encode(queue, batch)) continue
        if (batches.length > 0 && bytes + batch.bytes!.length > REQUEST_BYTES_MAX) break
        bytes += batch.bytes!.length
        batches.push([queue, batch])
      }
      if (batches.length > 0) this.produce(peer, broker, batches)
      // what follows in the same partitions goes with the next request
      if (from === queues.length && broker.inFlight < IN_FLIGHT_MAX) {
        queues = queues.filter((queue) => this.mayBegin(queue) && queue.next(nowMs) !== undefined)
        from = 0
        if (batches.length === 0) break
      }
    }
    if (queues.length > 1) {
      // another partition first the next time
      const [first] = queues
      if (this.active.delete(first!)) this.active.add(first!)
    }
  }

  private encode(queue: PartitionQueue, batch: PendingBatch): boolean {
    if (batch.bytes) return true
    const identity = queue.identity
    if (this.options.idempotent && (identity === undefined || identity !== this.identity)) return false
    const { nextSequence } = queue
    try {
      const producer = identity && {
        producerId: identity.producerId,
        producerEpoch: identity.producerEpoch,
        baseSequence: nextSequence,
        transactional: this.transactions !== undefined,
      }
      batch.encode(this.options.compression, producer)
      if (producer) queue.takeSequence(batch.recordsCount)
      return true
    } catch (error) {
      batch.settle({
        error: new DriverError(
          'fatal',
          `${topicPartitionName(queue)}: the batch can't be encoded: ${String(error)}`,
          undefined,
          at(queue),
          error,
        ),
      })
      queue.remove(batch)
      this.release(queue)
      return false
    }
  }

  private get identity(): unknown {
    return this.transactions ? this.transactions.identity : this.producerId.current
  }

  private produce(peer: OutboundPeer, broker: BrokerState, batches: readonly [PartitionQueue, PendingBatch][]): void {
    broker.inFlight++
    for (const [queue, batch] of batches) queue.sent(batch)
    void this.request(peer, batches).finally(() => {
      broker.inFlight--
      this.kick()
    })
  }

  private async request(peer: OutboundPeer, batches: readonly [PartitionQueue, PendingBatch][]): Promise<void> {
    const { options, cluster } = this
    const topics = new Map<
      string,
      { name: string; topicId: string; partitionData: { index: number; records: Buffer }[] }
    >()
    let maxVersion = Infinity
    if (this.transactions && !this.transactions.isV2) maxVersion = TRANSACTION_V2_VERSION - 1
    for (const [{ topic, partition }, batch] of batches) {
      let entry = topics.get(topic)
      if (entry === undefined) {
        const topicId = cluster.metadata.topic(topic)?.id ?? ZERO_UUID
        if (topicId === ZERO_UUID) maxVersion = Math.min(maxVersion, TOPIC_ID_VERSION - 1)
        topics.set(topic, (entry = { name: topic, topicId, partitionData: [] }))
      }
      entry.partitionData.push({ index: partition, records: batch.bytes! })
    }
    const body = {
      transactionalId: options.transactionalId ?? null,
      acks: ACKS[options.acks],
      timeoutMs: options.requestTimeoutMs,
      topicData: [...topics.values()],
    }
    const how = { timeoutMs: options.requestTimeoutMs, maxVersion }
    try {
      if (options.acks === 'none') {
        await peer.post(messages.produce, body, how)
        for (const [queue, batch] of batches) this.written(queue, batch, -1, -1)
        return
      }
      const answer = await peer.send(messages.produce, body, how)
      const left = new Set(batches)
      for (const { name, topicId, partitionResponses } of answer.responses) {
        const topic = name || batches.find(([{ topic: each }]) => topics.get(each)!.topicId === topicId)?.[0].topic
        for (const told of partitionResponses) {
          for (const entry of left) {
            if (entry[0].partition !== told.index || entry[0].topic !== topic) continue
            left.delete(entry)
            this.answered(entry[0], entry[1], told)
            break
          }
        }
      }
      const silent = new DriverError('retriable', `${peer.address} did not tell of the batch`)
      for (const [queue, batch] of left) this.lost(queue, batch, silent)
    } catch (error) {
      const failure = toDriverError(error)
      for (const [queue, batch] of batches) this.lost(queue, batch, failure)
    }
  }

  // ── what became of it ──

  private written(queue: PartitionQueue, batch: PendingBatch, baseOffset: number, logAppendTimeMs: number): void {
    queue.answered(batch)
    batch.settle(logAppendTimeMs >= 0 ? { baseOffset, logAppendTimeMs } : { baseOffset })
    queue.remove(batch)
    this.release(queue)
  }

  /** No answer, whatever the broker did. */
  private lost(queue: PartitionQueue, batch: PendingBatch, failure: DriverError): void {
    queue.answered(batch)
    batch.lastError = failure
    this.stale.add(queue.topic)
    if (isRetriable(failure) || failure.kind === 'closed') this.again(queue, batch)
    else this.failed(queue, batch, failure, true)
  }

  private answered(queue: PartitionQueue, batch: PendingBatch, told: PartitionAnswer): void {
    const { errorCode } = told
    if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      return this.written(queue, batch, told.baseOffset, told.logAppendTimeMs)
    }
    queue.answered(batch)
    const failure = errorOfCode(errorCode, at(queue), told.errorMessage)
    batch.lastError = failure
    const row = protocolError(errorCode)
    const { leaderId, leaderEpoch } = told.currentLeader
    if (
      row.refreshesMetadata &&
      !this.cluster.metadata.leaderTold(queue.topic, queue.partition, leaderId, leaderEpoch)
    ) {
      this.stale.add(queue.topic)
    }
    if (errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER || errorCode === ErrorCode.UNKNOWN_PRODUCER_ID) {
      return this.outOfOrder(queue, batch, failure)
    }
    if (!row.retriable) return this.failed(queue, batch, failure, true)
    if (row.refreshesMetadata && isMissing(errorCode) && this.isPastPatience(batch))
      return this.failed(queue, batch, failure, true)
    this.again(queue, batch)
  }

  /**
   * Behind a batch that was lost, this is what all others are answered with: they are sent again. The first one has no such
   * excuse: the broker has lost what it knew of this producer.
   */
  private outOfOrder(queue: PartitionQueue, batch: PendingBatch, failure: DriverError): void {
    if (batch !== queue.unfinished[0]) return this.again(queue, batch)
    if (this.transactions) return this.failed(queue, batch, failure, true)
    queue.needsNewEpoch = true
    this.again(queue, batch)
  }

  private again(queue: PartitionQueue, batch: PendingBatch): void {
    if (batch.isSettled || this.transactions?.isFailed) {
      return this.failed(queue, batch, this.transactions?.failure ?? batch.lastError!, false)
    }
    const { clock, random } = this.cluster.context
    const plainMs = Math.min(RETRY_BACK_OFF_MS * 2 ** (batch.attempts - 1), RETRY_BACK_OFF_MAX_MS)
    batch.notBeforeMs = clock.monotonic() + plainMs * (0.8 + 0.4 * random.next())
  }

  private failed(queue: PartitionQueue, batch: PendingBatch, failure: DriverError, certainlyNotWritten: boolean): void {
    batch.settle({ error: located(failure, queue) })
    queue.removeFailed(batch, certainlyNotWritten)
    this.transactions?.batchFailed(failure)
    this.release(queue)
  }

  private release(queue: PartitionQueue): void {
    if (!queue.isEmpty) return
    this.active.delete(queue)
    if (this.active.size === 0) for (const resolve of this.drained.splice(0)) resolve()
  }

  // ── time ──

  private watchDeadlines(): void {
    const { clock } = this.cluster.context
    while (this.deadlines.length > 0 && this.deadlines[0]!.isSettled) this.deadlines.shift()
    const [first] = this.deadlines
    if (first === undefined || this.expiry) return
    this.expiry = clock.after(first.deadlineMs - clock.monotonic(), () => {
      this.expiry = undefined
      this.expire(clock.monotonic())
      this.watchDeadlines()
    })
  }

  private expire(nowMs: number): void {
    for (
      let first = this.deadlines[0];
      first && (first.isSettled || first.deadlineMs <= nowMs);
      first = this.deadlines[0]
    ) {
      this.deadlines.shift()
      if (first.isSettled) continue
      const queue = this.queue(first.topic, first.partition)
      const error = this.late(queue, first)
      // what is under way stays: its answer tells whether the sequence has a hole
      first.settle({ error })
      if (!first.isOnWire) queue.removeFailed(first, first.attempts === 0)
      this.transactions?.batchFailed(error)
      this.release(queue)
    }
    this.kick()
  }

  private late(queue: PartitionQueue, batch: PendingBatch): DriverError {
    const last = batch.lastError ? ` Last: ${batch.lastError.message}` : ''
    const message = `${topicPartitionName(queue)}: not acknowledged within ${this.options.deliveryTimeoutMs} ms.${last}`
    return new DriverError('timeout', message, batch.lastError?.code, at(queue), batch.lastError)
  }

  private wakeAt(dueMs: number): void {
    if (dueMs >= this.timerDueMs) return
    const { clock } = this.cluster.context
    this.timer?.cancel()
    this.timerDueMs = dueMs
    this.timer = clock.after(Math.max(dueMs - clock.monotonic(), 1), () => {
      this.timerDueMs = Infinity
      this.kick()
    })
  }

  // ── what sending needs ──

  private connect(peer: OutboundPeer, broker: BrokerState, queues: readonly PartitionQueue[]): void {
    if (broker.connecting) return
    broker.connecting = true
    peer.ready().then(
      () => {
        broker.connecting = false
        this.kick()
      },
      (error: unknown) => {
        broker.connecting = false
        this.unreachable(toDriverError(error), queues)
      },
    )
  }

  private unreachable(error: DriverError, queues: Iterable<PartitionQueue>): void {
    for (const queue of queues) {
      this.stale.add(queue.topic)
      for (const batch of [...queue.waiting, ...queue.unfinished]) batch.lastError = error
      if (error.kind === 'auth' || error.kind === 'fatal') this.failQueue(queue, error)
    }
    this.kick()
  }

  private failQueue(queue: PartitionQueue, error: DriverError): void {
    for (const batch of [...queue.waiting, ...queue.unfinished]) {
      if (!batch.isOnWire) this.failed(queue, batch, error, batch.attempts === 0)
    }
  }

  private withoutLeader(queue: PartitionQueue, nowMs: number): void {
    const first = queue.unfinished[0] ?? queue.waiting[0]!
    const { metadata } = this.cluster
    const isFresh = this.refreshedMs > first.enqueuedMs
    const code = metadata.errorOf(queue.topic)
    const topic = metadata.topic(queue.topic)
    if (isFresh && topic !== undefined && topic.partitions[queue.partition] === undefined) {
      const unknown = errorOfCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, at(queue))
      if (nowMs - first.enqueuedMs > UNKNOWN_PARTITION_PATIENCE_MS) return this.failQueue(queue, unknown)
    } else if (isFresh && code !== ErrorCode.NONE) {
      const error = errorOfCode(code, at(queue))
      const { retriable } = protocolError(code)
      if (!retriable || (isMissing(code) && this.isPastPatience(first))) return this.failQueue(queue, error)
      for (const batch of queue.waiting) batch.lastError = error
    }
    this.stale.add(queue.topic)
  }

  private isPastPatience(batch: PendingBatch): boolean {
    return this.cluster.context.clock.monotonic() - batch.enqueuedMs > UNKNOWN_TOPIC_PATIENCE_MS
  }

  private refresh(): void {
    if (this.refreshing || this.stale.size === 0) return
    const { clock } = this.cluster.context
    const waitMs =
      this.refreshFailures === 0
        ? 0
        : this.refreshedMs +
          Math.min(RETRY_BACK_OFF_MS * 2 ** (this.refreshFailures - 1), RETRY_BACK_OFF_MAX_MS) -
          clock.monotonic()
    if (waitMs > 0) return this.wakeAt(clock.monotonic() + waitMs)
    this.refreshing = true
    const topics = [...this.stale]
    this.stale.clear()
    void this.readMetadata(topics)
  }

  private async readMetadata(topics: readonly string[]): Promise<void> {
    const failure = await this.cluster.refresh(topics, true).then(() => undefined, toDriverError)
    this.refreshing = false
    this.refreshedMs = this.cluster.context.clock.monotonic()
    // also what the metadata lacks is asked for again only after a while
    const isComplete = failure === undefined && topics.every((topic) => this.cluster.metadata.isComplete(topic))
    this.refreshFailures = isComplete ? 1 : Math.min(this.refreshFailures + 1, 10)
    if (failure) this.unreachable(failure, this.active)
    else this.kick()
  }

  private askId(): void {
    if (this.askingId) return
    this.askingId = true
    const { clock } = this.cluster.context
    this.producerId.ask().then(
      () => {
        this.askingId = false
        this.kick()
      },
      (error: unknown) => {
        const failure = toDriverError(error)
        for (const queue of this.active) {
          for (const batch of queue.waiting) batch.lastError = failure
          if (!isRetriable(failure)) this.failQueue(queue, failure)
        }
        clock.after(RETRY_BACK_OFF_MS, () => {
          this.askingId = false
          this.kick()
        })
      },
    )
  }

  private queue(topic: string, partition: number): PartitionQueue {
    let partitions = this.queues.get(topic)
    if (partitions === undefined) this.queues.set(topic, (partitions = new Map()))
    let queue = partitions.get(partition)
    if (queue === undefined) {
      queue = new PartitionQueue(topic, partition, this.options.idempotent)
      partitions.set(partition, queue)
    }
    return queue
  }
}

const at = ({ topic, partition }: PartitionQueue): { topic: string; partition: number } => ({ topic, partition })

const isMissing = (code: number): boolean =>
  code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || code === ErrorCode.UNKNOWN_TOPIC_ID

function located(error: DriverError, queue: PartitionQueue): DriverError {
  if (error.topicPartition) return error
  return new DriverError(error.kind, `${topicPartitionName(queue)}: ${error.message}`, error.code, at(queue), error)
}
