/** Carries out seeks of one consumer, in the order asked for: what has to be looked up is, then the partition is moved. */
import type { Log } from '../../base/log.js'
import type { AdminPort, ConsumerOptions } from '../../client/port.js'
import { KafkaError, topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import type { ConsumerCallback, SeekTo } from './consumer-seek-aware.js'
import type { PartitionWorker } from './partition-worker.js'

export interface SeekParts {
  readonly listenerId: string
  readonly groupId: string
  readonly isolation: ConsumerOptions['isolation']
  readonly log: Log
  worker(tp: TopicPartition): PartitionWorker | undefined
  assigned(): readonly TopicPartition[]
  admin(): Promise<AdminPort>
}

export class SeekRequests implements ConsumerCallback {
  /** Of each partition one at a time, in the order asked for. */
  private readonly pending = new Map<PartitionWorker, Promise<void>>()

  constructor(private readonly parts: SeekParts) {}

  get listenerId(): string {
    return this.parts.listenerId
  }
  get groupId(): string {
    return this.parts.groupId
  }

  seek(topic: string, partition: number, offset: SeekTo): void {
    if (typeof offset === 'number' && !isOffset(offset)) throw refused('seek', 'offset', offset, ', 0 or more')
    this.request({ topic, partition }, async (worker) => {
      if (typeof offset === 'function') await this.learnCurrent(worker)
      return offset
    })
  }

  seekToBeginning(partitions = this.parts.assigned()): void {
    for (const tp of partitions) this.request(tp, async () => 'earliest' as const)
  }

  seekToEnd(partitions = this.parts.assigned()): void {
    for (const tp of partitions) this.request(tp, () => this.offsetAt(tp, 'latest'))
  }

  seekRelative(topic: string, partition: number, offset: number, toCurrent: boolean): void {
    if (!Number.isSafeInteger(offset)) throw refused('seekRelative', 'offset', offset)
    this.request({ topic, partition }, async (worker) => {
      const first = (await this.offsetAt(worker, 'earliest')) ?? 0
      if (!toCurrent) {
        const base = offset < 0 ? ((await this.offsetAt(worker, 'latest')) ?? first) : first
        return Math.max(base + offset, first)
      }
      worker.current ??= first
      return (current) => Math.max(current + offset, first)
    })
  }

  seekToTimestamp(timestampMs: number, partitions = this.parts.assigned()): void {
    if (!Number.isSafeInteger(timestampMs)) throw refused('seekToTimestamp', 'timestampMs', timestampMs)
    for (const tp of partitions) this.request(tp, () => this.offsetAt(tp, { timestampMs }))
  }

  /** Resolves when all that was asked for so far is done. */
  async settled(): Promise<void> {
    await Promise.all(this.pending.values())
  }

  private request(
    { topic, partition }: TopicPartition,
    find: (worker: PartitionWorker) => Promise<SeekTo | 'earliest' | undefined>,
  ): void {
    const tp = { topic, partition }
    const worker = this.parts.worker(tp)
    if (worker === undefined) {
      this.parts.log.warn(`${topicPartitionName(tp)} is not assigned here, so there is nothing to seek`)
      return
    }
    // at once, so that nothing of the delivery in hand begins any more
    worker.holdForSeek()
    const done = (this.pending.get(worker) ?? Promise.resolve()).then(() => this.carryOut(worker, find))
    this.pending.set(worker, done)
    void done.then(() => {
      if (this.pending.get(worker) === done) this.pending.delete(worker)
    })
  }

  private async carryOut(
    worker: PartitionWorker,
    find: (worker: PartitionWorker) => Promise<SeekTo | 'earliest' | undefined>,
  ): Promise<void> {
    let target: SeekTo | 'earliest' | undefined
    try {
      target = await find(worker)
    } catch (error) {
      this.parts.log.error(`${worker.name} could not be moved: ${errorMessage(error)}`, { error })
    }
    if (target === undefined) worker.releaseSeek()
    else await worker.seek(typeof target === 'function' ? this.orStay(worker, target) : target)
  }

  /** Where a function says; where it is when that fails, which is told. */
  private orStay(worker: PartitionWorker, target: (current: number) => number): (current: number) => number {
    return (current) => {
      try {
        const to = target(current)
        if (!isOffset(to)) throw refused('seek', 'the computed offset', to, ', 0 or more')
        return to
      } catch (error) {
        this.parts.log.error(`${worker.name} could not be moved: ${errorMessage(error)}`, { error })
        return current
      }
    }
  }

  private async learnCurrent(worker: PartitionWorker): Promise<void> {
    if (worker.current === undefined) worker.current = await this.offsetAt(worker, 'earliest')
  }

  private async offsetAt(
    { topic, partition }: TopicPartition,
    at: 'earliest' | 'latest' | { timestampMs: number },
  ): Promise<number | undefined> {
    const admin = await this.parts.admin()
    return (await admin.listOffsets([{ topic, partition }], at, this.parts.isolation))[0]?.offset
  }
}

const isOffset = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

function refused(what: string, name: string, value: unknown, least = ''): KafkaError {
  return new KafkaError('config', `${what}: ${name} must be a whole number${least}, not ${String(value)}`)
}
