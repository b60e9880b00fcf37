/**
 * What the group coordinator remembers: events, one record of `__consumer_offsets` each, and the state that they make.
 *
 * An event carries the whole of the thing that it is about, `null` where the thing is gone; applying a log's events in
 * order gives the state, whichever of the older ones compaction has dropped. A group is made by its metadata, or by the
 * first offset that is committed for it: that is a simple group, which nobody joined.
 */
import type { Producer } from '../machine/partition-event-log.js'
import { ConsumerGroup } from './consumer/consumer-group.js'
import { applyToConsumerGroup, isTombstone, type ConsumerGroupEvent } from './consumer/events.js'
import { Offsets, type CommittedOffset } from './offsets/offsets.js'

export type GroupEvent =
  | { readonly type: 'classic-group'; readonly groupId: string; readonly metadata: ClassicGroupMetadata | null }
  | {
      readonly type: 'offset'
      readonly groupId: string
      readonly topic: string
      readonly partition: number
      readonly committed: CommittedOffset | null
      /** The transaction that the offset waits for; null: it counts at once. */
      readonly producer: Producer | null
    }
  | {
      readonly type: 'transaction-end'
      readonly producer: Producer
      readonly coordinatorEpoch: number
      readonly outcome: 'commit' | 'abort'
    }
  | ConsumerGroupEvent

/** A classic group as its last finished rebalance left it. */
export interface ClassicGroupMetadata {
  readonly kind: 'classic'
  /** `consumer`, `connect`, …; empty: the group was never joined. */
  readonly protocolType: string
  readonly generation: number
  /** null: no members. */
  readonly protocolName: string | null
  /** Member id. */
  readonly leader: string | null
  /** When the group came into its state; -1 = not known. */
  readonly stateTimestampMs: number
  readonly members: readonly ClassicMemberMetadata[]
}

export interface ClassicMemberMetadata {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  /** With a slash before it, as Java prints addresses: `/127.0.0.1`. */
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  /** The member's metadata under the group's protocol. */
  readonly subscription: Buffer
  readonly assignment: Buffer
}

export const simpleGroup: ClassicGroupMetadata = {
  kind: 'classic',
  protocolType: '',
  generation: 0,
  protocolName: null,
  leader: null,
  stateTimestampMs: -1,
  members: [],
}

export class GroupState {
  readonly groups = new Map<string, ClassicGroupMetadata | ConsumerGroup>()
  readonly offsets = new Offsets()

  apply(event: GroupEvent, recordOffset: number): void {
    switch (event.type) {
      case 'classic-group':
        if (event.metadata !== null) this.groups.set(event.groupId, event.metadata)
        // a group that has become one of the new protocol is no classic group any more
        else if (this.groups.get(event.groupId)?.kind === 'classic') this.groups.delete(event.groupId)
        return
      case 'offset':
        if (event.committed !== null && !this.groups.has(event.groupId)) this.groups.set(event.groupId, simpleGroup)
        this.offsets.apply(event, recordOffset)
        return
      case 'transaction-end':
        this.offsets.endTransaction(event.producer.id, event.outcome)
        return
      default:
        this.applyConsumer(event)
    }
  }

  consumerGroup(groupId: string): ConsumerGroup | undefined {
    const group = this.groups.get(groupId)
    return group?.kind === 'consumer' ? group : undefined
  }

  private applyConsumer(event: ConsumerGroupEvent): void {
    const { groupId } = event
    if (event.type === 'consumer-group' && event.group === null) {
      if (this.consumerGroup(groupId)) this.groups.delete(groupId)
      return
    }
    const group = this.consumerGroup(groupId) ?? (isTombstone(event) ? undefined : this.newConsumerGroup(groupId))
    if (group) applyToConsumerGroup(group, event)
  }

  private newConsumerGroup(groupId: string): ConsumerGroup {
    const group = new ConsumerGroup(groupId)
    this.groups.set(groupId, group)
    return group
  }
}
