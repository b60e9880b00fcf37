/**
 * The cluster as the metadata log has it. The controller holds one that runs ahead with its decisions; every broker holds
 * one that follows what is committed. Changed by `apply.ts` only. A topic keeps its identity as an object while it lives;
 * its partitions are replaced one by one.
 */
import { AclIndex } from './acls.js'
import { ScramCredentials } from './scram-credentials.js'
import type { EventValue } from './events.js'
import type { BrokerState, ConfigResourceType, PartitionState, TopicState } from './cluster-state.js'

export interface StoredPartition extends PartitionState {
  /** Log directory of each replica, by its id. */
  readonly directories: readonly string[]
}

export interface MutableTopic extends TopicState {
  readonly partitions: StoredPartition[]
}

const NO_CONFIGS: ReadonlyMap<string, string> = new Map()

export class MetadataImage {
  /** Offset of the last record applied; -1 before any. */
  offset = -1
  readonly brokers = new Map<number, BrokerState>()
  /** What brokers said of themselves when they registered, as it was written. */
  readonly registrations = new Map<number, EventValue<'RegisterBrokerRecord'>>()
  readonly features = new Map<string, number>()
  /** First producer id that is not yet part of a block. */
  nextProducerId = 0
  readonly acls = new AclIndex()
  readonly scram = new ScramCredentials()
  private readonly byName = new Map<string, MutableTopic>()
  private readonly byId = new Map<string, MutableTopic>()
  private readonly configsOf = new Map<string, Map<string, string>>()

  topic(name: string): MutableTopic | undefined {
    return this.byName.get(name)
  }

  topicById(id: string): MutableTopic | undefined {
    return this.byId.get(id)
  }

  topics(): IterableIterator<MutableTopic> {
    return this.byName.values()
  }

  addTopic(topic: MutableTopic): void {
    this.byName.set(topic.name, topic)
    this.byId.set(topic.id, topic)
  }

  removeTopic(topic: MutableTopic): void {
    this.byName.delete(topic.name)
    this.byId.delete(topic.id)
    this.configsOf.delete(key('topic', topic.name))
  }

  configs(type: ConfigResourceType, name: string): ReadonlyMap<string, string> {
    return this.configsOf.get(key(type, name)) ?? NO_CONFIGS
  }

  /** Names of the resources of this type that have configs of their own. */
  *configured(type: ConfigResourceType): Generator<string> {
    const prefix = key(type, '')
    for (const [resource, values] of this.configsOf) {
      if (resource.startsWith(prefix) && values.size > 0) yield resource.slice(prefix.length)
    }
  }

  /** A null value takes the config away. The map is replaced: whoever holds the old one keeps what it saw. */
  setConfig(type: ConfigResourceType, resource: string, name: string, value: string | null): void {
    const values = new Map(this.configs(type, resource))
    if (value === null) values.delete(name)
    else values.set(name, value)
    if (values.size === 0) this.configsOf.delete(key(type, resource))
    else this.configsOf.set(key(type, resource), values)
  }
}

const key = (type: ConfigResourceType, name: string): string => `${type} ${name}`
