/** One file per API, in order of their keys. What a broker serves or a client speaks is chosen from this list. */
import type { Api } from '../schema/index.js'
import { produce } from './produce.js'
import { fetch } from './fetch.js'
import { listOffsets } from './list-offsets.js'
import { metadata } from './metadata.js'
import { offsetCommit } from './offset-commit.js'
import { offsetFetch } from './offset-fetch.js'
import { findCoordinator } from './find-coordinator.js'
import { joinGroup } from './join-group.js'
import { heartbeat } from './heartbeat.js'
import { leaveGroup } from './leave-group.js'
import { syncGroup } from './sync-group.js'
import { describeGroups } from './describe-groups.js'
import { listGroups } from './list-groups.js'
import { saslHandshake } from './sasl-handshake.js'
import { apiVersions } from './api-versions.js'
import { createTopics } from './create-topics.js'
import { deleteTopics } from './delete-topics.js'
import { deleteRecords } from './delete-records.js'
import { initProducerId } from './init-producer-id.js'
import { offsetForLeaderEpoch } from './offset-for-leader-epoch.js'
import { addPartitionsToTxn } from './add-partitions-to-txn.js'
import { addOffsetsToTxn } from './add-offsets-to-txn.js'
import { endTxn } from './end-txn.js'
import { writeTxnMarkers } from './write-txn-markers.js'
import { txnOffsetCommit } from './txn-offset-commit.js'
import { describeAcls } from './describe-acls.js'
import { createAcls } from './create-acls.js'
import { deleteAcls } from './delete-acls.js'
import { describeConfigs } from './describe-configs.js'
import { alterConfigs } from './alter-configs.js'
import { alterReplicaLogDirs } from './alter-replica-log-dirs.js'
import { describeLogDirs } from './describe-log-dirs.js'
import { saslAuthenticate } from './sasl-authenticate.js'
import { createPartitions } from './create-partitions.js'
import { createDelegationToken } from './create-delegation-token.js'
import { renewDelegationToken } from './renew-delegation-token.js'
import { expireDelegationToken } from './expire-delegation-token.js'
import { describeDelegationToken } from './describe-delegation-token.js'
import { deleteGroups } from './delete-groups.js'
import { electLeaders } from './elect-leaders.js'
import { incrementalAlterConfigs } from './incremental-alter-configs.js'
import { alterPartitionReassignments } from './alter-partition-reassignments.js'
import { listPartitionReassignments } from './list-partition-reassignments.js'
import { offsetDelete } from './offset-delete.js'
import { describeClientQuotas } from './describe-client-quotas.js'
import { alterClientQuotas } from './alter-client-quotas.js'
import { describeUserScramCredentials } from './describe-user-scram-credentials.js'
import { alterUserScramCredentials } from './alter-user-scram-credentials.js'
import { vote } from './vote.js'
import { beginQuorumEpoch } from './begin-quorum-epoch.js'
import { endQuorumEpoch } from './end-quorum-epoch.js'
import { describeQuorum } from './describe-quorum.js'
import { alterPartition } from './alter-partition.js'
import { updateFeatures } from './update-features.js'
import { envelope } from './envelope.js'
import { fetchSnapshot } from './fetch-snapshot.js'
import { describeCluster } from './describe-cluster.js'
import { describeProducers } from './describe-producers.js'
import { brokerRegistration } from './broker-registration.js'
import { brokerHeartbeat } from './broker-heartbeat.js'
import { unregisterBroker } from './unregister-broker.js'
import { describeTransactions } from './describe-transactions.js'
import { listTransactions } from './list-transactions.js'
import { allocateProducerIds } from './allocate-producer-ids.js'
import { consumerGroupHeartbeat } from './consumer-group-heartbeat.js'
import { consumerGroupDescribe } from './consumer-group-describe.js'
import { controllerRegistration } from './controller-registration.js'
import { assignReplicasToDirs } from './assign-replicas-to-dirs.js'
import { listConfigResources } from './list-config-resources.js'
import { describeTopicPartitions } from './describe-topic-partitions.js'
import { shareGroupDescribe } from './share-group-describe.js'
import { addRaftVoter } from './add-raft-voter.js'
import { removeRaftVoter } from './remove-raft-voter.js'
import { updateRaftVoter } from './update-raft-voter.js'
import { streamsGroupDescribe } from './streams-group-describe.js'
import { describeShareGroupOffsets } from './describe-share-group-offsets.js'
import { alterShareGroupOffsets } from './alter-share-group-offsets.js'
import { deleteShareGroupOffsets } from './delete-share-group-offsets.js'

export {
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  saslHandshake,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  writeTxnMarkers,
  txnOffsetCommit,
  describeAcls,
  createAcls,
  deleteAcls,
  describeConfigs,
  alterConfigs,
  alterReplicaLogDirs,
  describeLogDirs,
  saslAuthenticate,
  createPartitions,
  createDelegationToken,
  renewDelegationToken,
  expireDelegationToken,
  describeDelegationToken,
  deleteGroups,
  electLeaders,
  incrementalAlterConfigs,
  alterPartitionReassignments,
  listPartitionReassignments,
  offsetDelete,
  describeClientQuotas,
  alterClientQuotas,
  describeUserScramCredentials,
  alterUserScramCredentials,
  vote,
  beginQuorumEpoch,
  endQuorumEpoch,
  describeQuorum,
  alterPartition,
  updateFeatures,
  envelope,
  fetchSnapshot,
  describeCluster,
  describeProducers,
  brokerRegistration,
  brokerHeartbeat,
  unregisterBroker,
  describeTransactions,
  listTransactions,
  allocateProducerIds,
  consumerGroupHeartbeat,
  consumerGroupDescribe,
  controllerRegistration,
  assignReplicasToDirs,
  listConfigResources,
  describeTopicPartitions,
  shareGroupDescribe,
  addRaftVoter,
  removeRaftVoter,
  updateRaftVoter,
  streamsGroupDescribe,
  describeShareGroupOffsets,
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
}

/** Every API that has a layout here, by rising key. */
export const apis: readonly Api[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  saslHandshake,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  writeTxnMarkers,
  txnOffsetCommit,
  describeAcls,
  createAcls,
  deleteAcls,
  describeConfigs,
  alterConfigs,
  alterReplicaLogDirs,
  describeLogDirs,
  saslAuthenticate,
  createPartitions,
  createDelegationToken,
  renewDelegationToken,
  expireDelegationToken,
  describeDelegationToken,
  deleteGroups,
  electLeaders,
  incrementalAlterConfigs,
  alterPartitionReassignments,
  listPartitionReassignments,
  offsetDelete,
  describeClientQuotas,
  alterClientQuotas,
  describeUserScramCredentials,
  alterUserScramCredentials,
  vote,
  beginQuorumEpoch,
  endQuorumEpoch,
  describeQuorum,
  alterPartition,
  updateFeatures,
  envelope,
  fetchSnapshot,
  describeCluster,
  describeProducers,
  brokerRegistration,
  brokerHeartbeat,
  unregisterBroker,
  describeTransactions,
  listTransactions,
  allocateProducerIds,
  consumerGroupHeartbeat,
  consumerGroupDescribe,
  controllerRegistration,
  assignReplicasToDirs,
  listConfigResources,
  describeTopicPartitions,
  shareGroupDescribe,
  addRaftVoter,
  removeRaftVoter,
  updateRaftVoter,
  streamsGroupDescribe,
  describeShareGroupOffsets,
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
]

const byKey = new Map(apis.map((api) => [api.key, api]))

export function apiByKey(key: number): Api | undefined {
  return byKey.get(key)
}
