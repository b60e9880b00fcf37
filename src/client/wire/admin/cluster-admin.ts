/** The cluster as a whole: brokers, quorum, features. */
import { messages, type DecodedOf } from '../../../protocol/index.js'
import { throwCode } from '../errors.js'
import { operationsIn, upgradeTypes, type AclOperation, type UpgradeType } from './codes.js'
import { answers, valueOr, type Answer } from './answer.js'
import type { AdminRequests } from './requests.js'

export interface ClusterNode {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isFenced: boolean
}

export interface ClusterDescription {
  readonly clusterId: string
  /** Of KRaft's brokers one that takes requests for the controller. */
  readonly controller: number
  readonly nodes: readonly ClusterNode[]
  readonly authorizedOperations: readonly AclOperation[] | undefined
}

export interface ReplicaState {
  readonly replicaId: number
  readonly replicaDirectoryId: string
  readonly logEndOffset: number
  /** Epoch milliseconds; undefined when the leader does not know. */
  readonly lastFetchTimestamp: number | undefined
  readonly lastCaughtUpTimestamp: number | undefined
}

export interface RaftVoterEndpoint {
  readonly name: string
  readonly host: string
  readonly port: number
}

export interface QuorumInfo {
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly voters: readonly ReplicaState[]
  readonly observers: readonly ReplicaState[]
  readonly nodes: readonly { readonly nodeId: number; readonly endpoints: readonly RaftVoterEndpoint[] }[]
}

export interface VersionRange {
  readonly minVersionLevel: number
  readonly maxVersionLevel: number
}

export interface FeatureMetadata {
  readonly finalizedFeatures: Readonly<Record<string, VersionRange>>
  /** undefined when nothing is finalized. */
  readonly finalizedFeaturesEpoch: number | undefined
  readonly supportedFeatures: Readonly<Record<string, VersionRange>>
}

export interface FeatureUpdate {
  readonly feature: string
  /** 0 takes the feature away. */
  readonly maxVersionLevel: number
  /** Default 'UPGRADE'. */
  readonly upgradeType?: UpgradeType | undefined
}

/** `EndpointType` of DescribeCluster. */
const BROKERS = 1
const CONTROLLERS = 2
const METADATA_TOPIC = '__cluster_metadata'

type ReplicaAnswer = DecodedOf<
  typeof messages.describeQuorum.response
>['topics'][number]['partitions'][number]['observers'][number]

