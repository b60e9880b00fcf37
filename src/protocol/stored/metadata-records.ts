/**
 * The records of the metadata log `__cluster_metadata`. Their numbers and framing are in
 * server/metadata/events.ts.
 */
import {
  array,
  arrayOf,
  bool,
  bytes,
  float64,
  int16,
  int32,
  int64,
  int8,
  record,
  string,
  uint16,
  uuid,
} from '../schema/index.js'

export const registerBrokerRecord = record({
  name: 'RegisterBrokerRecord',
  versions: [0, 4],
  flexible: 0,
  fields: {
    brokerId: int32,
    isMigratingZkBroker: bool.since(2),
    incarnationId: uuid,
    brokerEpoch: int64,
    endPoints: arrayOf({ name: string, host: string, port: uint16, securityProtocol: int16 }),
    features: arrayOf({ name: string, minSupportedVersion: int16, maxSupportedVersion: int16 }),
    rack: string.nullable(),
    fenced: bool.default(true),
    inControlledShutdown: bool.since(1),
    logDirs: array(uuid).since(3).tagged(0),
    cordonedLogDirs: array(uuid).since(4).nullable().default(null).tagged(1),
  },
})

export const unregisterBrokerRecord = record({
  name: 'UnregisterBrokerRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { brokerId: int32, brokerEpoch: int64 },
})

export const topicRecord = record({
  name: 'TopicRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { name: string, topicId: uuid },
})

export const partitionRecord = record({
  name: 'PartitionRecord',
  versions: [0, 2],
  flexible: 0,
  fields: {
    partitionId: int32.default(-1),
    topicId: uuid,
    replicas: array(int32),
    isr: array(int32),
    removingReplicas: array(int32),
    addingReplicas: array(int32),
    leader: int32.default(-1),
    leaderRecoveryState: int8.tagged(0),
    leaderEpoch: int32.default(-1),
    partitionEpoch: int32.default(-1),
    directories: array(uuid).since(1),
    eligibleLeaderReplicas: array(int32).since(2).nullable().default(null).tagged(1),
    lastKnownElr: array(int32).since(2).nullable().default(null).tagged(2),
  },
})

export const configRecord = record({
  name: 'ConfigRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { resourceType: int8, resourceName: string, name: string, value: string.nullable() },
})

export const partitionChangeRecord = record({
  name: 'PartitionChangeRecord',
  versions: [0, 2],
  flexible: 0,
  fields: {
    partitionId: int32.default(-1),
    topicId: uuid,
    isr: array(int32).nullable().default(null).tagged(0),
    leader: int32.default(-2).tagged(1),
    replicas: array(int32).nullable().default(null).tagged(2),
    removingReplicas: array(int32).nullable().default(null).tagged(3),
    addingReplicas: array(int32).nullable().default(null).tagged(4),
    leaderRecoveryState: int8.default(-1).tagged(5),
    directories: array(uuid).since(1).nullable().default(null).tagged(8),
    eligibleLeaderReplicas: array(int32).since(2).nullable().default(null).tagged(6),
    lastKnownElr: array(int32).since(2).nullable().default(null).tagged(7),
  },
})

export const fenceBrokerRecord = record({
  name: 'FenceBrokerRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { id: int32, epoch: int64 },
})

export const unfenceBrokerRecord = record({
  name: 'UnfenceBrokerRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { id: int32, epoch: int64 },
})

export const removeTopicRecord = record({
  name: 'RemoveTopicRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { topicId: uuid },
})

export const delegationTokenRecord = record({
  name: 'DelegationTokenRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    owner: string,
    requester: string,
    renewers: array(string),
    issueTimestamp: int64,
    maxTimestamp: int64,
    expirationTimestamp: int64,
    tokenId: string,
  },
})

export const userScramCredentialRecord = record({
  name: 'UserScramCredentialRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { name: string, mechanism: int8, salt: bytes, storedKey: bytes, serverKey: bytes, iterations: int32 },
})

export const featureLevelRecord = record({
  name: 'FeatureLevelRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { name: string, featureLevel: int16 },
})

export const clientQuotaRecord = record({
  name: 'ClientQuotaRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    entity: arrayOf({ entityType: string, entityName: string.nullable() }),
    key: string,
    value: float64,
    remove: bool,
  },
})

export const producerIdsRecord = record({
  name: 'ProducerIdsRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { brokerId: int32, brokerEpoch: int64.default(-1), nextProducerId: int64 },
})

export const brokerRegistrationChangeRecord = record({
  name: 'BrokerRegistrationChangeRecord',
  versions: [0, 3],
  flexible: 0,
  fields: {
    brokerId: int32,
    brokerEpoch: int64,
    fenced: int8.tagged(0),
    inControlledShutdown: int8.since(1).tagged(1),
    logDirs: array(uuid).since(2).tagged(2),
    cordonedLogDirs: array(uuid).since(3).nullable().default(null).tagged(3),
  },
})

export const accessControlEntryRecord = record({
  name: 'AccessControlEntryRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    id: uuid,
    resourceType: int8,
    resourceName: string,
    patternType: int8,
    principal: string,
    host: string,
    operation: int8,
    permissionType: int8,
  },
})

export const removeAccessControlEntryRecord = record({
  name: 'RemoveAccessControlEntryRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { id: uuid },
})

export const noOpRecord = record({ name: 'NoOpRecord', versions: [0, 0], flexible: 0, fields: {} })

export const removeUserScramCredentialRecord = record({
  name: 'RemoveUserScramCredentialRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { name: string, mechanism: int8 },
})

export const beginTransactionRecord = record({
  name: 'BeginTransactionRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { name: string.nullable().default(null).tagged(0) },
})

export const endTransactionRecord = record({ name: 'EndTransactionRecord', versions: [0, 0], flexible: 0, fields: {} })

export const abortTransactionRecord = record({
  name: 'AbortTransactionRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { reason: string.nullable().default(null).tagged(0) },
})

export const removeDelegationTokenRecord = record({
  name: 'RemoveDelegationTokenRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { tokenId: string },
})

export const registerControllerRecord = record({
  name: 'RegisterControllerRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    controllerId: int32,
    incarnationId: uuid,
    zkMigrationReady: bool,
    endPoints: arrayOf({ name: string, host: string, port: uint16, securityProtocol: int16 }),
    features: arrayOf({ name: string, minSupportedVersion: int16, maxSupportedVersion: int16 }),
  },
})

export const clearElrRecord = record({
  name: 'ClearElrRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { topicName: string },
})
