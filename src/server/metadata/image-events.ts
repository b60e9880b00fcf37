/**
 * An image as the shortest list of events that makes it: what a snapshot holds. The list is made at once, so that it is of
 * one moment; `apply.ts` turns it back.
 */
import type { ConfigResourceType, TopicState } from './cluster-state.js'
import { CONFIG_RESOURCE_TYPES } from './apply.js'
import type { MetadataEvent } from './events.js'
import type { MetadataImage, StoredPartition } from './metadata-image.js'

export function eventsOf(image: MetadataImage): MetadataEvent[] {
  return [
    ...featureEvents(image),
    ...brokerEvents(image),
    ...topicEvents(image),
    ...configEvents(image),
    ...securityEvents(image),
    ...producerIdEvents(image),
  ]
}

function* featureEvents({ features }: MetadataImage): Generator<MetadataEvent> {
  for (const [name, featureLevel] of features) yield { type: 'FeatureLevelRecord', value: { name, featureLevel } }
}

function* brokerEvents({ brokers, registrations }: MetadataImage): Generator<MetadataEvent> {
  for (const [nodeId, registration] of registrations) {
    const { fenced } = brokers.get(nodeId)!
    yield { type: 'RegisterBrokerRecord', value: { ...registration, fenced } }
  }
}

function* topicEvents(image: MetadataImage): Generator<MetadataEvent> {
  for (const topic of image.topics()) {
    yield { type: 'TopicRecord', value: { name: topic.name, topicId: topic.id } }
    for (const partition of topic.partitions) yield partitionEvent(topic, partition)
  }
}

function partitionEvent(topic: TopicState, partition: StoredPartition): MetadataEvent {
  const { replicas, isr, leader, leaderEpoch, partitionEpoch, directories } = partition
  const value = {
    partitionId: partition.partition,
    topicId: topic.id,
    replicas,
    isr,
    leader,
    leaderEpoch,
    partitionEpoch,
  }
  return {
    type: 'PartitionRecord',
    value: { ...value, removingReplicas: [], addingReplicas: [], directories },
  }
}

function* configEvents(image: MetadataImage): Generator<MetadataEvent> {
  for (const [resourceType, type] of CONFIG_RESOURCE_TYPES) {
    for (const resourceName of resourcesOf(image, type)) {
      for (const [name, value] of image.configs(type, resourceName)) {
        yield { type: 'ConfigRecord', value: { resourceType, resourceName, name, value } }
      }
    }
  }
}

const resourcesOf = (image: MetadataImage, type: ConfigResourceType): string[] => [...image.configured(type)]

function* securityEvents({ scram, acls }: MetadataImage): Generator<MetadataEvent> {
  for (const name of scram.users()) {
    for (const [mechanism, { salt, storedKey, serverKey, iterations }] of scram.of(name)) {
      yield { type: 'UserScramCredentialRecord', value: { name, mechanism, salt, storedKey, serverKey, iterations } }
    }
  }
  for (const value of acls) yield { type: 'AccessControlEntryRecord', value }
}

function* producerIdEvents({ nextProducerId }: MetadataImage): Generator<MetadataEvent> {
  // whose block was the last is of no consequence
  if (nextProducerId > 0) yield { type: 'ProducerIdsRecord', value: { brokerId: -1, brokerEpoch: -1, nextProducerId } }
}
