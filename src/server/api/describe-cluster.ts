/** Brokers, controller and cluster id. v1 asks for brokers or controllers · v2 may include fenced brokers. */
import { ErrorCode } from '../../protocol/errors.js'
import { describeCluster } from '../../protocol/messages/describe-cluster.js'
import type { Broker } from '../broker.js'
import { clusterOperations } from './authorized-operations.js'
import { handler } from './handler.js'
import { liveBrokers } from './metadata.js'

const BROKERS = 1

export const describeClusterHandler = handler(
  describeCluster,
  ({ cluster }: Pick<Broker, 'cluster'>) =>
    (request, context) => {
      if (request.endpointType !== BROKERS) {
        return {
          errorCode:
            request.endpointType === 2 ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
          errorMessage: 'this listener answers for brokers (endpoint type 1) only',
          endpointType: BROKERS,
          clusterId: '',
          brokers: [],
        }
      }
      return {
        errorCode: ErrorCode.NONE,
        clusterId: cluster.clusterId,
        controllerId: cluster.controllerId,
        brokers: [...liveBrokers(cluster, context.listenerName)].map(({ nodeId, host, port, rack }) => ({
          brokerId: nodeId,
          host,
          port,
          rack,
          isFenced: false,
        })),
        ...(request.includeClusterAuthorizedOperations && { clusterAuthorizedOperations: clusterOperations }),
      }
    },
)
