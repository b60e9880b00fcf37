/**
 * Features of a cluster (KIP-584): what this broker can do, by version, and the level that a new cluster starts with. A
 * feature is named here only once it is served.
 */
export interface SupportedFeature {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

/** `metadata.version` 30 is Kafka 4.3, 7 is 3.3, the first that Kafka 4 can upgrade from. */
export const METADATA_VERSION = { name: 'metadata.version', minVersion: 7, maxVersion: 30 }

/** From 1 on, groups of the new protocol (KIP-848). */
export const GROUP_VERSION = { name: 'group.version', minVersion: 0, maxVersion: 1 }

/** From 2 on, transactions have an epoch each, and brokers add the partitions (KIP-890). */
export const TRANSACTION_VERSION = { name: 'transaction.version', minVersion: 0, maxVersion: 2 }

export const supportedFeatures: readonly SupportedFeature[] = [GROUP_VERSION, METADATA_VERSION, TRANSACTION_VERSION]
