/**
 * Group events as records of `__consumer_offsets`, in the versions that Kafka 4.3 writes: OffsetCommitValue 4 (1 when the
 * member asked for a retention time of its own), GroupMetadataValue 3.
 *
 * Every older version is read. Records of kinds that are not known here (share and streams groups) are passed over; they
 * stay in the log.
 */
import {
  encodeCoordinatorKey,
  encodeCoordinatorValue,
  groupMetadataKey,
  groupMetadataValue,
  offsetCommitKey,
  offsetCommitValue,
  openCoordinatorKey,
  openCoordinatorValue,
} from '../../protocol/stored/index.js'
import type { EventCodec, EventRecord } from '../machine/partition-event-log.js'
import { readConsumerEvent, writeConsumerEvent } from './consumer/codec.js'
import type { ClassicGroupMetadata, GroupEvent } from './events.js'

const KEY_TYPE = { legacyOffset: 0, offset: 1, classicGroup: 2 } as const

const CLASSIC_GROUP_VERSION = 3
const OFFSET_VERSION = 4
const OFFSET_VERSION_WITH_EXPIRY = 1

export const groupEventCodec: EventCodec<GroupEvent> = { write, read }

function write(event: GroupEvent): EventRecord {
  switch (event.type) {
    case 'classic-group':
      return {
        kind: 'data',
        producer: null,
        key: encodeCoordinatorKey(KEY_TYPE.classicGroup, groupMetadataKey, { group: event.groupId }),
        value: event.metadata && writeClassicGroup(event.metadata),
      }
    case 'offset': {
      const { groupId, topic, partition, committed, producer } = event
      const version = committed && committed.expireTimestampMs >= 0 ? OFFSET_VERSION_WITH_EXPIRY : OFFSET_VERSION
      return {
        kind: 'data',
        producer,
        key: encodeCoordinatorKey(KEY_TYPE.offset, offsetCommitKey, { group: groupId, topic, partition }),
        value:
          committed &&
          encodeCoordinatorValue(
            offsetCommitValue,
            {
              offset: committed.offset,
              leaderEpoch: committed.leaderEpoch,
              metadata: committed.metadata,
              commitTimestamp: committed.commitTimestampMs,
              expireTimestamp: committed.expireTimestampMs,
              topicId: committed.topicId,
            },
            version,
          ),
      }
    }
    case 'transaction-end':
      return { kind: 'end-marker', ...event }
    default:
      return { kind: 'data', producer: null, ...writeConsumerEvent(event) }
  }
}

function writeClassicGroup(metadata: ClassicGroupMetadata): Buffer {
  return encodeCoordinatorValue(
    groupMetadataValue,
    {
      protocolType: metadata.protocolType,
      generation: metadata.generation,
      protocol: metadata.protocolName,
      leader: metadata.leader,
      currentStateTimestamp: metadata.stateTimestampMs,
      members: metadata.members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeout: member.rebalanceTimeoutMs,
        sessionTimeout: member.sessionTimeoutMs,
        subscription: member.subscription,
        assignment: member.assignment,
      })),
    },
    CLASSIC_GROUP_VERSION,
  )
}

function read(record: EventRecord): GroupEvent | undefined {
  if (record.kind === 'end-marker') {
    const { producer, coordinatorEpoch, outcome } = record
    return { type: 'transaction-end', producer, coordinatorEpoch, outcome }
  }
  const { type, body } = openCoordinatorKey(record.key)
  switch (type) {
    case KEY_TYPE.legacyOffset:
    case KEY_TYPE.offset: {
      const { group, topic, partition } = offsetCommitKey.read(body, 0)
      const committed = record.value && readOffset(record.value)
      return { type: 'offset', groupId: group, topic, partition, committed, producer: record.producer }
    }
    case KEY_TYPE.classicGroup: {
      const { group } = groupMetadataKey.read(body, 0)
      return { type: 'classic-group', groupId: group, metadata: record.value && readClassicGroup(record.value) }
    }
    default:
      return readConsumerEvent(type, body, record.value)
  }
}

function readOffset(value: Buffer): Extract<GroupEvent, { type: 'offset' }>['committed'] {
  const { version, body } = openCoordinatorValue(value)
  const stored = offsetCommitValue.read(body, version)
  return {
    offset: stored.offset,
    leaderEpoch: stored.leaderEpoch,
    metadata: stored.metadata,
    commitTimestampMs: stored.commitTimestamp,
    expireTimestampMs: stored.expireTimestamp,
    topicId: stored.topicId,
  }
}

function readClassicGroup(value: Buffer): ClassicGroupMetadata {
  const { version, body } = openCoordinatorValue(value)
  const stored = groupMetadataValue.read(body, version)
  return {
    kind: 'classic',
    protocolType: stored.protocolType,
    generation: stored.generation,
    protocolName: stored.protocol,
    leader: stored.leader,
    stateTimestampMs: stored.currentStateTimestamp,
    members: stored.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      // copies: what is read is a view on a chunk of the log
      subscription: Buffer.from(member.subscription),
      assignment: Buffer.from(member.assignment),
    })),
  }
}
