/**
 * What the metadata log is told when this broker starts: who it is and where it listens; and that it leads every partition
 * it led before, in a new epoch each, so that clients and followers can tell what was written before from what comes now.
 */
import type { ListenerAddress } from '../running-broker.js'
import type { EventValue, MetadataEvent } from '../metadata/events.js'
import { METADATA_VERSION, supportedFeatures } from '../metadata/features.js'
import type { MetadataImage } from '../metadata/metadata-image.js'

export interface StartingBroker {
  readonly nodeId: number
  /** New at every start. */
  readonly incarnationId: string
  readonly listeners: readonly ListenerAddress[]
  readonly rack: string | null
  readonly directoryIds: readonly string[]
}

const SECURITY_PROTOCOLS: Readonly<Record<string, number>> = { PLAINTEXT: 0, SSL: 1, SASL_PLAINTEXT: 2, SASL_SSL: 3 }

/** The first events of a new cluster: the levels of its features. */
export function bootstrapEvents(): MetadataEvent[] {
  return supportedFeatures.map(({ name, maxVersion }) => ({
    type: 'FeatureLevelRecord',
    value: { name, featureLevel: maxVersion },
  }))
}

/** @param offset of the first event: Kafka gives a broker the offset of its registration as its epoch */
export function registration(broker: StartingBroker, offset: number): MetadataEvent[] {
  const value: EventValue<'RegisterBrokerRecord'> = {
    brokerId: broker.nodeId,
    incarnationId: broker.incarnationId,
    brokerEpoch: offset,
    endPoints: broker.listeners.map(({ name, host, port, securityProtocol }) => ({
      name,
      host,
      port,
      securityProtocol: SECURITY_PROTOCOLS[securityProtocol]!,
    })),
    features: supportedFeatures.map(({ name, minVersion, maxVersion }) => ({
      name,
      minSupportedVersion: minVersion,
      maxSupportedVersion: maxVersion,
    })),
    rack: broker.rack,
    fenced: true,
    logDirs: broker.directoryIds,
  }
  return [
    { type: 'RegisterBrokerRecord', value },
    { type: 'BrokerRegistrationChangeRecord', value: { brokerId: broker.nodeId, brokerEpoch: offset, fenced: -1 } },
  ]
}

/** A new leader epoch for every partition that has a replica here. */
export function takeLeadership(image: MetadataImage, nodeId: number): MetadataEvent[] {
  const events: MetadataEvent[] = []
  for (const topic of image.topics()) {
    for (const { partition, replicas } of topic.partitions) {
      if (!replicas.includes(nodeId)) continue
      const value = { partitionId: partition, topicId: topic.id, leader: nodeId }
      events.push({ type: 'PartitionChangeRecord', value })
    }
  }
  return events
}

/** Features that this version of the broker serves and that the cluster has never heard of. */
export function newFeatures(image: MetadataImage): MetadataEvent[] {
  if (!image.features.has(METADATA_VERSION.name)) return bootstrapEvents()
  return bootstrapEvents().filter(
    (event) => event.type === 'FeatureLevelRecord' && !image.features.has(event.value.name),
  )
}
