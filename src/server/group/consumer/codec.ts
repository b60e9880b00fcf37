/** Events of groups of the new protocol as records of `__consumer_offsets`, by the type of their key. */
import type { Reader } from '../../../base/bytes.js'
import {
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
  encodeCoordinatorKey,
  encodeCoordinatorValue,
  openCoordinatorValue,
} from '../../../protocol/stored/index.js'
import type { Draft, Message, Shape } from '../../../protocol/schema/index.js'
import { assignmentOf, listed, type EpochAssignment } from './assignment.js'
import type { CurrentAssignment, MemberMetadata, MemberState } from './consumer-group.js'
import type { ConsumerGroupEvent } from './events.js'

const KEY_TYPE = { group: 3, member: 5, target: 6, targetMember: 7, current: 8, regex: 16 } as const

const STATE_NUMBERS: Readonly<Record<MemberState, number>> = {
  Stable: 0,
  UnrevokedPartitions: 1,
  UnreleasedPartitions: 2,
  Unknown: 127,
}

interface Written {
  readonly key: Buffer
  readonly value: Buffer | null
}

export function writeConsumerEvent(event: ConsumerGroupEvent): Written {
  const { groupId } = event
  switch (event.type) {
    case 'consumer-group':
      return {
        key: encodeCoordinatorKey(KEY_TYPE.group, consumerGroupMetadataKey, { groupId }),
        value: event.group && value(consumerGroupMetadataValue, event.group),
      }
    case 'consumer-member':
      return {
        key: encodeCoordinatorKey(KEY_TYPE.member, consumerGroupMemberMetadataKey, {
          groupId,
          memberId: event.memberId,
        }),
        value: event.metadata && writeMember(event.metadata),
      }
    case 'consumer-target': {
      const { target } = event
      const stored = target && { assignmentEpoch: target.epoch, assignmentTimestamp: target.timestampMs }
      return {
        key: encodeCoordinatorKey(KEY_TYPE.target, consumerGroupTargetAssignmentMetadataKey, { groupId }),
        value: stored && value(consumerGroupTargetAssignmentMetadataValue, stored),
      }
    }
    case 'consumer-target-member': {
      const { memberId, assignment } = event
      const stored = assignment && { topicPartitions: listed(assignment) }
      return {
        key: encodeCoordinatorKey(KEY_TYPE.targetMember, consumerGroupTargetAssignmentMemberKey, { groupId, memberId }),
        value: stored && value(consumerGroupTargetAssignmentMemberValue, stored),
      }
    }
    case 'consumer-current': {
      const { memberId, current } = event
      return {
        key: encodeCoordinatorKey(KEY_TYPE.current, consumerGroupCurrentMemberAssignmentKey, { groupId, memberId }),
        value: current && writeCurrent(current),
      }
    }
    case 'consumer-regex': {
      const { regex, resolved } = event
      const stored = resolved && {
        topics: resolved.topics,
        version: resolved.version,
        timestamp: resolved.timestampMs,
      }
      return {
        key: encodeCoordinatorKey(KEY_TYPE.regex, consumerGroupRegularExpressionKey, {
          groupId,
          regularExpression: regex,
        }),
        value: stored && value(consumerGroupRegularExpressionValue, stored),
      }
    }
  }
}

/** undefined: a type that is none of a consumer group's, or that is not used any more. */
export function readConsumerEvent(type: number, key: Reader, stored: Buffer | null): ConsumerGroupEvent | undefined {
  switch (type) {
    case KEY_TYPE.group: {
      const { groupId } = consumerGroupMetadataKey.read(key, 0)
      return { type: 'consumer-group', groupId, group: stored && read(consumerGroupMetadataValue, stored) }
    }
    case KEY_TYPE.member:
      return {
        type: 'consumer-member',
        ...consumerGroupMemberMetadataKey.read(key, 0),
        metadata: stored && readMember(stored),
      }
    case KEY_TYPE.target: {
      const { groupId } = consumerGroupTargetAssignmentMetadataKey.read(key, 0)
      const found = stored && read(consumerGroupTargetAssignmentMetadataValue, stored)
      const target = found && { epoch: found.assignmentEpoch, timestampMs: found.assignmentTimestamp }
      return { type: 'consumer-target', groupId, target }
    }
    case KEY_TYPE.targetMember: {
      const found = stored && read(consumerGroupTargetAssignmentMemberValue, stored)
      const assignment = found && assignmentOf(found.topicPartitions)
      return { type: 'consumer-target-member', ...consumerGroupTargetAssignmentMemberKey.read(key, 0), assignment }
    }
    case KEY_TYPE.current:
      return {
        type: 'consumer-current',
        ...consumerGroupCurrentMemberAssignmentKey.read(key, 0),
        current: stored && readCurrent(stored),
      }
    case KEY_TYPE.regex: {
      const { groupId, regularExpression } = consumerGroupRegularExpressionKey.read(key, 0)
      const found = stored && read(consumerGroupRegularExpressionValue, stored)
      const resolved = found && { topics: found.topics, version: found.version, timestampMs: found.timestamp }
      return { type: 'consumer-regex', groupId, regex: regularExpression, resolved }
    }
    default:
      return undefined
  }
}

