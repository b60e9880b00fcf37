/**
 * What a group coordinator stores in `__consumer_offsets`: offsets (0, 1), classic groups (2), consumer groups of KIP-848
 * (3 to 8, 16). The number is the type that stands before the key; see coordinator-record.ts.
 */
import { array, arrayOf, bytes, int32, int64, int8, record, string, struct, uuid } from '../schema/index.js'

export const offsetCommitKey = record({
  name: 'OffsetCommitKey',
  versions: [0, 0],
  fields: { group: string, topic: string, partition: int32 },
})

export const offsetCommitValue = record({
  name: 'OffsetCommitValue',
  versions: [0, 4],
  flexible: 4,
  fields: {
    offset: int64,
    leaderEpoch: int32.since(3).default(-1).ignorable(),
    metadata: string,
    commitTimestamp: int64,
    expireTimestamp: int64.since(1).until(1).default(-1).ignorable(),
    topicId: uuid.since(4).tagged(0).ignorable(),
  },
})

export const groupMetadataKey = record({ name: 'GroupMetadataKey', versions: [0, 0], fields: { group: string } })

const memberMetadata = {
  memberId: string,
  groupInstanceId: string.since(3).nullable().default(null).ignorable(),
  clientId: string,
  clientHost: string,
  rebalanceTimeout: int32.since(1).default(-1).ignorable(),
  sessionTimeout: int32,
  subscription: bytes,
  assignment: bytes,
}

export const groupMetadataValue = record({
  name: 'GroupMetadataValue',
  versions: [0, 4],
  flexible: 4,
  fields: {
    protocolType: string,
    generation: int32,
    protocol: string.nullable(),
    leader: string.nullable(),
    currentStateTimestamp: int64.since(2).default(-1).ignorable(),
    members: arrayOf(memberMetadata),
  },
})

export const consumerGroupMetadataKey = record({
  name: 'ConsumerGroupMetadataKey',
  versions: [0, 0],
  fields: { groupId: string },
})

export const consumerGroupMetadataValue = record({
  name: 'ConsumerGroupMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: { epoch: int32, metadataHash: int64.tagged(0) },
})

export const consumerGroupPartitionMetadataKey = record({
  name: 'ConsumerGroupPartitionMetadataKey',
  versions: [0, 0],
  fields: { groupId: string },
})

export const consumerGroupPartitionMetadataValue = record({
  name: 'ConsumerGroupPartitionMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    topics: arrayOf({
      topicId: uuid,
      topicName: string,
      numPartitions: int32,
      partitionMetadata: arrayOf({ partition: int32, racks: array(string) }),
    }),
  },
})

export const consumerGroupMemberMetadataKey = record({
  name: 'ConsumerGroupMemberMetadataKey',
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const consumerGroupMemberMetadataValue = record({
  name: 'ConsumerGroupMemberMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    instanceId: string.nullable(),
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
    subscribedTopicRegex: string.nullable(),
    rebalanceTimeoutMs: int32.default(-1),
    serverAssignor: string.nullable(),
    // Left out, it is an empty struct to Kafka, not null: a member of the new protocol is written with null.
    classicMemberMetadata: struct({
      sessionTimeoutMs: int32,
      supportedProtocols: arrayOf({ name: string, metadata: bytes }),
    })
      .nullable()
      .tagged(0),
  },
})

export const consumerGroupTargetAssignmentMetadataKey = record({
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  fields: { groupId: string },
})

export const consumerGroupTargetAssignmentMetadataValue = record({
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: { assignmentEpoch: int32, assignmentTimestamp: int64.tagged(0).ignorable() },
})

export const consumerGroupTargetAssignmentMemberKey = record({
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const consumerGroupTargetAssignmentMemberValue = record({
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexible: 0,
  fields: { topicPartitions: arrayOf({ topicId: uuid, partitions: array(int32) }) },
})

export const consumerGroupCurrentMemberAssignmentKey = record({
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

const topicPartitions = {
  topicId: uuid,
  partitions: array(int32),
  assignmentEpochs: array(int32).nullable().tagged(0),
}

export const consumerGroupCurrentMemberAssignmentValue = record({
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: arrayOf(topicPartitions),
    partitionsPendingRevocation: arrayOf(topicPartitions),
  },
})

export const consumerGroupRegularExpressionKey = record({
  name: 'ConsumerGroupRegularExpressionKey',
  versions: [0, 0],
  fields: { groupId: string, regularExpression: string },
})

export const consumerGroupRegularExpressionValue = record({
  name: 'ConsumerGroupRegularExpressionValue',
  versions: [0, 0],
  flexible: 0,
  fields: { topics: array(string), version: int64, timestamp: int64 },
})
