/** The cluster as its committed metadata log says it is. Read by every part, changed only by applying metadata events. */
import type { Acls } from './acls.js'
import type { ScramUsersState } from './scram-credentials.js'

export interface ClusterState {
  readonly clusterId: string
  /** Node id of the active controller. */
  readonly controllerId: number
  readonly brokers: ReadonlyMap<number, BrokerState>
  topic(name: string): TopicState | undefined
  topicById(id: string): TopicState | undefined
  topics(): Iterable<TopicState>
  /** Configs set on a resource, by Kafka's names, without defaults. */
  configs(type: ConfigResourceType, name: string): ReadonlyMap<string, string>
  /** Finalised feature levels, e.g. `metadata.version`. */
  readonly features: ReadonlyMap<string, number>
  readonly acls: Acls
  readonly scram: ScramUsersState
  /** Offset of the last metadata record applied. */
  readonly offset: number
  /** Names of the resources of a type that have configs set. */
  configured(type: ConfigResourceType): Iterable<string>
  /**
   * Called after a batch of metadata records was applied, in order of subscription. The request that caused the change is
   * answered after the promises that listeners give.
   */
  onChange(listener: (change: ClusterChange) => void | Promise<void>): void
}

export type ConfigResourceType = 'topic' | 'broker' | 'group' | 'client-metrics'

export interface BrokerState {
  readonly nodeId: number
  readonly epoch: number
  readonly fenced: boolean
  readonly rack: string | null
  /** By listener name. */
  readonly endpoints: ReadonlyMap<string, { readonly host: string; readonly port: number }>
}

export interface TopicState {
  readonly name: string
  /** 22 characters of base64url. */
  readonly id: string
  /** `__consumer_offsets`, `__transaction_state`, … */
  readonly internal: boolean
  /** By partition number, without gaps. */
  readonly partitions: readonly PartitionState[]
}

export interface PartitionState {
  readonly partition: number
  /** -1 = none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export interface ClusterChange {
  readonly topicsCreated: readonly TopicState[]
  readonly topicsDeleted: readonly TopicState[]
  /** Topics whose partitions changed: more of them, or new leaders or epochs. */
  readonly topicsChanged: readonly TopicState[]
  readonly configsChanged: readonly { readonly type: ConfigResourceType; readonly name: string }[]
}
