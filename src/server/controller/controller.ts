/**
 * The controller decides on changes of the cluster: it checks a request against the cluster's state, and answers once the
 * events it decided on are committed in the metadata log. Methods are named for the requests that they decide.
 */
import type { ErrorCode } from '../../protocol/errors.js'
import type { Acl } from '../metadata/acls.js'
import type { AclFilter, NewAcl } from '../security/acl-words.js'

export interface NewTopicRequest {
  readonly name: string
  /** -1 = `num.partitions`. */
  readonly numPartitions: number
  /** -1 = `default.replication.factor`. */
  readonly replicationFactor: number
  readonly assignments: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[]
  readonly configs: readonly { readonly name: string; readonly value: string | null }[]
}

export interface NewPartitionsRequest {
  readonly name: string
  /** How many partitions the topic is to have. */
  readonly count: number
  /** Replicas of the new ones; null: as the controller sees fit. */
  readonly assignments: readonly { readonly brokerIds: readonly number[] }[] | null
}

export interface AlterConfigsRequest {
  readonly resourceType: number
  readonly resourceName: string
  /** What is not named is taken away, as AlterConfigs has it; else it stays, as IncrementalAlterConfigs has it. */
  readonly replaces: boolean
  readonly changes: readonly ConfigChange[]
}

export interface ConfigChange {
  readonly name: string
  /** 0 = set, 1 = delete, 2 = append to a list, 3 = subtract from a list. */
  readonly operation: number
  readonly value: string | null
}

export interface FeatureUpdate {
  readonly feature: string
  /** 0 takes the feature away. */
  readonly level: number
  /** 1 = upgrade, 2 = downgrade that loses nothing, 3 = any downgrade. */
  readonly upgradeType: number
}

/** Outcome of one thing in a request of many. */
export type Outcome<T> =
  | ({ readonly errorCode: 0 } & T)
  | { readonly errorCode: Exclude<ErrorCode, 0>; readonly errorMessage: string | null }

export interface CreatedTopic {
  readonly topicId: string
  readonly numPartitions: number
  readonly replicationFactor: number
}

export interface ScramDeletion {
  readonly name: string
  /** 1 = SCRAM-SHA-256, 2 = SCRAM-SHA-512. */
  readonly mechanism: number
}

export interface ScramUpsertion extends ScramDeletion {
  readonly iterations: number
  readonly salt: Buffer
  readonly saltedPassword: Buffer
}

export interface AlterScramRequest {
  readonly deletions: readonly ScramDeletion[]
  readonly upsertions: readonly ScramUpsertion[]
}

export interface Controller {
  createTopics(
    topics: readonly NewTopicRequest[],
    validateOnly: boolean,
  ): Promise<ReadonlyMap<string, Outcome<CreatedTopic>>>
  deleteTopics(ids: readonly string[]): Promise<ReadonlyMap<string, Outcome<{ readonly name: string }>>>
  createPartitions(
    requests: readonly NewPartitionsRequest[],
    validateOnly: boolean,
  ): Promise<ReadonlyMap<string, Outcome<object>>>
  /** One outcome per resource, in their order. */
  alterConfigs(requests: readonly AlterConfigsRequest[], validateOnly: boolean): Promise<readonly Outcome<object>[]>
  /** One outcome per user. */
  alterScramCredentials(request: AlterScramRequest): Promise<ReadonlyMap<string, Outcome<object>>>
  /** One outcome per rule, in their order. */
  createAcls(rules: readonly NewAcl[]): Promise<readonly Outcome<object>[]>
  /** One outcome per filter, in their order, with the rules that are gone. */
  deleteAcls(filters: readonly AclFilter[]): Promise<readonly Outcome<{ readonly deleted: readonly Acl[] }>[]>
  /** By feature; when one is refused, none comes into effect. */
  updateFeatures(
    updates: readonly FeatureUpdate[],
    validateOnly: boolean,
  ): Promise<ReadonlyMap<string, Outcome<object>>>
  /** Creates an internal topic (`__consumer_offsets`, …) when it is not there yet, with the settings that Kafka gives it. */
  ensureInternalTopic(name: string): Promise<void>
  /** A block of producer ids, written to the metadata log before any of it is handed out (KIP-730). */
  allocateProducerIds(): Promise<{ readonly first: number; readonly count: number }>
}
