/**
 * The one reducer: what each metadata record does to the image. Controller and brokers apply the same records by it, at
 * load and at run time; nothing else changes an image.
 */
import { unreachable } from '../../base/assert.js'
import { ResourceType } from '../config/resource-type.js'
import type { BrokerState, ConfigResourceType } from './cluster-state.js'
import { isInternalTopic } from './internal-topics.js'
import type { EventValue, MetadataEvent } from './events.js'
import type { MetadataImage, StoredPartition } from './metadata-image.js'

/** What a ConfigRecord is about. */
export const CONFIG_RESOURCE_TYPES: ReadonlyMap<number, ConfigResourceType> = new Map<number, ConfigResourceType>([
  [ResourceType.topic, 'topic'],
  [ResourceType.broker, 'broker'],
  [ResourceType.clientMetrics, 'client-metrics'],
  [ResourceType.group, 'group'],
])

export function applyMetadata(image: MetadataImage, event: MetadataEvent, offset: number): void {
  image.offset = offset
  switch (event.type) {
    case 'FeatureLevelRecord':
      image.features.set(event.value.name, event.value.featureLevel)
      return
    case 'RegisterBrokerRecord':
      return registerBroker(image, event.value)
    case 'UnregisterBrokerRecord':
      image.brokers.delete(event.value.brokerId)
      image.registrations.delete(event.value.brokerId)
      return
    case 'BrokerRegistrationChangeRecord':
      return changeBroker(image, event.value.brokerId, event.value.fenced ?? 0)
    case 'FenceBrokerRecord':
      return changeBroker(image, event.value.id, 1)
    case 'UnfenceBrokerRecord':
      return changeBroker(image, event.value.id, -1)
    case 'TopicRecord': {
      const { name, topicId } = event.value
      image.addTopic({ name, id: topicId, internal: isInternalTopic(name), partitions: [] })
      return
    }
    case 'RemoveTopicRecord': {
      const topic = image.topicById(event.value.topicId)
      if (topic) image.removeTopic(topic)
      return
    }
    case 'PartitionRecord':
      return addPartition(image, event.value)
    case 'PartitionChangeRecord':
      return changePartition(image, event.value)
    case 'ConfigRecord': {
      const { resourceType, resourceName, name, value } = event.value
      const type = CONFIG_RESOURCE_TYPES.get(resourceType)
      if (type) image.setConfig(type, resourceName, name, value)
      return
    }
    case 'UserScramCredentialRecord': {
      const { name, mechanism, salt, iterations, storedKey, serverKey } = event.value
      const kept = { salt: Buffer.from(salt), storedKey: Buffer.from(storedKey), serverKey: Buffer.from(serverKey) }
      image.scram.set(name, mechanism, { iterations, ...kept })
      return
    }
    case 'RemoveUserScramCredentialRecord':
      image.scram.delete(event.value.name, event.value.mechanism)
      return
    case 'AccessControlEntryRecord':
      image.acls.add(event.value)
      return
    case 'RemoveAccessControlEntryRecord':
      image.acls.remove(event.value.id)
      return
    case 'ProducerIdsRecord':
      image.nextProducerId = event.value.nextProducerId
      return
    case 'NoOpRecord':
    case 'BeginTransactionRecord':
    case 'EndTransactionRecord':
    case 'AbortTransactionRecord':
    case 'RegisterControllerRecord':
      return
    default:
      unreachable(event)
  }
}

function registerBroker(image: MetadataImage, record: EventValue<'RegisterBrokerRecord'>): void {
  const endpoints: BrokerState['endpoints'] = new Map(
    record.endPoints.map(({ name, host, port }) => [name, { host, port }]),
  )
  image.registrations.set(record.brokerId, record)
  image.brokers.set(record.brokerId, {
    nodeId: record.brokerId,
    epoch: record.brokerEpoch,
    fenced: record.fenced ?? true,
    rack: record.rack,
    endpoints,
  })
}

/** @param fence 1 = fence, -1 = lift it, 0 = leave it */
function changeBroker(image: MetadataImage, nodeId: number, fence: number): void {
  const broker = image.brokers.get(nodeId)
  if (broker && fence !== 0) image.brokers.set(nodeId, { ...broker, fenced: fence > 0 })
}

function addPartition(image: MetadataImage, record: EventValue<'PartitionRecord'>): void {
  const topic = image.topicById(record.topicId)
  if (!topic) return
  const partition = record.partitionId ?? -1
  topic.partitions[partition] = {
    partition,
    leader: record.leader ?? -1,
    leaderEpoch: record.leaderEpoch ?? -1,
    partitionEpoch: record.partitionEpoch ?? -1,
    replicas: record.replicas,
    isr: record.isr,
    directories: record.directories ?? [],
  }
}

/** In PartitionChangeRecord: the leader stays what it is, and so does its epoch. */
const NO_LEADER_CHANGE = -2

function changePartition(image: MetadataImage, record: EventValue<'PartitionChangeRecord'>): void {
  const partitions = image.topicById(record.topicId)?.partitions
  const before = partitions?.[record.partitionId ?? -1]
  if (!partitions || !before) return
  const leader = record.leader ?? NO_LEADER_CHANGE
  const after: StoredPartition = {
    partition: before.partition,
    replicas: record.replicas ?? before.replicas,
    isr: record.isr ?? before.isr,
    directories: record.directories ?? before.directories,
    // a leader that is written down starts a new epoch, be it the same as before
    leader: leader === NO_LEADER_CHANGE ? before.leader : leader,
    leaderEpoch: leader === NO_LEADER_CHANGE ? before.leaderEpoch : before.leaderEpoch + 1,
    partitionEpoch: before.partitionEpoch + 1,
  }
  partitions[before.partition] = after
}
