/** The group coordinator's shards in `__consumer_offsets`, and what is done to all of them from time to time. */
import type { Timer } from '../../base/clock.js'
import type { ErrorCode } from '../../protocol/errors.js'
import { codecNumbered } from '../../protocol/records/index.js'
import type { Broker } from '../broker.js'
import { CoordinatorShards } from '../machine/coordinator-shards.js'
import { PartitionEventLog } from '../machine/partition-event-log.js'
import { CONSUMER_OFFSETS } from '../metadata/internal-topics.js'
import type { Partition } from '../replica/partitions.js'
import type { ClassicLimits } from './classic/rebalance.js'
import { groupEventCodec } from './event-codec.js'
import { GroupShard } from './group-shard.js'

export type GroupParts = Pick<Broker, 'clock' | 'random' | 'log' | 'settings' | 'cluster' | 'partitions'>

export class GroupShards {
  private readonly shards: CoordinatorShards<GroupShard>
  private retentionTimer: Timer | undefined

  constructor(private readonly parts: GroupParts) {
    this.shards = new CoordinatorShards(parts, {
      name: CONSUMER_OFFSETS,
      partitionsSetting: 'offsets.topic.num.partitions',
      open: (log, onFailed) => this.open(log, onFailed),
    })
  }

  start(): void {
    this.shards.start()
    this.parts.cluster.onChange(({ topicsDeleted }) => {
      const names = new Set(topicsDeleted.map(({ name }) => name))
      if (names.size > 0) this.shards.background((shard) => shard.forgetTopics(names))
    })
    this.scheduleRetention()
  }

  close(): void {
    this.retentionTimer?.cancel()
    this.shards.close()
  }

  partitionFor(groupId: string): number {
    return this.shards.partitionFor(groupId)
  }

  /** The shard that a group lives in, or why there is none here. */
  for(groupId: string): GroupShard | ErrorCode {
    return this.shards.for(groupId)
  }

  at(partition: number): GroupShard | ErrorCode {
    return this.shards.at(partition)
  }

  /** Every shard that has anything in it. */
  all(): readonly GroupShard[] {
    return this.shards.all()
  }

  private open(log: Partition, onFailed: (error: unknown) => void): GroupShard {
    const { clock, settings } = this.parts
    const eventLog = new PartitionEventLog(log, groupEventCodec, clock, {
      batchBytesMax: () => settings.topic(CONSUMER_OFFSETS).int('max.message.bytes'),
      compression: () => codecNumbered(settings.int('offsets.topic.compression.codec')).name,
    })
    return new GroupShard(eventLog, { clock, log: this.parts.log, limits: () => this.limits() }, onFailed)
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
      this.shards.background((shard) => shard.expireOffsets(retentionMs))
      this.scheduleRetention()
    })
  }
}