function value<S extends Shape>(message: Message<S>, draft: Draft<S>): Buffer {
  return encodeCoordinatorValue(message, draft, message.versions[1])
}

function read<S extends Shape>(message: Message<S>, stored: Buffer): ReturnType<Message<S>['read']> {
  const { version, body } = openCoordinatorValue(stored)
  return message.read(body, version) as ReturnType<Message<S>['read']>
}

function writeMember({ classic, ...metadata }: MemberMetadata): Buffer {
  return value(consumerGroupMemberMetadataValue, {
    ...metadata,
    classicMemberMetadata: classic && {
      sessionTimeoutMs: classic.sessionTimeoutMs,
      supportedProtocols: classic.protocols,
    },
  })
}

function readMember(stored: Buffer): MemberMetadata {
  const { classicMemberMetadata: classic, ...written } = read(consumerGroupMemberMetadataValue, stored)
  const metadata = { ...written, subscribedTopicRegex: written.subscribedTopicRegex ?? '' }
  // a struct without protocols is Kafka's default, written by nobody
  if (!classic || classic.supportedProtocols.length === 0) return { ...metadata, classic: null }
  const protocols = classic.supportedProtocols.map((protocol) => ({
    name: protocol.name,
    // a copy: what is read is a view on a chunk of the log
    metadata: Buffer.from(protocol.metadata),
  }))
  return { ...metadata, classic: { sessionTimeoutMs: classic.sessionTimeoutMs, protocols } }
}

function writeCurrent(current: CurrentAssignment): Buffer {
  return value(consumerGroupCurrentMemberAssignmentValue, {
    memberEpoch: current.memberEpoch,
    previousMemberEpoch: current.previousMemberEpoch,
    state: STATE_NUMBERS[current.state],
    assignedPartitions: withEpochs(current.assigned),
    partitionsPendingRevocation: withEpochs(current.pendingRevocation),
  })
}

interface StoredPartitions {
  readonly topicId: string
  readonly partitions: readonly number[]
  readonly assignmentEpochs: readonly number[] | null
}

function withEpochs(assignment: EpochAssignment): StoredPartitions[] {
  return [...assignment].map(([topicId, partitions]) => ({
    topicId,
    partitions: [...partitions.keys()],
    assignmentEpochs: [...partitions.values()],
  }))
}

function readCurrent(stored: Buffer): CurrentAssignment {
  const found = read(consumerGroupCurrentMemberAssignmentValue, stored)
  const { memberEpoch, previousMemberEpoch } = found
  const states = Object.keys(STATE_NUMBERS) as MemberState[]
  // Kafka before 4.2 wrote no epochs: the member's own is as good as any
  const epochs = (list: readonly StoredPartitions[]): EpochAssignment =>
    new Map(
      list.map(({ topicId, partitions, assignmentEpochs }) => [
        topicId,
        new Map(partitions.map((partition, i) => [partition, assignmentEpochs?.[i] ?? memberEpoch])),
      ]),
    )
  return {
    state: states.find((state) => STATE_NUMBERS[state] === found.state) ?? 'Unknown',
    memberEpoch,
    previousMemberEpoch,
    assigned: epochs(found.assignedPartitions),
    pendingRevocation: epochs(found.partitionsPendingRevocation),
  }
}
