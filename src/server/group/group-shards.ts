/**
 * The shards of this node: a group coordinator's part for each partition of `__consumer_offsets` that is here. A shard is
 * made when it is first needed, or at the start when there is something in it: members whose sessions must run on.
 */
import type { Timer } from '../../base/clock.js'
import { ErrorCode } from '../../protocol/errors.js'
import { codecNumbered } from '../../protocol/records/index.js'
import type { Broker } from '../broker.js'
import { PartitionEventLog } from '../machine/partition-event-log.js'
import { CONSUMER_OFFSETS } from '../metadata/internal-topics.js'
import type { Partition } from '../replica/partitions.js'
import type { ClassicLimits } from './classic/rebalance.js'
import { groupEventCodec } from './event-codec.js'
import { GroupShard } from './group-shard.js'
import { partitionFor } from './partition-for.js'

export type GroupParts = Pick<Broker, 'clock' | 'random' | 'log' | 'settings' | 'cluster' | 'partitions'>

export class GroupShards {
  private readonly shards = new Map<number, GroupShard>()
  private retentionTimer: Timer | undefined
  private closed = false

  constructor(private readonly parts: GroupParts) {}

  start(): void {
    const { cluster, partitions } = this.parts
    for (const { partition } of cluster.topic(CONSUMER_OFFSETS)?.partitions ?? []) {
      const log = partitions.get(CONSUMER_OFFSETS, partition)
      if (log && !isEmpty(log)) this.open(log)
    }
    cluster.onChange(({ topicsDeleted }) => {
      const names = new Set(topicsDeleted.map(({ name }) => name))
      if (names.has(CONSUMER_OFFSETS)) this.closeShards()
      else if (names.size > 0) for (const shard of this.shards.values()) this.background(shard.forgetTopics(names))
    })
    this.scheduleRetention()
  }

  close(): void {
    this.closed = true
    this.retentionTimer?.cancel()
    this.closeShards()
  }

  partitionFor(groupId: string): number {
    const { cluster, settings } = this.parts
    const count = cluster.topic(CONSUMER_OFFSETS)?.partitions.length ?? settings.int('offsets.topic.num.partitions')
    return partitionFor(groupId, count)
  }

  /** The shard that a group lives in, or why there is none here. */
  for(groupId: string): GroupShard | ErrorCode {
    if (this.closed) return ErrorCode.COORDINATOR_NOT_AVAILABLE
    const partition = this.partitionFor(groupId)
    const shard = this.shards.get(partition)
    if (shard) return shard
    const log = this.parts.partitions.get(CONSUMER_OFFSETS, partition)
    return log ? this.open(log) : ErrorCode.NOT_COORDINATOR
  }

  /** Every shard that has anything in it. */
  all(): readonly GroupShard[] {
    for (const log of this.parts.partitions.all()) {
      if (log.topic === CONSUMER_OFFSETS && !this.shards.has(log.partition) && !isEmpty(log)) this.open(log)
    }
    return [...this.shards.values()]
  }

  private open(log: Partition): GroupShard {
    const { clock, settings } = this.parts
    const where = { partition: `${CONSUMER_OFFSETS}-${log.partition}` }
    const shard = new GroupShard(
      new PartitionEventLog(log, groupEventCodec, clock, {
        batchBytesMax: () => settings.topic(CONSUMER_OFFSETS).int('max.message.bytes'),
        compression: () => codecNumbered(settings.int('offsets.topic.compression.codec')).name,
      }),
      { clock, log: this.parts.log.child(where), limits: () => this.limits() },
      (error) => {
        this.parts.log.error('a group coordinator lost its log; its groups are refused until it can be read', {
          ...where,
          error,
        })
        if (this.shards.get(log.partition) === shard) this.shards.delete(log.partition)
      },
    )
    this.shards.set(log.partition, shard)
    this.background(shard.load())
    return shard
  }

  private limits(): ClassicLimits {
    const { settings } = this.parts
    return {
      initialRebalanceDelayMs: settings.int('group.initial.rebalance.delay.ms'),
      maxSize: settings.int('group.max.size'),
      minSessionTimeoutMs: settings.int('group.min.session.timeout.ms'),
      maxSessionTimeoutMs: settings.int('group.max.session.timeout.ms'),
    }
  }

  private scheduleRetention(): void {
    const { clock, settings } = this.parts
    this.retentionTimer = clock.after(settings.long('offsets.retention.check.interval.ms'), () => {
      const retentionMs = settings.int('offsets.retention.minutes') * 60_000
      for (const shard of this.shards.values()) this.background(shard.expireOffsets(retentionMs))
      this.scheduleRetention()
    })
  }

  /** A shard that fails says so itself. */
  private background(work: Promise<void>): void {
    work.catch((error: unknown) => this.parts.log.debug('a group coordinator could not finish its work', { error }))
  }

  private closeShards(): void {
    for (const shard of this.shards.values()) shard.close()
    this.shards.clear()
  }
}

function isEmpty(log: Partition): boolean {
  return log.logEndOffset === log.logStartOffset
}
