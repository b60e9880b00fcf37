/**
 * Records wait here for their turn, Kafka's `RecordAccumulator`. Always: within a partition records leave in the order in
 * which they came; one send per partition is under way at a time; what waits and what is under way holds no more than
 * `bufferMemoryBytes`.
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
  inFlight = false

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
  /** Queues that have batches and no send under way. */
  private readonly waiting = new Set<PartitionQueue>()
  private readonly incomplete = new Set<ProducerBatch>()
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
    if (queue.inFlight) return
    this.waiting.add(queue)
    if (this.readyInMs(queue) <= 0) this.queueDrain()
    else this.armLinger(this.settings.lingerMs)
  }

  /** 0 or less: may go now. */
  private readyInMs(queue: PartitionQueue): number {
    const [head] = queue.batches
    if (head === undefined) return Infinity
    if (this.settings.lingerMs === 0 || head.isFull || this.flushing > 0 || this.memory.isShort) return 0
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
      const inMs = this.readyInMs(queue)
      if (inMs > 0) {
        nextMs = Math.min(nextMs, inMs)
        continue
      }
      this.waiting.delete(queue)
      const batch = queue.batches.shift()
      if (batch === undefined) continue
      batch.closed = true
      queue.inFlight = true
      queues.push(queue)
      batches.push(batch)
    }
    if (nextMs !== Infinity) this.armLinger(nextMs)
    if (batches.length > 0) void this.send(batches, queues)
  }

  private async send(batches: readonly ProducerBatch[], queues: readonly PartitionQueue[]): Promise<void> {
    const results = await this.resultsOf(batches)
    for (const [index, batch] of batches.entries()) {
      this.finish(batch, () => batch.finish(results[index]!, (record, error) => sendError(batch, record, error)))
    }
    for (const queue of queues) {
      queue.inFlight = false
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
