/** Resources that have configs, or may have. v0 client metrics subscriptions only · v1 by type (KIP-1142). */
import { ErrorCode } from '../../protocol/errors.js'
import { listConfigResources } from '../../protocol/messages/list-config-resources.js'
import type { Broker } from '../broker.js'
import { ResourceType } from '../config/resource-type.js'
import type { ClusterState } from '../metadata/cluster-state.js'
import { handler } from './handler.js'

const LISTERS: Readonly<Record<number, (cluster: ClusterState) => Iterable<string>>> = {
  [ResourceType.topic]: (cluster) => [...cluster.topics()].map(({ name }) => name),
  [ResourceType.broker]: (cluster) => [...cluster.brokers.keys()].map(String),
  [ResourceType.brokerLogger]: (cluster) => [...cluster.brokers.keys()].map(String),
  [ResourceType.clientMetrics]: (cluster) => cluster.configured('client-metrics'),
  [ResourceType.group]: (cluster) => cluster.configured('group'),
}

export const listConfigResourcesHandler = handler(
  listConfigResources,
  ({ cluster }: Pick<Broker, 'cluster'>) =>
    (request, { apiVersion }) => {
      const asked = apiVersion === 0 ? [ResourceType.clientMetrics] : request.resourceTypes
      const types = asked.length > 0 ? [...new Set(asked)] : Object.keys(LISTERS).map(Number)
      if (types.some((type) => !LISTERS[type])) {
        return { errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] }
      }
      const configResources = types.flatMap((resourceType) =>
        [...LISTERS[resourceType]!(cluster)].map((resourceName) => ({ resourceName, resourceType })),
      )
      return { errorCode: ErrorCode.NONE, configResources }
    },
)
