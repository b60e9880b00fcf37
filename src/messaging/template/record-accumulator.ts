/**
 * Records wait here for their turn, Kafka's `RecordAccumulator`. Always: within a partition records leave in the order in
 * which they came; what waits and what is under way holds no more than `bufferMemoryBytes`.
 *
 * As many batches of a partition are under way as the driver keeps in order. Without `lingerMs` only full ones follow
 * others, though: what comes while a batch is under way makes the next one fuller, instead of many small ones.
 */
import type { Clock, Timer } from '../../base/clock.js'
import type { Random } from '../../base/random.js'
import { DriverError } from '../../client/port.js'
import type { BatchResult, ProducerPort } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import { STICKY, StickyPartition } from '../../partitioner/index.js'
import { kafkaErrorFrom } from '../driver-errors.js'
import { BufferMemory } from './buffer-memory.js'
import { ProducerBatch } from './producer-batch.js'
import type { PendingRecord } from './producer-batch.js'

export interface AccumulatorSettings {
  readonly lingerMs: number
  readonly batchSizeBytes: number
  readonly bufferMemoryBytes: number
  readonly deliveryTimeoutMs: number
}

class PartitionQueue {
  readonly batches: ProducerBatch[] = []
  inFlight = 0

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  get batchesFull(): boolean {
    return this.batches.at(-1)?.isFull ?? true
  }
}

interface TopicQueues {
  /** By partition; those that never had a record are missing. */
  readonly partitions: (PartitionQueue | undefined)[]
  readonly sticky: StickyPartition
}

export class RecordAccumulator {
  readonly memory: BufferMemory
  private readonly topics = new Map<string, TopicQueues>()
  /** Queues that have batches and may send one more. */
  private readonly waiting = new Set<PartitionQueue>()
  private readonly incomplete = new Set<ProducerBatch>()
  private readonly inFlightMax: number
  private flushing = 0
  private drainQueued = false
  private lingerTimer: Timer | undefined

  constructor(
    private readonly port: ProducerPort,
    private readonly settings: AccumulatorSettings,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    this.memory = new BufferMemory(settings.bufferMemoryBytes, clock)
    this.inFlightMax = port.batchesInFlightMax ?? 1
  }

  /** The caller has reserved `record.bytes` of `memory`. */
  append(topic: string, partition: number, partitions: number, record: PendingRecord): void {
    const queues = this.topicQueues(topic)
    if (partition !== STICKY) {
      this.appendTo(this.queueOf(topic, queues, partition), record)
      return
    }
    const { sticky } = queues
    const queueSizes = (): number[] =>
      Array.from({ length: partitions }, (_, index) => queues.partitions[index]?.batches.length ?? 0)
    let queue = this.queueOf(topic, queues, sticky.choose(partitions, queueSizes))
    if (queue.batchesFull) {
      // a switch that was put off because of a half-filled batch may be due by now
      sticky.appended(0, true)
      queue = this.queueOf(topic, queues, sticky.choose(partitions, queueSizes))
    }
    this.appendTo(queue, record)
    sticky.appended(record.bytes, queue.batchesFull)
  }

  /** Sends what waits without lingering; resolves when all that was appended before has an outcome. */
  async flush(): Promise<void> {
    this.flushing++
    try {
      this.queueDrain()
      await Promise.all([...this.incomplete].map((batch) => batch.whenDone()))
    } finally {
      this.flushing--
    }
  }

  /** Fails everything that waits; what is under way ends by itself. */
  abort(error: (record: PendingRecord['record']) => KafkaError): void {
    this.lingerTimer?.cancel()
    for (const { partitions } of this.topics.values()) {
      for (const queue of partitions) {
        for (const batch of queue?.batches.splice(0) ?? []) this.finish(batch, () => batch.fail(error))
      }
    }
    this.waiting.clear()
  }

  private topicQueues(topic: string): TopicQueues {
    let found = this.topics.get(topic)
    if (found === undefined) {
      found = { partitions: [], sticky: new StickyPartition(this.random, this.settings.batchSizeBytes) }
      this.topics.set(topic, found)
    }
    return found
  }

  private queueOf(topic: string, queues: TopicQueues, partition: number): PartitionQueue {
    return (queues.partitions[partition] ??= new PartitionQueue(topic, partition))
  }

