/**
 * A group of the new protocol (KIP-848), as the log keeps it. The broker decides who gets what and drives each member
 * there by its heartbeats:
 *
 *   group epoch       rises with every change of who is subscribed to what
 *   assignment epoch  the group epoch that the target assignment was made for
 *   member epoch      the assignment epoch that the member has come to: it holds its target, or all of it that is free
 *
 * A partition is held by one member at a time: it is given on only when the one before has confirmed to have let go.
 * The group's state follows from the epochs:
 *   Empty      nobody is in it
 *   Assigning  the target is older than the group epoch
 *   Reconciling  some member is not at its target yet
 *   Stable     all are
 */
import type { Assignment, EpochAssignment } from './assignment.js'
import { NOTHING_ASSIGNED } from './assignment.js'

export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

/** What a member has said of itself. */
export interface MemberMetadata {
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  /** With a slash before it, as Java prints addresses. */
  readonly clientHost: string
  readonly subscribedTopicNames: readonly string[]
  /** Empty: none. */
  readonly subscribedTopicRegex: string
  readonly rebalanceTimeoutMs: number
  /** null: the broker chooses. */
  readonly serverAssignor: string | null
  /** Set: the member speaks the classic protocol. */
  readonly classic: ClassicMember | null
}

export interface ClassicMember {
  readonly sessionTimeoutMs: number
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[]
}

/**
 * Stable: at the target · UnrevokedPartitions: has to let go of some partitions first · UnreleasedPartitions: waits for
 * partitions that others still hold · Unknown: written by a newer version.
 */
export type MemberState = 'Stable' | 'UnrevokedPartitions' | 'UnreleasedPartitions' | 'Unknown'

/** What a member has. */
export interface CurrentAssignment {
  readonly state: MemberState
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly assigned: EpochAssignment
  /** Not given to others before the member has confirmed to have let go. */
  readonly pendingRevocation: EpochAssignment
}

export interface Member extends MemberMetadata, CurrentAssignment {
  readonly memberId: string
}

export interface ResolvedRegex {
  readonly topics: readonly string[]
  /** Offset in the metadata log that the topics were looked up at. */
  readonly version: number
  readonly timestampMs: number
}

/** Epochs by which members say that they leave; a static member that will be back keeps its place under the latter. */
export const LEAVE_EPOCH = -1
export const LEAVE_STATIC_EPOCH = -2

/** A member that has nothing yet. */
export const NEW_MEMBER: CurrentAssignment = {
  state: 'Stable',
  memberEpoch: 0,
  previousMemberEpoch: 0,
  assigned: NOTHING_ASSIGNED,
  pendingRevocation: NOTHING_ASSIGNED,
}

const NOT_SAID: MemberMetadata = {
  instanceId: null,
  rackId: null,
  clientId: '',
  clientHost: '',
  subscribedTopicNames: [],
  subscribedTopicRegex: '',
  rebalanceTimeoutMs: -1,
  serverAssignor: null,
  classic: null,
}

export class ConsumerGroup {
  readonly kind = 'consumer'
  /** Begins at 1, as Kafka's do since 4.3: the first member comes to 2. */
  epoch = 1
  metadataHash = 0
  assignmentEpoch = 1
  /** When the target was made; 0 = never. */
  assignmentTimestampMs = 0
  readonly members = new Map<string, Member>()
  readonly targets = new Map<string, Assignment>()
  readonly regexes = new Map<string, ResolvedRegex>()
  private readonly memberByInstance = new Map<string, string>()
  /** Epoch of the member that holds a partition, by topic id and partition. */
  private readonly holders = new Map<string, Map<number, number>>()

  constructor(readonly groupId: string) {}

  get stateName(): ConsumerGroupState {
    if (this.members.size === 0) return 'Empty'
    if (this.epoch > this.assignmentEpoch) return 'Assigning'
    for (const member of this.members.values()) if (!isReconciled(member, this.assignmentEpoch)) return 'Reconciling'
    return 'Stable'
  }

  get isEmpty(): boolean {
    return this.members.size === 0
  }

  get protocolType(): string {
    return 'consumer'
  }

  staticMember(instanceId: string): Member | undefined {
    const memberId = this.memberByInstance.get(instanceId)
    return memberId === undefined ? undefined : this.members.get(memberId)
  }

  /** The target of a member, or of the one whose place it takes. */
  targetOf(memberId: string, instanceId: string | null): Assignment {
    const own = this.targets.get(memberId)
    if (own || instanceId === null) return own ?? NOTHING_ASSIGNED
    return this.targets.get(this.memberByInstance.get(instanceId) ?? '') ?? NOTHING_ASSIGNED
  }

  /** Whether nobody holds the partition. */
  isFree(topicId: string, partition: number): boolean {
    return this.holders.get(topicId)?.get(partition) === undefined
  }

  setMetadata(memberId: string, metadata: MemberMetadata): void {
    const present = this.members.get(memberId)
    if (present && present.instanceId !== null && present.instanceId !== metadata.instanceId) {
      this.memberByInstance.delete(present.instanceId)
    }
    if (metadata.instanceId !== null) this.memberByInstance.set(metadata.instanceId, memberId)
    this.members.set(memberId, { ...NEW_MEMBER, ...present, ...metadata, memberId })
  }

  setCurrent(memberId: string, current: CurrentAssignment): void {
    const present = this.members.get(memberId) ?? { ...NEW_MEMBER, ...NOT_SAID, memberId }
    this.release(present)
    const member = { ...present, ...current }
    this.members.set(memberId, member)
    this.hold(member)
  }

  removeMember(memberId: string): void {
    const member = this.members.get(memberId)
    if (!member) return
    this.release(member)
    this.members.delete(memberId)
    if (member.instanceId !== null && this.memberByInstance.get(member.instanceId) === memberId) {
      this.memberByInstance.delete(member.instanceId)
    }
  }

  private hold(member: Member): void {
    for (const assignment of [member.assigned, member.pendingRevocation]) {
      for (const [topicId, partitions] of assignment) {
        let held = this.holders.get(topicId)
        if (!held) this.holders.set(topicId, (held = new Map()))
        for (const partition of partitions.keys()) held.set(partition, member.memberEpoch)
      }
    }
  }

  private release(member: Member): void {
    for (const assignment of [member.assigned, member.pendingRevocation]) {
      for (const [topicId, partitions] of assignment) {
        const held = this.holders.get(topicId)
        if (!held) continue
        // another member may hold it by now, with a later epoch
        for (const partition of partitions.keys()) {
          if (held.get(partition) === member.memberEpoch) held.delete(partition)
        }
        if (held.size === 0) this.holders.delete(topicId)
      }
    }
  }
}

export function isReconciled(member: Member, assignmentEpoch: number): boolean {
  return member.state === 'Stable' && member.memberEpoch === assignmentEpoch
}
