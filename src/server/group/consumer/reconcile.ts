/**
 * How a member is brought to its target: first it lets go of what it should not have, and confirms it; then it comes to
 * the target's epoch and is given what is free; what others still hold comes when they have let go of it.
 *
 *   Stable ──target changed──▶ UnrevokedPartitions ──confirmed──▶ UnreleasedPartitions ──all free──▶ Stable
 *      └──nothing to give up──────────────────────────────────────────▲
 */
import { holdsAny, type Assignment, type EpochAssignment } from './assignment.js'
import { isReconciled, type CurrentAssignment, type Member, type MemberState } from './consumer-group.js'

export interface Target {
  readonly epoch: number
  readonly assignment: Assignment
  /** Whether nobody holds a partition. */
  readonly isFree: (topicId: string, partition: number) => boolean
  /** Ids of the topics that the member is subscribed to now, when that has just changed; undefined: it has not. */
  readonly subscribed: ReadonlySet<string> | undefined
}

/** What the member reports to hold; null: it does not say. */
export type Owned = readonly { readonly topicId: string; readonly partitions: readonly number[] }[] | null

/** Thrown where a member of a newer version's state must begin anew. */
export class MustRejoin extends Error {
  override readonly name = 'MustRejoin'
}

/** The member's next assignment; the same object when nothing changes. */
export function reconcile(member: Member, target: Target, owned: Owned): CurrentAssignment {
  const { memberEpoch, assigned } = member
  switch (member.state) {
    case 'Stable':
      if (!isReconciled(member, target.epoch)) return next(member, memberEpoch, assigned, target, owned)
      return withoutUnsubscribed(member, target, owned)
    case 'UnrevokedPartitions':
      if (owns(member.pendingRevocation, owned)) return withoutUnsubscribed(member, target, owned)
      return next(member, memberEpoch + 1, assigned, target, owned)
    case 'UnreleasedPartitions':
      return next(member, memberEpoch, assigned, target, owned)
    case 'Unknown':
      if (owned === null || owned.length > 0) throw new MustRejoin('the member is in a state that is not known here')
      return next(member, target.epoch, assigned, target, owned)
  }
}

/** A member that does not say what it holds may still hold all of it. */
function owns(assignment: EpochAssignment, owned: Owned): boolean {
  return owned === null || holdsAny(assignment, owned)
}

/** What it is not subscribed to any more is taken from a member at once, whether or not the target is up to date. */
function withoutUnsubscribed(member: Member, { subscribed }: Target, owned: Owned): CurrentAssignment {
  if (!subscribed) return member
  const lost = filter(member.assigned, (topicId) => !subscribed.has(topicId))
  if (lost.size === 0) return member
  const assigned = filter(member.assigned, (topicId) => subscribed.has(topicId))
  if (!owns(lost, owned)) return { ...member, assigned }
  const pendingRevocation = new Map([...member.pendingRevocation, ...lost])
  return { ...member, state: 'UnrevokedPartitions', assigned, pendingRevocation }
}

function next(
  member: Member,
  memberEpoch: number,
  current: EpochAssignment,
  target: Target,
  owned: Owned,
): CurrentAssignment {
  const wanted = target.subscribed
    ? filter(target.assignment, (topicId) => target.subscribed!.has(topicId))
    : target.assignment
  const kept = partitionsOf(current, (topicId, partition) => wanted.get(topicId)?.has(partition) ?? false)
  const lost = partitionsOf(current, (topicId, partition) => !(wanted.get(topicId)?.has(partition) ?? false))
  if (lost.size > 0 && owns(lost, owned)) {
    return moved(member, 'UnrevokedPartitions', memberEpoch, kept, lost)
  }
  const assigned = new Map([...kept].map(([topicId, partitions]) => [topicId, new Map(partitions)]))
  let waits = false
  for (const [topicId, partitions] of wanted) {
    for (const partition of partitions) {
      if (kept.get(topicId)?.has(partition)) continue
      // what the member has let go of in this very call counts as its own
      if (!target.isFree(topicId, partition) && !holdsOne(member, topicId, partition)) {
        waits = true
        continue
      }
      let given = assigned.get(topicId)
      if (!given) assigned.set(topicId, (given = new Map()))
      given.set(partition, target.epoch)
    }
  }
  return moved(member, waits ? 'UnreleasedPartitions' : 'Stable', target.epoch, assigned, new Map())
}

function holdsOne(member: Member, topicId: string, partition: number): boolean {
  return (
    (member.assigned.get(topicId)?.has(partition) ?? false) ||
    (member.pendingRevocation.get(topicId)?.has(partition) ?? false)
  )
}

function moved(
  member: Member,
  state: MemberState,
  memberEpoch: number,
  assigned: EpochAssignment,
  pendingRevocation: EpochAssignment,
): CurrentAssignment {
  const previousMemberEpoch = member.memberEpoch === memberEpoch ? member.previousMemberEpoch : member.memberEpoch
  return { state, memberEpoch, previousMemberEpoch, assigned, pendingRevocation }
}

function filter<T>(assignment: ReadonlyMap<string, T>, keep: (topicId: string) => boolean): Map<string, T> {
  return new Map([...assignment].filter(([topicId]) => keep(topicId)))
}

function partitionsOf(
  assignment: EpochAssignment,
  keep: (topicId: string, partition: number) => boolean,
): Map<string, ReadonlyMap<number, number>> {
  const out = new Map<string, ReadonlyMap<number, number>>()
  for (const [topicId, partitions] of assignment) {
    const kept = new Map([...partitions].filter(([partition]) => keep(topicId, partition)))
    if (kept.size > 0) out.set(topicId, kept)
  }
  return out
}
