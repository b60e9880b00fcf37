/** Where a consumer's partitions begin, and where they go on when the broker does not have their position. */
import type { AdminPort } from '../../client/port.js'
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import type { ConsumerOwner } from './consumer-owner.js'
import { manualStarts } from './manual-starts.js'
import { resetOffsets, startOffsets } from './offset-reset.js'
import type { NoOffset, Start } from './offset-reset.js'
import type { InitialPartition } from './topic-partition-offset.js'

export class PartitionStarts {
  constructor(
    private readonly owner: Pick<ConsumerOwner, 'settings' | 'services' | 'positionOf'>,
    /** Partitions given by hand. */
    private readonly share: readonly InitialPartition[] | undefined,
  ) {}

  of(admin: AdminPort, partitions: readonly TopicPartition[]): Promise<readonly Start[] | NoOffset> {
    const { groupId, autoOffsetReset: reset, consumer } = this.owner.settings
    const nowMs = this.owner.services.clock.now()
    const query = { groupId, reset, isolation: consumer.isolation, nowMs }
    const { share } = this
    if (share === undefined) return startOffsets(admin, query, partitions)
    const from = new Map(share.map((each) => [topicPartitionName(each), each.from]))
    return manualStarts(admin, query, partitions, (tp) => {
      const position = this.owner.positionOf(tp)
      return position === undefined ? from.get(topicPartitionName(tp))! : { initialOffset: position }
    })
  }

  /** The same in offsets: the beginning is asked for. */
  async offsets(starts: readonly Start[]): Promise<readonly (TopicPartition & { readonly offset: number })[]> {
    const admin = await this.owner.services.admin()
    const beginnings = starts.filter(({ start }) => start === 'earliest')
    const earliest = beginnings.length === 0 ? [] : await admin.listOffsets(beginnings, 'earliest')
    return starts.map(({ topic, partition, start }) => {
      const first = earliest.find((found) => found.topic === topic && found.partition === partition)?.offset
      return { topic, partition, offset: typeof start === 'number' ? start : (first ?? 0) }
    })
  }

  /** By `autoOffsetReset`; `offset` when that can't be found out. */
  async afterReset(tp: TopicPartition, offset: number): Promise<Start['start']> {
    const { settings, services } = this.owner
    const { autoOffsetReset: reset, consumer } = settings
    if (reset === 'earliest' || reset === 'latest') return reset
    try {
      const query = { reset, isolation: consumer.isolation, nowMs: services.clock.now() }
      const [found] = await resetOffsets(await services.admin(), query, [tp])
      return found!.start
    } catch (error) {
      // the driver tells anew that it is not there
      services.log.warn(`where ${topicPartitionName(tp)} goes on could not be found`, { error })
      return offset
    }
  }
}
