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
import type { ConsumerParts } from './consumer/consumer-groups.js'
import type { ConsumerSettings } from './consumer/decision.js'
import { Patterns } from './consumer/patterns.js'
import { groupEventCodec } from './event-codec.js'
import { GroupShard } from './group-shard.js'

export type GroupParts = Pick<Broker, 'clock' | 'random' | 'log' | 'settings' | 'cluster' | 'partitions'>

export class GroupShards {
  readonly patterns = new Patterns()
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
    this.parts.cluster.onChange(({ topicsCreated, topicsChanged, topicsDeleted }) => {
      if (topicsCreated.length + topicsChanged.length + topicsDeleted.length > 0) {
        this.shards.each((shard) => shard.consumers.topicsChanged())
      }
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
    return new GroupShard(
      eventLog,
      { log: this.parts.log, limits: () => this.limits(), consumer: this.consumerParts() },
      onFailed,
    )
  }

  private consumerParts(): ConsumerParts {
    const { clock, random, cluster, log, settings } = this.parts
    return {
      clock,
      random,
      cluster,
      pattern: this.patterns.get,
      settings: (groupId) => this.consumerSettings(groupId),
      migration: () => {
        const policy = settings.string('group.consumer.migration.policy').toLowerCase()
        return {
          upgrade: policy === 'bidirectional' || policy === 'upgrade',
          downgrade: policy === 'bidirectional' || policy === 'downgrade',
        }
      },
      note: (message) => log.debug(message),
    }
  }

  private consumerSettings(groupId: string): ConsumerSettings {
    const { settings } = this.parts
    const group = settings.group(groupId)
    return {
      maxSize: settings.int('group.consumer.max.size'),
      heartbeatIntervalMs: group.int('consumer.heartbeat.interval.ms'),
      sessionTimeoutMs: group.int('consumer.session.timeout.ms'),
      assignmentIntervalMs: group.int('consumer.assignment.interval.ms'),
      assignors: settings.list('group.consumer.assignors'),
    }
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
