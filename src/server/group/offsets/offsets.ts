/**
 * Committed offsets of all groups of one partition of `__consumer_offsets`, and those that wait for a transaction to end.
 *
 * A transaction's offsets count once it is committed, and then only where no later record has set the same offset: the
 * later record wins, whichever came by a transaction.
 */

export interface CommittedOffset {
  readonly offset: number
  /** -1 = the member did not say. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitTimestampMs: number
  /** -1 = by the broker's retention; otherwise what a member of version 2–4 asked for. */
  readonly expireTimestampMs: number
  /** The zero id: committed by a name only. */
  readonly topicId: string
}

interface StoredOffset extends CommittedOffset {
  readonly recordOffset: number
}

interface OffsetChange {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly committed: CommittedOffset | null
  readonly producer: { readonly id: number } | null
}

export type OffsetsOfGroup<O = CommittedOffset> = ReadonlyMap<string, ReadonlyMap<number, O>>

/** group → topic → partition → value */
class OffsetMap {
  readonly groups = new Map<string, Map<string, Map<number, StoredOffset>>>()

  get(groupId: string, topic: string, partition: number): StoredOffset | undefined {
    return this.groups.get(groupId)?.get(topic)?.get(partition)
  }

  set(groupId: string, topic: string, partition: number, value: StoredOffset): void {
    let topics = this.groups.get(groupId)
    if (!topics) this.groups.set(groupId, (topics = new Map()))
    let partitions = topics.get(topic)
    if (!partitions) topics.set(topic, (partitions = new Map()))
    partitions.set(partition, value)
  }

  delete(groupId: string, topic: string, partition: number): void {
    const topics = this.groups.get(groupId)
    const partitions = topics?.get(topic)
    if (!partitions?.delete(partition) || partitions.size > 0) return
    topics!.delete(topic)
    if (topics!.size === 0) this.groups.delete(groupId)
  }
}

const NONE: OffsetsOfGroup<never> = new Map()

export class Offsets {
  private readonly committed = new OffsetMap()
  /** By producer id. */
  private readonly pending = new Map<number, OffsetMap>()

  /** By topic and partition. */
  of(groupId: string): OffsetsOfGroup {
    return this.committed.groups.get(groupId) ?? NONE
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.committed.get(groupId, topic, partition)
  }

  /** Whether a transaction that has not ended holds an offset for the partition. */
  isPending(groupId: string, topic: string, partition: number): boolean {
    for (const offsets of this.pending.values()) if (offsets.get(groupId, topic, partition)) return true
    return false
  }

  hasPending(groupId: string): boolean {
    for (const offsets of this.pending.values()) if (offsets.groups.has(groupId)) return true
    return false
  }

  /** Every partition that has an offset, committed or waiting, each once. */
  *partitionsOf(groupId: string): Iterable<{ readonly topic: string; readonly partition: number }> {
    const seen = new OffsetMap()
    for (const offsets of [this.committed, ...this.pending.values()]) {
      for (const [topic, partitions] of offsets.groups.get(groupId) ?? NONE) {
        for (const [partition, value] of partitions) {
          if (seen.get(groupId, topic, partition)) continue
          seen.set(groupId, topic, partition, value)
          yield { topic, partition }
        }
      }
    }
  }

  /** Ids of the groups that have an offset for one of the topics, committed or waiting. */
  groupsWith(topics: ReadonlySet<string>): ReadonlySet<string> {
    const found = new Set<string>()
    for (const offsets of [this.committed, ...this.pending.values()]) {
      for (const [groupId, byTopic] of offsets.groups) {
        for (const topic of byTopic.keys()) if (topics.has(topic)) found.add(groupId)
      }
    }
    return found
  }

  apply(change: OffsetChange, recordOffset: number): void {
    const { groupId, topic, partition, committed, producer } = change
    if (committed === null) {
      this.committed.delete(groupId, topic, partition)
      for (const offsets of this.pending.values()) offsets.delete(groupId, topic, partition)
    } else if (producer === null) {
      this.committed.set(groupId, topic, partition, { ...committed, recordOffset })
    } else {
      let offsets = this.pending.get(producer.id)
      if (!offsets) this.pending.set(producer.id, (offsets = new OffsetMap()))
      offsets.set(groupId, topic, partition, { ...committed, recordOffset })
    }
  }

  endTransaction(producerId: number, outcome: 'commit' | 'abort'): void {
    const ended = this.pending.get(producerId)
    this.pending.delete(producerId)
    if (!ended || outcome === 'abort') return
    for (const [groupId, topics] of ended.groups) {
      for (const [topic, partitions] of topics) {
        for (const [partition, value] of partitions) {
          const present = this.committed.get(groupId, topic, partition)
          if (!present || value.recordOffset > present.recordOffset) {
            this.committed.set(groupId, topic, partition, value)
          }
        }
      }
    }
  }
}
