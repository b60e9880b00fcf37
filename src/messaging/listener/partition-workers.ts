/** The workers of what a consumer has: found by their partition, finished and committed together. */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import type { OffsetCommitter } from './offset-committer.js'
import type { PartitionWorker } from './partition-worker.js'

export class PartitionWorkers implements Iterable<PartitionWorker> {
  private readonly byName = new Map<string, PartitionWorker>()

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly committer: OffsetCommitter,
  ) {}

  [Symbol.iterator](): IterableIterator<PartitionWorker> {
    return this.byName.values()
  }

  get partitions(): readonly TopicPartition[] {
    return [...this].map(({ topic, partition }) => ({ topic, partition }))
  }

  get isAtWork(): boolean {
    return [...this].some((worker) => worker.isDelivering)
  }

  of(tp: TopicPartition): PartitionWorker | undefined {
    return this.byName.get(topicPartitionName(tp))
  }

  ofAll(partitions: readonly TopicPartition[]): PartitionWorker[] {
    return partitions.flatMap((tp) => this.of(tp) ?? [])
  }

  /** One of an earlier assignment is forgotten. */
  add(worker: PartitionWorker): void {
    this.of(worker)?.forget()
    this.byName.set(worker.name, worker)
  }

  letGo(workers: readonly PartitionWorker[]): void {
    for (const worker of workers) {
      worker.end('afterRecord')
      worker.forget()
      if (this.of(worker) === worker) this.byName.delete(worker.name)
    }
  }

  clear(): void {
    this.byName.clear()
  }

  /** What they have in hand is waited for, so long; then it is given up. */
  async finish(
    workers: readonly PartitionWorker[],
    timeoutMs: number,
    when: 'afterDelivery' | 'afterRecord',
  ): Promise<void> {
    for (const worker of workers) worker.end(when)
    if (await this.within(timeoutMs, Promise.all(workers.map((worker) => worker.whenIdle())))) return
    for (const worker of workers) {
      if (worker.isIdle) continue
      this.log.warn(`the time to finish ${worker.name} is over: what its handler has in hand comes again`)
      worker.abandon('the time to finish is over')
    }
  }

  async commit(workers: Iterable<PartitionWorker> = this): Promise<void> {
    await Promise.all([...workers].map((worker) => this.committer.commit(worker)))
  }

  /** false: not within the time. */
  within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.clock.after(timeoutMs, () => resolve(false))
      void work.then(() => {
        timer.cancel()
        resolve(true)
      })
    })
  }
}
