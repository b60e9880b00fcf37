/** What a group of the new protocol is made of in the log: one record an event, and how each changes the group. */
import type { Assignment } from './assignment.js'
import {
  LEAVE_EPOCH,
  NEW_MEMBER,
  type ConsumerGroup,
  type CurrentAssignment,
  type MemberMetadata,
  type ResolvedRegex,
} from './consumer-group.js'

/** A change of a group of the new protocol; `null` where the thing is gone. */
export type ConsumerGroupEvent =
  | {
      readonly type: 'consumer-group'
      readonly groupId: string
      readonly group: { readonly epoch: number; readonly metadataHash: number } | null
    }
  | {
      readonly type: 'consumer-member'
      readonly groupId: string
      readonly memberId: string
      readonly metadata: MemberMetadata | null
    }
  | {
      readonly type: 'consumer-target'
      readonly groupId: string
      readonly target: { readonly epoch: number; readonly timestampMs: number } | null
    }
  | {
      readonly type: 'consumer-target-member'
      readonly groupId: string
      readonly memberId: string
      readonly assignment: Assignment | null
    }
  | {
      readonly type: 'consumer-current'
      readonly groupId: string
      readonly memberId: string
      readonly current: CurrentAssignment | null
    }
  | {
      readonly type: 'consumer-regex'
      readonly groupId: string
      readonly regex: string
      readonly resolved: ResolvedRegex | null
    }

export function isTombstone(event: ConsumerGroupEvent): boolean {
  switch (event.type) {
    case 'consumer-group':
      return event.group === null
    case 'consumer-member':
      return event.metadata === null
    case 'consumer-target':
      return event.target === null
    case 'consumer-target-member':
      return event.assignment === null
    case 'consumer-current':
      return event.current === null
    case 'consumer-regex':
      return event.resolved === null
  }
}

export function applyToConsumerGroup(group: ConsumerGroup, event: ConsumerGroupEvent): void {
  switch (event.type) {
    case 'consumer-group':
      group.epoch = event.group!.epoch
      group.metadataHash = event.group!.metadataHash
      return
    case 'consumer-member':
      if (event.metadata === null) group.removeMember(event.memberId)
      else group.setMetadata(event.memberId, event.metadata)
      return
    case 'consumer-target':
      group.assignmentEpoch = event.target?.epoch ?? 0
      group.assignmentTimestampMs = event.target?.timestampMs ?? 0
      return
    case 'consumer-target-member':
      if (event.assignment === null) group.targets.delete(event.memberId)
      else group.targets.set(event.memberId, event.assignment)
      return
    case 'consumer-current':
      if (event.current !== null) group.setCurrent(event.memberId, event.current)
      // the member itself goes with its metadata
      else if (group.members.has(event.memberId))
        group.setCurrent(event.memberId, { ...NEW_MEMBER, memberEpoch: LEAVE_EPOCH })
      return
    case 'consumer-regex':
      if (event.resolved === null) group.regexes.delete(event.regex)
      else group.regexes.set(event.regex, event.resolved)
  }
}
