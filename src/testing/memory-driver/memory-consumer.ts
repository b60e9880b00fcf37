/**
 * Reads from a `MemoryCluster`, as a member of a group or with partitions of its own.
 *
 * Records are pushed a chunk a partition a microtask, never out of a call of the framework's own. An assignment's epoch is
 * the group's generation; between revoke and the next assignment there is none, and commits are refused.
 */
import { sleep } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import {
  DriverError,
  type CommitOffset,
  type ConsumerHandler,
  type ConsumerOptions,
  type ConsumerPort,
  type GroupMetadata,
  type IncomingRecord,
  type PartitionPosition,
  type StartOffset,
  type Subscription,
} from '../../client/port.js'
import { ConsumerRecord, topicPartitionName, type TopicPartition } from '../../model/index.js'
import type { MemoryCluster } from './memory-cluster.js'
import type { MemoryMember } from './memory-group.js'
import type { MemoryRecord } from './memory-partition.js'

interface Assigned extends TopicPartition {
  /** undefined while the start is being asked for, or after out-of-range until a seek. */
  position: number | undefined
  paused: boolean
}

const CHUNK_RECORDS = 500
const NO_EPOCH = -1
const RETRY_MS = 1_000

export class MemoryConsumer implements ConsumerPort {
  private handler: ConsumerHandler | undefined
  private subscription: Subscription | undefined
  private readonly assigned = new Map<string, Assigned>()
  private readonly memberId: string
  private readonly member: MemoryMember
  private epoch = NO_EPOCH
  private pumping = false
  private down = false
  private closed = false
  private readonly stopListening: () => void

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly options: ConsumerOptions,
    clientId: string,
    private readonly log: Log,
  ) {
    this.memberId = cluster.nextMemberId(options.clientId ?? clientId)
    this.member = {
      memberId: this.memberId,
      assignors: options.assignors,
      topics: () => this.subscribedTopics(),
      revoke: () => this.rejoin(),
      lose: () => this.lose(),
      assign: (partitions, generation) => void this.assign(partitions, generation),
    }
    this.stopListening = cluster.onChange(() => this.onClusterChange())
  }

  async start(subscription: Subscription, handler: ConsumerHandler): Promise<void> {
    if (this.closed) throw new DriverError('closed', 'The consumer is closed.')
    if (this.handler) throw new DriverError('fatal', 'The consumer was started before: make a new one.')
    handler.onState({ state: 'connecting' })
    if (!this.cluster.isRunning) throw new DriverError('retriable', 'The memory cluster is stopped.')
    this.subscription = subscription
    if ('topics' in subscription) for (const topic of subscription.topics) this.cluster.existingOrCreated(topic)
    this.handler = handler
    if ('partitions' in subscription) {
      for (const tp of subscription.partitions) this.cluster.partition(tp)
      this.member.assign(subscription.partitions, 0)
    } else {
      handler.onState({ state: 'rebalancing' })
      this.cluster.group(this.options.groupId).join(this.member)
    }
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const tp of partitions) {
      const own = this.assigned.get(topicPartitionName(tp))
      if (own) own.paused = true
    }
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const tp of partitions) {
      const own = this.assigned.get(topicPartitionName(tp))
      if (own) own.paused = false
    }
    this.pump()
  }

  seek(partition: TopicPartition, offset: StartOffset): void {
    const own = this.assigned.get(topicPartitionName(partition))
    if (own === undefined) return
    own.position = this.resolve(own, offset)
    this.pump()
  }

  async commit(offsets: readonly CommitOffset[], epoch: number): Promise<void> {
    if (this.epoch === NO_EPOCH || epoch !== this.epoch) {
      throw new DriverError('fenced', `Assignment ${epoch} of group '${this.options.groupId}' is over.`)
    }
    if (!this.cluster.isRunning) throw new DriverError('retriable', 'The memory cluster is stopped.')
    this.cluster.commit(this.options.groupId, offsets)
  }

  groupMetadata(): GroupMetadata | undefined {
    const { groupId } = this.options
    if (this.epoch === NO_EPOCH || !this.cluster.group(groupId).members.has(this.memberId)) return undefined
    return {
      groupId,
      generationId: this.epoch,
      memberId: this.memberId,
      groupInstanceId: this.options.groupInstanceId,
    }
  }

  positions(): PartitionPosition[] {
    return [...this.assigned.values()].map(({ topic, partition, position }) => {
      const end = this.resolve({ topic, partition }, 'latest')
      return { topic, partition, position, lag: position === undefined ? undefined : Math.max(end - position, 0) }
    })
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.revoke(timeoutMs)
    this.cluster.group(this.options.groupId).leave(this.member)
    this.stopListening()
    this.handler?.onState({ state: 'closed' })
  }

  private subscribedTopics(): readonly string[] {
    const { subscription } = this
    if (subscription === undefined || 'partitions' in subscription) return []
    if ('topics' in subscription) return subscription.topics.filter((topic) => this.cluster.topic(topic))
    return this.cluster.topicNames.filter((topic) => topic.search(subscription.pattern) !== -1)
  }

  private async rejoin(): Promise<void> {
    if (this.closed) return
    this.handler?.onState({ state: 'rebalancing' })
    await this.revoke(this.options.rebalanceTimeoutMs * 0.8)
  }

  private lose(): void {
    const lost = this.partitions()
    this.forget()
    if (lost.length > 0) this.callSafely('onLost', () => this.handler?.onLost(lost))
  }

  private async revoke(withinMs: number): Promise<void> {
    const partitions = this.partitions()
    if (partitions.length > 0 && this.handler) {
      const abort = new AbortController()
      const revoked = this.handler.onRevoked(partitions, this.cluster.clock.now() + withinMs)
      await Promise.race([
        revoked.catch((error: unknown) => this.log.error('onRevoked failed', { error })),
        sleep(this.cluster.clock, withinMs, abort.signal).catch(() => {}),
      ])
      abort.abort(new Error('revoked'))
    }
    this.forget()
  }

  private async assign(partitions: readonly TopicPartition[], epoch: number): Promise<void> {
    if (this.closed) return
    this.epoch = epoch
    for (const { topic, partition } of partitions) {
      this.assigned.set(topicPartitionName({ topic, partition }), {
        topic,
        partition,
        position: undefined,
        paused: false,
      })
    }
    this.handler!.onState({ state: 'stable', epoch, memberId: this.memberId })
    if (partitions.length > 0) await this.begin(partitions, epoch)
  }

  /** Asks the framework where to begin, again and again when that fails, until the assignment is another. */
  private async begin(partitions: readonly TopicPartition[], epoch: number): Promise<void> {
    try {
      const starts = await this.handler!.onAssigned(partitions, epoch)
      if (epoch !== this.epoch) return
      const asked = new Map(starts.map((start) => [topicPartitionName(start), start.start]))
      for (const [name, own] of this.assigned) {
        if (own.position !== undefined) continue // a seek came first
        const committed = this.cluster.committed(this.options.groupId, own)
        own.position = this.resolve(own, asked.get(name) ?? committed ?? 'latest')
      }
      this.pump()
    } catch (error) {
      const cause = new DriverError('retriable', `onAssigned failed: ${String(error)}`, undefined, undefined, error)
      this.handler!.onState({ state: 'recovering', error: cause, retryInMs: RETRY_MS })
      this.cluster.clock.after(RETRY_MS, () => {
        if (epoch === this.epoch && !this.closed) void this.begin(partitions, epoch)
      })
    }
  }

  private resolve(tp: TopicPartition, start: StartOffset): number {
    if (typeof start === 'number') return start
    const log = this.cluster.partition(tp)
    if (start === 'earliest') return log.startOffset
    return this.options.isolation === 'read_committed' ? log.lastStableOffset : log.endOffset
  }

  private onClusterChange(): void {
    if (!this.handler || this.closed) return
    if (!this.cluster.isRunning && !this.down) {
      this.down = true
      const error = new DriverError('retriable', 'The memory cluster is stopped.')
      this.handler.onState({ state: 'recovering', error, retryInMs: RETRY_MS })
    } else if (this.cluster.isRunning && this.down) {
      this.down = false
      if (this.epoch !== NO_EPOCH) {
        this.handler.onState({ state: 'stable', epoch: this.epoch, memberId: this.memberId })
      }
    }
    this.pump()
  }

  /** Soon, hands on what can be read, and goes on as long as there is more. */
  private pump(): void {
    if (this.pumping) return
    this.pumping = true
    queueMicrotask(() => {
      this.pumping = false
      let more = false
      for (const own of this.assigned.values()) if (this.deliver(own)) more = true
      if (more) this.pump()
    })
  }

  private deliver(own: Assigned): boolean {
    if (own.paused || own.position === undefined || this.closed || !this.cluster.isRunning) return false
    const log = this.cluster.topic(own.topic)?.partitions[own.partition]
    if (log === undefined || !this.handler) return false
    const { position } = own
    if (!log.has(position)) {
      own.position = undefined
      this.callSafely('onOffsetOutOfRange', () => this.handler!.onOffsetOutOfRange(own, position))
      return false
    }
    const { fetchMaxBytesPerPartition, isolation } = this.options
    const { records, nextOffset } = log.read(position, CHUNK_RECORDS, fetchMaxBytesPerPartition, isolation)
    if (nextOffset === position) return false
    own.position = nextOffset
    const pushed = {
      topic: own.topic,
      partition: own.partition,
      epoch: this.epoch,
      records: records.map((record) => toIncoming(own, record)),
      nextOffset: own.position,
      highWatermark: log.endOffset,
    }
    this.callSafely('onRecords', () => this.handler!.onRecords(pushed))
    return true
  }

  private partitions(): TopicPartition[] {
    return [...this.assigned.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  private forget(): void {
    this.assigned.clear()
    this.epoch = NO_EPOCH
  }

  /** The handler must not throw; when it does, that is told and the consumer lives on. */
  private callSafely(what: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.log.error(`${what} threw`, { error })
    }
  }
}

/** A new one each time: the framework puts key and value into it. */
function toIncoming({ topic, partition }: TopicPartition, record: MemoryRecord): IncomingRecord {
  const { offset, key, value, headers, timestampMs, timestampType, leaderEpoch } = record
  return new ConsumerRecord(
    topic,
    partition,
    offset,
    null,
    null,
    headers,
    timestampMs,
    timestampType,
    leaderEpoch,
    key,
    value,
  )
}
