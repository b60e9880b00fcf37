/** What requests about the cluster, its configs, users and rules need. */
import * as messages from '../../../protocol/messages/index.js'
import type { Api } from '../../../protocol/schema/index.js'
import { ResourceType as ConfigType } from '../../config/resource-type.js'
import { Operation } from '../acl-words.js'
import { denied, type Access, type Denial } from './access.js'
import { needs, partly, rule, shows, type Rule } from './rule.js'
import { clusterBits } from './topic-rules.js'

const { alter, describe, describeConfigs, alterConfigs, clusterAction } = Operation

function onConfigs(operation: number, access: Access, resourceType: number, name: string): Denial {
  switch (resourceType) {
    case ConfigType.topic:
      return denied.topic(access.topic(operation, name))
    case ConfigType.group:
      return denied.group(access.group(operation, name))
    default:
      return denied.cluster(access.cluster(operation))
  }
}

type NeedsCluster = Pick<Api, 'key' | 'name' | 'versions'>

/** Served or refused as a whole, by an operation on the cluster. */
const onCluster: readonly (readonly [api: NeedsCluster, operation: number])[] = [
  [messages.describeAcls, describe],
  [messages.createAcls, alter],
  [messages.deleteAcls, alter],
  [messages.describeUserScramCredentials, describe],
  [messages.alterReplicaLogDirs, alter],
  [messages.describeQuorum, describe],
  [messages.addRaftVoter, alter],
  [messages.removeRaftVoter, alter],
  [messages.updateFeatures, alter],
  [messages.electLeaders, alter],
  [messages.alterPartitionReassignments, alter],
  [messages.listPartitionReassignments, describe],
  [messages.unregisterBroker, alter],
  [messages.describeClientQuotas, describeConfigs],
  [messages.alterClientQuotas, alterConfigs],
  [messages.listConfigResources, describeConfigs],
  [messages.allocateProducerIds, clusterAction],
]

export const clusterRules: readonly Rule[] = [
  // what anyone may ask who has come in
  rule(messages.apiVersions),
  rule(messages.saslHandshake),
  rule(messages.saslAuthenticate),
  rule(
    messages.describeCluster,
    shows(messages.describeCluster, (answer, { access }) => ({
      ...answer,
      ...(answer.clusterAuthorizedOperations !== undefined && {
        clusterAuthorizedOperations: clusterBits(answer.clusterAuthorizedOperations, access),
      }),
    })),
  ),
  rule(
    messages.describeConfigs,
    partly(messages.describeConfigs, 'resources', 'results', ({ resourceType, resourceName }, { access }) =>
      onConfigs(describeConfigs, access, resourceType, resourceName),
    ),
  ),
  rule(
    messages.alterConfigs,
    partly(messages.alterConfigs, 'resources', 'responses', ({ resourceType, resourceName }, { access }) =>
      onConfigs(alterConfigs, access, resourceType, resourceName),
    ),
  ),
  rule(
    messages.incrementalAlterConfigs,
    partly(messages.incrementalAlterConfigs, 'resources', 'responses', ({ resourceType, resourceName }, { access }) =>
      onConfigs(alterConfigs, access, resourceType, resourceName),
    ),
  ),
  rule(
    messages.describeLogDirs,
    needs(
      messages.describeLogDirs,
      (_, { access }) => denied.cluster(access.cluster(describe)),
      () => ({ results: [] }),
    ),
  ),
  rule(
    messages.alterUserScramCredentials,
    needs(
      messages.alterUserScramCredentials,
      (_, { access }) => denied.cluster(access.cluster(alter)),
      ({ deletions, upsertions }, errorCode) => {
        const users = new Set([...deletions, ...upsertions].map(({ name }) => name))
        return { results: [...users].map((user) => ({ user, errorCode, errorMessage: null })) }
      },
    ),
  ),
  ...onCluster.map(([api, operation]) =>
    rule(
      api,
      needs(api, (_, { access }) => denied.cluster(access.cluster(operation))),
    ),
  ),
]
