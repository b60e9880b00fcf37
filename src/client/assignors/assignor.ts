/**
 * Partition assignment as the leader of a classic consumer group computes it: pure, and with the results of Kafka's Java
 * assignors of the same name, so that members in several languages can share a group.
 */
import type { TopicPartition } from '../../model/index.js'
import type { ReplicaRacks } from './racks.js'

export interface GroupMember {
  readonly memberId: string
  /** A static member's id (KIP-345); these come first in Java's order. */
  readonly groupInstanceId?: string | undefined
  readonly topics: readonly string[]
  /** Where it runs (`client.rack`); undefined: it does not tell. */
  readonly rackId?: string | undefined
  /** What it had up to now, as it says (KIP-429). */
  readonly owned?: readonly TopicPartition[] | undefined
  /** The generation that `owned` is from (KIP-792); -1: not told. */
  readonly generation?: number | undefined
  /** What the member's own assignor of this name wrote. */
  readonly userData?: Buffer | null | undefined
}

export interface Assignor {
  /** The name offered in JoinGroup; members of a group agree on one by it. */
  readonly name: string
  /** Members keep what they have while the group rebalances; so an assignment never gives away what another still has. */
  readonly cooperative?: boolean | undefined
  /** What a member says to the leader's assignor beside its subscription. */
  userData?(owned: readonly TopicPartition[], generation: number): Buffer | null
  /**
   * Every member has an entry, if only an empty one. A topic of unknown size (0 partitions) is skipped. Without
   * `replicaRacks`, racks count for nothing.
   */
  assign(
    members: readonly GroupMember[],
    partitionCount: (topic: string) => number,
    replicaRacks?: ReplicaRacks,
  ): ReadonlyMap<string, readonly TopicPartition[]>
}

/** Java's `AbstractPartitionAssignor.MemberInfo` order: static members by instance id, then the others by member id. */
export function sortedMembers(members: readonly GroupMember[]): GroupMember[] {
  return [...members].sort((a, b) => {
    if (a.groupInstanceId !== undefined && b.groupInstanceId !== undefined) {
      return compare(a.groupInstanceId, b.groupInstanceId)
    }
    if (a.groupInstanceId !== undefined) return -1
    if (b.groupInstanceId !== undefined) return 1
    return compare(a.memberId, b.memberId)
  })
}

/** Every topic that some member subscribes to, in Java's (UTF-16) order. */
export function sortedTopics(members: readonly GroupMember[]): string[] {
  return [...new Set(members.flatMap((member) => member.topics))].sort(compare)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
