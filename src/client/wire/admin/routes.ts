/**
 * Which broker answers what: the whole of the admin's routing. As Java's AdminClient has it; on KRaft any broker takes what
 * is for the controller and hands it on.
 */

export type Route =
  | 'any'
  /** Any broker, but no controller. */
  | 'anyBroker'
  | 'controller'
  /** The leader of the partition. */
  | 'leader'
  /** The coordinator of the group. */
  | 'group'
  /** The coordinator of the transactional id. */
  | 'transaction'
  /** The broker that the item names. */
  | 'broker'
  /** The broker that the item names, if it names one; else any. */
  | 'brokerOrAny'
  /** Each knows a part of the answer. */
  | 'everyBroker'

export const ROUTES = {
  Metadata: 'anyBroker',
  DescribeTopicPartitions: 'anyBroker',
  DescribeCluster: 'any',
  ListConfigResources: 'any',
  DescribeQuorum: 'any',
  ApiVersions: 'any',
  DescribeAcls: 'any',
  CreateAcls: 'any',
  DeleteAcls: 'any',
  DescribeUserScramCredentials: 'any',
  DescribeClientQuotas: 'any',
  CreateDelegationToken: 'any',
  RenewDelegationToken: 'any',
  ExpireDelegationToken: 'any',
  DescribeDelegationToken: 'any',
  AddRaftVoter: 'any',
  RemoveRaftVoter: 'any',
  UnregisterBroker: 'any',
  CreateTopics: 'controller',
  DeleteTopics: 'controller',
  CreatePartitions: 'controller',
  ElectLeaders: 'controller',
  AlterPartitionReassignments: 'controller',
  ListPartitionReassignments: 'controller',
  UpdateFeatures: 'controller',
  AlterUserScramCredentials: 'controller',
  AlterClientQuotas: 'controller',
  DeleteRecords: 'leader',
  ListOffsets: 'leader',
  WriteTxnMarkers: 'leader',
  DescribeConfigs: 'brokerOrAny',
  IncrementalAlterConfigs: 'brokerOrAny',
  DescribeProducers: 'leader',
  DescribeLogDirs: 'broker',
  AlterReplicaLogDirs: 'broker',
  ListGroups: 'everyBroker',
  ListTransactions: 'everyBroker',
  DescribeGroups: 'group',
  ConsumerGroupDescribe: 'group',
  ShareGroupDescribe: 'group',
  StreamsGroupDescribe: 'group',
  OffsetFetch: 'group',
  OffsetCommit: 'group',
  OffsetDelete: 'group',
  DeleteGroups: 'group',
  LeaveGroup: 'group',
  DescribeShareGroupOffsets: 'group',
  AlterShareGroupOffsets: 'group',
  DeleteShareGroupOffsets: 'group',
  DescribeTransactions: 'transaction',
  InitProducerId: 'transaction',
} as const satisfies Record<string, Route>

export type RoutedApi = keyof typeof ROUTES
