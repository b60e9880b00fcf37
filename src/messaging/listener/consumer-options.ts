/** From the settings of the SDK to those of a driver's consumer. */
import type { ConsumerOptions } from '../../client/port.js'
import type { ConsumerSettings } from '../config/cluster-settings.js'

export function consumerOptionsOf(consumer: ConsumerSettings, groupId: string, clientId?: string): ConsumerOptions {
  return {
    groupId,
    clientId,
    assignors: consumer.partitionAssignors,
    groupProtocol: consumer.groupProtocol,
    remoteAssignor: consumer.groupRemoteAssignor,
    groupInstanceId: consumer.groupInstanceId,
    sessionTimeoutMs: consumer.sessionTimeoutMs,
    rebalanceTimeoutMs: consumer.rebalanceTimeoutMs,
    heartbeatIntervalMs: consumer.heartbeatIntervalMs,
    fetchMinBytes: consumer.fetchMinBytes,
    fetchMaxBytes: consumer.fetchMaxBytes,
    fetchMaxBytesPerPartition: consumer.maxPartitionFetchBytes,
    fetchMaxWaitMs: consumer.fetchMaxWaitMs,
    isolation: consumer.isolationLevel,
    metadataMaxAgeMs: consumer.metadataMaxAgeMs,
    rackId: consumer.rackId,
  }
}
