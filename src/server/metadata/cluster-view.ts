/**
 * A broker's view of the cluster: the image of what is committed, and who is told when it changes. Whoever is told may
 * have work to do (open a log, say) before requests can rely on the change; `apply` waits for it.
 */
import type { Log } from '../../base/log.js'
import type { Acls } from './acls.js'
import type { ScramUsersState } from './scram-credentials.js'
import { applyMetadata, CONFIG_RESOURCE_TYPES } from './apply.js'
import type { BrokerState, ClusterChange, ClusterState, ConfigResourceType, TopicState } from './cluster-state.js'
import type { MetadataEvent } from './events.js'
import { eventsOf } from './image-events.js'
import { MetadataImage } from './metadata-image.js'

type Listener = (change: ClusterChange) => void | Promise<void>

export class ClusterView implements ClusterState {
  private readonly image = new MetadataImage()
  private readonly listeners: Listener[] = []

  constructor(
    readonly clusterId: string,
    readonly controllerId: number,
    private readonly log: Log,
  ) {}

  get brokers(): ReadonlyMap<number, BrokerState> {
    return this.image.brokers
  }

  get features(): ReadonlyMap<string, number> {
    return this.image.features
  }

  get acls(): Acls {
    return this.image.acls
  }

  get scram(): ScramUsersState {
    return this.image.scram
  }

  get offset(): number {
    return this.image.offset
  }

  topic(name: string): TopicState | undefined {
    return this.image.topic(name)
  }

  topicById(id: string): TopicState | undefined {
    return this.image.topicById(id)
  }

  topics(): Iterable<TopicState> {
    return this.image.topics()
  }

  configs(type: ConfigResourceType, name: string): ReadonlyMap<string, string> {
    return this.image.configs(type, name)
  }

  configured(type: ConfigResourceType): Iterable<string> {
    return this.image.configured(type)
  }

  onChange(listener: Listener): void {
    this.listeners.push(listener)
  }

  /** While loading: nobody is told. */
  load(event: MetadataEvent, offset: number): void {
    applyMetadata(this.image, event, offset)
  }

  /** All of it, as events, and the offset after the last one that went into it. */
  snapshot(): { readonly events: readonly MetadataEvent[]; readonly endOffset: number } {
    return { events: eventsOf(this.image), endOffset: this.image.offset + 1 }
  }

  /** Applies at once; resolves when all who were told have done what they had to. */
  async apply(events: readonly MetadataEvent[], firstOffset: number): Promise<void> {
    const changes = new Changes(this.image)
    events.forEach((event, i) => {
      changes.before(event)
      applyMetadata(this.image, event, firstOffset + i)
    })
    const change = changes.result()
    await Promise.all(this.listeners.map((listener) => this.tell(listener, change)))
  }

  private async tell(listener: Listener, change: ClusterChange): Promise<void> {
    try {
      await listener(change)
    } catch (error) {
      this.log.error('a part of the broker failed to follow a change of the cluster', { error })
    }
  }
}

/** Gathers what a batch of records changes. */
class Changes {
  private readonly created = new Set<string>()
  private readonly deleted: TopicState[] = []
  private readonly changed = new Set<string>()
  private readonly configs = new Map<string, { type: ConfigResourceType; name: string }>()

  constructor(private readonly image: MetadataImage) {}

  before(event: MetadataEvent): void {
    switch (event.type) {
      case 'TopicRecord':
        this.created.add(event.value.topicId)
        return
      case 'RemoveTopicRecord': {
        const { topicId } = event.value
        const topic = this.image.topicById(topicId)
        if (topic && !this.created.delete(topicId)) this.deleted.push(topic)
        return
      }
      case 'PartitionRecord':
      case 'PartitionChangeRecord':
        this.changed.add(event.value.topicId)
        return
      case 'ConfigRecord': {
        const { resourceType, resourceName: name } = event.value
        const type = CONFIG_RESOURCE_TYPES.get(resourceType)
        if (type) this.configs.set(`${type} ${name}`, { type, name })
        return
      }
      default:
    }
  }

  result(): ClusterChange {
    const living = (ids: Iterable<string>): TopicState[] =>
      [...ids].map((id) => this.image.topicById(id)).filter((topic) => topic !== undefined)
    return {
      topicsCreated: living(this.created),
      topicsDeleted: this.deleted,
      topicsChanged: living([...this.changed].filter((id) => !this.created.has(id))),
      configsChanged: [...this.configs.values()],
    }
  }
}
