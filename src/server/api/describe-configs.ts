/**
 * Settings of topics, brokers, groups and client metrics subscriptions, with where each value comes from.
 * v1 sources and synonyms (KIP-226) · v3 types and documentation.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { describeConfigs } from '../../protocol/messages/describe-configs.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import {
  describeBroker,
  describeClientMetrics,
  describeDefaultBroker,
  describeGroup,
  describeTopic,
  type DescribedConfig,
  type DescribeOptions,
} from '../config/describe.js'
import { ResourceType } from '../config/resource-type.js'
import { topicNameFault } from '../../base/topic-name.js'
import { handler } from './handler.js'

type Parts = Pick<Broker, 'cluster' | 'settings' | 'nodeId'>
type Resource = RequestOf<typeof describeConfigs>['resources'][number]
type ResourceAnswer = ResponseOf<typeof describeConfigs>['results'][number]

export const describeConfigsHandler = handler(describeConfigs, (parts: Parts) => (request) => ({
  results: request.resources.map((resource) =>
    describeResource(parts, resource, {
      names: resource.configurationKeys,
      synonyms: request.includeSynonyms,
      documentation: request.includeDocumentation,
    }),
  ),
}))

function describeResource(
  { cluster, settings, nodeId }: Parts,
  resource: Resource,
  options: DescribeOptions,
): ResourceAnswer {
  const { resourceType, resourceName } = resource
  const found = (configs: readonly DescribedConfig[]): ResourceAnswer => ({
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    resourceType,
    resourceName,
    configs,
  })
  const refused = (errorCode: ErrorCode, errorMessage: string): ResourceAnswer => ({
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
    configs: [],
  })
  switch (resourceType) {
    case ResourceType.topic: {
      const fault = topicNameFault(resourceName)
      if (fault !== undefined) return refused(ErrorCode.INVALID_TOPIC_EXCEPTION, fault)
      if (!cluster.topic(resourceName)) {
        return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic '${resourceName}'`)
      }
      return found(describeTopic(settings, resourceName, options))
    }
    case ResourceType.broker:
      if (resourceName === '') return found(describeDefaultBroker(settings, options))
      if (resourceName === String(nodeId)) return found(describeBroker(settings, options))
      return refused(ErrorCode.INVALID_REQUEST, `this is broker ${nodeId}; it can't tell of broker '${resourceName}'`)
    case ResourceType.group:
      if (resourceName === '') return refused(ErrorCode.INVALID_REQUEST, 'a group must be named')
      return found(describeGroup(settings, resourceName, options))
    case ResourceType.clientMetrics:
      if (resourceName === '') return refused(ErrorCode.INVALID_REQUEST, 'a client metrics subscription must be named')
      return found(describeClientMetrics(cluster.configs('client-metrics', resourceName), options))
    default:
      return refused(ErrorCode.INVALID_REQUEST, `resources of type ${resourceType} have no configs here`)
  }
}
