/**
 * The shards of a coordinator: one for each partition of its topic that is on this node. A shard is made when it is first
 * needed, or at the start when there is something in it, since what it holds must go on: sessions, time-outs, markers.
 */
import { ErrorCode } from '../../protocol/errors.js'
import type { Broker } from '../broker.js'
import type { Partition } from '../replica/partitions.js'
import type { MachinePhase } from './machine.js'
import { partitionFor } from './partition-for.js'

export interface Shard {
  readonly phase: MachinePhase
  load(): Promise<void>
  close(): void
}

export type ShardParts = Pick<Broker, 'log' | 'settings' | 'cluster' | 'partitions'>

export interface ShardedTopic<S extends Shard> {
  readonly name: string
  /** Setting that tells how many partitions the topic will have, while it is not there. */
  readonly partitionsSetting: string
  /** `onFailed` is told once when the shard can't go on. */
  readonly open: (log: Partition, onFailed: (error: unknown) => void) => S
}

export class CoordinatorShards<S extends Shard> {
  private readonly shards = new Map<number, S>()
  private closed = false

  constructor(
    private readonly parts: ShardParts,
    private readonly topic: ShardedTopic<S>,
  ) {}

  start(): void {
    for (const log of this.logs()) if (!isEmpty(log)) this.open(log)
    this.parts.cluster.onChange(({ topicsDeleted }) => {
      if (topicsDeleted.some(({ name }) => name === this.topic.name)) this.closeShards()
    })
  }

  close(): void {
    this.closed = true
    this.closeShards()
  }

  /** The partition of the topic that an id lives in. */
  partitionFor(id: string): number {
    const { cluster, settings } = this.parts
    const count = cluster.topic(this.topic.name)?.partitions.length ?? settings.int(this.topic.partitionsSetting)
    return partitionFor(id, count)
  }

  /** The shard that an id lives in, or why there is none here. */
  for(id: string): S | ErrorCode {
    return this.at(this.partitionFor(id))
  }

  at(partition: number): S | ErrorCode {
    if (this.closed) return ErrorCode.COORDINATOR_NOT_AVAILABLE
    const shard = this.shards.get(partition)
    if (shard) return shard
    const log = this.parts.partitions.get(this.topic.name, partition)
    return log ? this.open(log) : ErrorCode.NOT_COORDINATOR
  }

  /** Every shard that has anything in it. */
  all(): readonly S[] {
    if (this.closed) return []
    for (const log of this.logs()) if (!this.shards.has(log.partition) && !isEmpty(log)) this.open(log)
    return [...this.shards.values()]
  }

  /** Every shard that was opened, whether or not it is loaded. */
  each(act: (shard: S) => void): void {
    for (const shard of this.shards.values()) act(shard)
  }

  /** Runs work that nobody waits for on every shard that is loaded; a shard that fails says so itself. */
  background(work: (shard: S) => Promise<void>): void {
    for (const shard of this.shards.values()) if (shard.phase === 'active') this.unwatched(work(shard))
  }

  private open(log: Partition): S {
    const where = { partition: `${this.topic.name}-${log.partition}` }
    const shard = this.topic.open(log, (error) => {
      this.parts.log.error('a coordinator lost its log; what lives in it is refused until it can be read', {
        ...where,
        error,
      })
      if (this.shards.get(log.partition) === shard) this.shards.delete(log.partition)
    })
    this.shards.set(log.partition, shard)
    this.unwatched(shard.load())
    return shard
  }

  private unwatched(work: Promise<void>): void {
    work.catch((error: unknown) => this.parts.log.debug('a coordinator could not finish its work', { error }))
  }

  private *logs(): Generator<Partition> {
    const { cluster, partitions } = this.parts
    for (const { partition } of cluster.topic(this.topic.name)?.partitions ?? []) {
      const log = partitions.get(this.topic.name, partition)
      if (log) yield log
    }
  }

  private closeShards(): void {
    for (const shard of this.shards.values()) shard.close()
    this.shards.clear()
  }
}

function isEmpty(log: Partition): boolean {
  return log.logEndOffset === log.logStartOffset
}
