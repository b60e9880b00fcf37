/** Topics that the broker keeps for itself, and how Kafka sets them up. */
import type { Settings } from '../config/settings.js'

export interface InternalTopic {
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly configs: readonly { readonly name: string; readonly value: string }[]
}

const COMPACTED = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'compression.type', value: 'producer' },
]

/** The log of cluster metadata: no topic of the cluster, and never made as one. */
export const CLUSTER_METADATA = '__cluster_metadata'
export const CONSUMER_OFFSETS = '__consumer_offsets'
export const TRANSACTION_STATE = '__transaction_state'
export const SHARE_GROUP_STATE = '__share_group_state'

const RECIPES: Readonly<Record<string, (settings: Settings) => InternalTopic>> = {
  [CONSUMER_OFFSETS]: (settings) => ({
    numPartitions: settings.int('offsets.topic.num.partitions'),
    replicationFactor: settings.int('offsets.topic.replication.factor'),
    configs: [...COMPACTED, { name: 'segment.bytes', value: String(settings.int('offsets.topic.segment.bytes')) }],
  }),
  [TRANSACTION_STATE]: (settings) => ({
    numPartitions: settings.int('transaction.state.log.num.partitions'),
    replicationFactor: settings.int('transaction.state.log.replication.factor'),
    configs: [
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'compression.type', value: 'uncompressed' },
      { name: 'min.insync.replicas', value: String(settings.int('transaction.state.log.min.isr')) },
      { name: 'segment.bytes', value: String(settings.int('transaction.state.log.segment.bytes')) },
      { name: 'unclean.leader.election.enable', value: 'false' },
    ],
  }),
}

/** As clients are told, so that they leave it out of pattern subscriptions. */
export function isInternalTopic(name: string): boolean {
  return name === CONSUMER_OFFSETS || name === TRANSACTION_STATE || name === SHARE_GROUP_STATE
}

/** undefined: no internal topic of this name is made here. */
export function internalTopic(name: string, settings: Settings): InternalTopic | undefined {
  return RECIPES[name]?.(settings)
}