export function clusterAdmin(requests: AdminRequests) {
  const requestTimeoutMs = requests.cluster.requestTimeoutMs

  return {
    async describeCluster(
      options: {
        readonly includeAuthorizedOperations?: boolean | undefined
        readonly includeFencedBrokers?: boolean | undefined
      } = {},
    ): Promise<ClusterDescription> {
      const answer = await requests.ask(messages.describeCluster, (version) => ({
        includeClusterAuthorizedOperations: options.includeAuthorizedOperations ?? false,
        endpointType: requests.cluster.ofControllers ? CONTROLLERS : BROKERS,
        includeFencedBrokers: version >= 2 && (options.includeFencedBrokers ?? false),
      }))
      return {
        clusterId: answer.clusterId,
        controller: answer.controllerId,
        nodes: answer.brokers.map(({ brokerId, ...node }) => ({ id: brokerId, ...node })),
        authorizedOperations: operationsIn(answer.clusterAuthorizedOperations),
      }
    },

    async describeMetadataQuorum(): Promise<QuorumInfo> {
      const answer = await requests.ask(messages.describeQuorum, {
        topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }],
      })
      const quorum = answer.topics[0]!.partitions[0]!
      throwCode(quorum.errorCode, METADATA_TOPIC, quorum.errorMessage)
      return {
        leaderId: quorum.leaderId,
        leaderEpoch: quorum.leaderEpoch,
        highWatermark: quorum.highWatermark,
        voters: quorum.currentVoters.map(toReplicaState),
        observers: quorum.observers.map(toReplicaState),
        nodes: answer.nodes.map(({ nodeId, listeners }) => ({ nodeId, endpoints: listeners })),
      }
    },

    async describeFeatures(): Promise<FeatureMetadata> {
      const answer = await requests.ask(messages.apiVersions, (version) =>
        version < 3 ? {} : { clientSoftwareName: 'kts-kafka', clientSoftwareVersion: '0' },
      )
      return {
        finalizedFeatures: Object.fromEntries(
          answer.finalizedFeatures.map(({ name, minVersionLevel, maxVersionLevel }) => [
            name,
            { minVersionLevel, maxVersionLevel },
          ]),
        ),
        finalizedFeaturesEpoch: answer.finalizedFeaturesEpoch < 0 ? undefined : answer.finalizedFeaturesEpoch,
        supportedFeatures: Object.fromEntries(
          answer.supportedFeatures.map(({ name, minVersion, maxVersion }) => [
            name,
            { minVersionLevel: minVersion, maxVersionLevel: maxVersion },
          ]),
        ),
      }
    },

    /** Newer brokers (v2) take all of the updates or none: then each has the same error. */
    async updateFeatures(
      updates: readonly FeatureUpdate[],
      options: { readonly timeoutMs?: number | undefined; readonly validateOnly?: boolean | undefined } = {},
    ): Promise<Answer<FeatureUpdate>[]> {
      const { timeoutMs = requestTimeoutMs, validateOnly = false } = options
      const got = await requests.each('UpdateFeatures', updates, {
        target: () => undefined,
        ask: async (peer, asked) => {
          const answer = await peer.send(
            messages.updateFeatures,
            (version) => ({
              timeoutMs,
              validateOnly: version >= 1 && validateOnly,
              featureUpdates: asked.map(({ feature, maxVersionLevel, upgradeType = 'UPGRADE' }) => ({
                feature,
                maxVersionLevel,
                allowDowngrade: version === 0 && upgradeType !== 'UPGRADE',
                upgradeType: version === 0 ? 1 : upgradeTypes.code(upgradeType),
              })),
            }),
            { timeoutMs: timeoutMs + requestTimeoutMs },
          )
          return asked.map(({ feature }) => {
            const told = answer.results.find((each) => each.feature === feature) ?? answer
            return valueOr(
              answer.errorCode || told.errorCode,
              feature,
              answer.errorMessage ?? told.errorMessage,
              () => ({}),
            )
          })
        },
      })
      return answers(updates, got)
    },

    /** @throws DriverError */
    async addRaftVoter(
      voterId: number,
      voterDirectoryId: string,
      endpoints: readonly RaftVoterEndpoint[],
      options: { readonly clusterId?: string | undefined; readonly timeoutMs?: number | undefined } = {},
    ): Promise<void> {
      const { clusterId = null, timeoutMs = requestTimeoutMs } = options
      const body = { clusterId, timeoutMs, voterId, voterDirectoryId, listeners: [...endpoints] }
      await requests.ask(messages.addRaftVoter, body, timeoutMs)
    },

    /** @throws DriverError */
    async removeRaftVoter(
      voterId: number,
      voterDirectoryId: string,
      options: { readonly clusterId?: string | undefined } = {},
    ): Promise<void> {
      const { clusterId = null } = options
      await requests.ask(messages.removeRaftVoter, { clusterId, voterId, voterDirectoryId })
    },

    /** Forgets a broker that will not come back. @throws DriverError */
    async unregisterBroker(brokerId: number): Promise<void> {
      await requests.ask(messages.unregisterBroker, { brokerId })
    },
  }
}

function toReplicaState(told: ReplicaAnswer): ReplicaState {
  const known = (ms: number): number | undefined => (ms < 0 ? undefined : ms)
  return {
    replicaId: told.replicaId,
    replicaDirectoryId: told.replicaDirectoryId,
    logEndOffset: told.logEndOffset,
    lastFetchTimestamp: known(told.lastFetchTimestamp),
    lastCaughtUpTimestamp: known(told.lastCaughtUpTimestamp),
  }
}
