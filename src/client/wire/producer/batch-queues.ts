/** All that a producer has not told the result of: the queues of its partitions, and who waits until they are empty. */
import { PartitionQueue } from './partition-queue.js'

export class BatchQueues {
  private readonly topics = new Map<string, Map<number, PartitionQueue>>()
  /** Queues that have batches; the first are looked at first. */
  private readonly filled = new Set<PartitionQueue>()
  private drained: (() => void)[] = []

  constructor(private readonly idempotent: boolean) {}

  get isEmpty(): boolean {
    return this.filled.size === 0
  }

  /** Those that have batches. */
  get active(): ReadonlySet<PartitionQueue> {
    return this.filled
  }

  /** Some partition's sequence has a hole. */
  get needNewEpoch(): boolean {
    for (const partitions of this.topics.values()) {
      for (const { hole } of partitions.values()) if (hole !== 'none') return true
    }
    return false
  }

  of(topic: string, partition: number): PartitionQueue {
    let partitions = this.topics.get(topic)
    if (partitions === undefined) this.topics.set(topic, (partitions = new Map()))
    let queue = partitions.get(partition)
    if (queue === undefined) {
      queue = new PartitionQueue(topic, partition, this.idempotent)
      partitions.set(partition, queue)
    }
    return queue
  }

  /** Something was added to the queue. */
  filledUp(queue: PartitionQueue): void {
    this.filled.add(queue)
  }

  /** Something was taken out of the queue. */
  takenFrom(queue: PartitionQueue): void {
    if (!queue.isEmpty) return
    this.filled.delete(queue)
    if (this.isEmpty) for (const resolve of this.drained.splice(0)) resolve()
  }

  /** Another partition is first the next time. */
  putLast(queue: PartitionQueue): void {
    if (this.filled.delete(queue)) this.filled.add(queue)
  }

  /** Resolves when no batch is left. */
  drain(): Promise<void> {
    return this.isEmpty ? Promise.resolve() : new Promise((resolve) => this.drained.push(resolve))
  }
}