  private appendTo(queue: PartitionQueue, record: PendingRecord): void {
    const last = queue.batches.at(-1)
    if (last === undefined || !last.tryAppend(record)) {
      const batch = new ProducerBatch(
        queue.topic,
        queue.partition,
        this.clock.monotonic(),
        this.settings.batchSizeBytes,
      )
      batch.tryAppend(record)
      queue.batches.push(batch)
      this.incomplete.add(batch)
    }
    if (queue.inFlight >= this.inFlightMax) return
    this.waiting.add(queue)
    const inMs = this.readyInMs(queue)
    if (inMs <= 0) this.queueDrain()
    else if (inMs < Infinity) this.armLinger(this.settings.lingerMs)
  }

  /** 0 or less: may go now; Infinity: not for the time that passes. */
  private readyInMs(queue: PartitionQueue): number {
    const [head] = queue.batches
    if (head === undefined) return Infinity
    if (head.isFull || this.flushing > 0 || this.memory.isShort) return 0
    // without a time to linger, the one under way is what it lingers for
    if (this.settings.lingerMs === 0) return queue.inFlight > 0 ? Infinity : 0
    return head.createdAtMs + this.settings.lingerMs - this.clock.monotonic()
  }

  private armLinger(delayMs: number): void {
    this.lingerTimer ??= this.clock.after(delayMs, () => {
      this.lingerTimer = undefined
      this.drain()
    })
  }

  /** At the end of the turn, so that records sent in one go travel together. */
  queueDrain(): void {
    if (this.drainQueued) return
    this.drainQueued = true
    queueMicrotask(() => {
      this.drainQueued = false
      this.drain()
    })
  }

  private drain(): void {
    const batches: ProducerBatch[] = []
    const queues: PartitionQueue[] = []
    let nextMs = Infinity
    for (const queue of this.waiting) {
      let inMs = this.readyInMs(queue)
      for (; inMs <= 0 && queue.inFlight < this.inFlightMax; inMs = this.readyInMs(queue)) {
        const batch = queue.batches.shift()!
        batch.closed = true
        queue.inFlight++
        queues.push(queue)
        batches.push(batch)
      }
      if (inMs === Infinity || queue.inFlight >= this.inFlightMax) this.waiting.delete(queue)
      else nextMs = Math.min(nextMs, inMs)
    }
    if (nextMs !== Infinity) this.armLinger(nextMs)
    if (batches.length === 0) return
    // a driver that gathers by itself tells of each when it knows, and of none later because of another
    if (this.port.batchesInFlightMax === undefined) void this.send(batches, queues)
    else for (const [i, batch] of batches.entries()) void this.send([batch], [queues[i]!])
  }

  private async send(batches: readonly ProducerBatch[], queues: readonly PartitionQueue[]): Promise<void> {
    const results = await this.resultsOf(batches)
    for (const [index, batch] of batches.entries()) {
      this.finish(batch, () => batch.finish(results[index]!, (record, error) => sendError(batch, record, error)))
    }
    for (const queue of queues) {
      queue.inFlight--
      if (queue.batches.length > 0) this.waiting.add(queue)
    }
    this.drain()
  }

  private async resultsOf(batches: readonly ProducerBatch[]): Promise<readonly BatchResult[]> {
    const expired = (batch: ProducerBatch): boolean =>
      this.clock.monotonic() - batch.createdAtMs >= this.settings.deliveryTimeoutMs
    const timely = batches.filter((batch) => !expired(batch))
    let sent: readonly BatchResult[]
    try {
      sent = await this.port.send(
        timely.map(({ topic, partition, pending }) => ({
          topic,
          partition,
          records: pending.map(({ outgoing }) => outgoing),
        })),
      )
    } catch (thrown) {
      const error =
        thrown instanceof DriverError ? thrown : new DriverError('fatal', String(thrown), undefined, undefined, thrown)
      sent = timely.map(() => ({ error }))
    }
    if (timely.length === batches.length) return sent
    const late = { error: new DriverError('timeout', `not sent within ${this.settings.deliveryTimeoutMs} ms`) }
    return batches.map((batch) => {
      const place = timely.indexOf(batch)
      return place < 0 ? late : sent[place]!
    })
  }

  private finish(batch: ProducerBatch, tell: () => void): void {
    this.incomplete.delete(batch)
    this.memory.release(batch.bytes)
    tell()
  }
}

function sendError(batch: ProducerBatch, record: PendingRecord['record'], error: DriverError): KafkaError {
  const { topic, partition } = batch
  return kafkaErrorFrom(error, `a record could not be sent to ${topic}-${partition}`, {
    record,
    topicPartition: { topic, partition },
  })
}
