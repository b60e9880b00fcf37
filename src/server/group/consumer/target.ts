/** The target of a group: made anew when the group's epoch has risen, though not more often than its interval allows. */
import { NOTHING_ASSIGNED, sameAssignment, type Assignment } from './assignment.js'
import { rangeAssignor } from './assignors/range.js'
import { uniformAssignor } from './assignors/uniform.js'
import type { Assignor } from './assignors/assignor.js'
import type { Member } from './consumer-group.js'
import type { ConsumerDecision } from './decision.js'
import { subscribedIds } from './subscription.js'

const assignors: ReadonlyMap<string, Assignor> = new Map(
  [uniformAssignor, rangeAssignor].map((assignor) => [assignor.name, assignor]),
)

export const assignorNames: readonly string[] = [...assignors.keys()]

export interface MadeTarget {
  readonly epoch: number
  readonly assignment: Assignment
}

/** Makes the target if it is due, and gives the member's part of what counts then. `replaced`: whose place it takes. */
export function targetFor(decision: ConsumerDecision, member: Member, replaced: string | undefined): MadeTarget {
  const { group, context } = decision
  if (decision.epoch <= group.assignmentEpoch || !isDue(decision)) {
    return { epoch: group.assignmentEpoch, assignment: group.targetOf(member.memberId, member.instanceId) }
  }
  const made = makeTarget(decision, decision.members(member, replaced))
  context.note(`group ${group.groupId} has a target for epoch ${decision.epoch}`)
  return { epoch: decision.epoch, assignment: made.get(member.memberId) ?? NOTHING_ASSIGNED }
}

function isDue({ group, context }: ConsumerDecision): boolean {
  const { assignmentIntervalMs } = context.settings
  const { assignmentTimestampMs } = group
  if (assignmentTimestampMs === 0 || assignmentIntervalMs === 0) return true
  const sinceMs = context.wallMs - assignmentTimestampMs
  // a clock that was set back must not hold the group up
  return sinceMs < 0 || sinceMs >= assignmentIntervalMs
}

export function makeTarget(decision: ConsumerDecision, members: readonly Member[]): ReadonlyMap<string, Assignment> {
  const { group, groupId, context, regexes } = decision
  const { cluster } = context.topics
  const partitions = new Map<string, number>()
  const input = members.map((member) => {
    const subscribed = subscribedIds(member, regexes, context.topics)
    for (const topicId of subscribed) partitions.set(topicId, cluster.topicById(topicId)!.partitions.length)
    const { memberId, instanceId } = member
    return { memberId, instanceId, subscribed, target: group.targetOf(memberId, instanceId) }
  })
  const targets = assignorOf(decision, members).assign({ members: input, partitions })
  for (const [memberId, assignment] of targets) {
    if (sameAssignment(assignment, group.targets.get(memberId) ?? NOTHING_ASSIGNED) && group.targets.has(memberId))
      continue
    decision.add({ type: 'consumer-target-member', groupId, memberId, assignment })
  }
  const target = { epoch: decision.epoch, timestampMs: context.wallMs }
  decision.add({ type: 'consumer-target', groupId, target })
  return targets
}

/** The one that most members ask for, else the broker's first. */
export function assignorOf(
  { context }: ConsumerDecision,
  members: readonly Pick<Member, 'serverAssignor'>[],
): Assignor {
  const [preferred] = context.settings.assignors
  return assignors.get(mostWanted(members) ?? preferred ?? uniformAssignor.name) ?? uniformAssignor
}

export function mostWanted(members: Iterable<Pick<Member, 'serverAssignor'>>): string | undefined {
  const votes = new Map<string, number>()
  for (const { serverAssignor } of members) {
    if (serverAssignor !== null) votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1)
  }
  let found: string | undefined
  for (const [name, count] of votes) if (found === undefined || count > votes.get(found)!) found = name
  return found
}
