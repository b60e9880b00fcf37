/**
 * The topics of a subscription as they are now, looked at every `metadata.max.age.ms`: what a pattern matches, how many
 * partitions there are. A change is told once, and what was found is what the next join takes.
 */
import type { Timer } from '../../base/clock.js'
import type { Subscription } from '../port.js'
import type { KafkajsContext } from './context.js'
import type { KafkajsCluster, MetadataAnswer } from './vendor.js'

export class SubscribedTopics {
  /** Names to join with. Named topics stand here also while they do not exist, as in Java's client. */
  names: readonly string[] = []
  /** Partitions of each, as the last join saw them. */
  private joinedWith = new Map<string, number>()
  private found = new Map<string, number>()
  private timer: Timer | undefined
  private cluster: KafkajsCluster | undefined

  constructor(
    private readonly context: KafkajsContext,
    private readonly subscription: Exclude<Subscription, { partitions: unknown }>,
    private readonly maxAgeMs: number,
    private readonly changed: (what: 'topics' | 'partitions') => void,
  ) {}

  /** Looks now, and from now on now and then. */
  async watch(cluster: KafkajsCluster): Promise<void> {
    this.cluster = cluster
    await this.look(cluster)
    this.schedule()
  }

  stop(): void {
    this.timer?.cancel()
    this.cluster = undefined
  }

  /** Before a join: the cluster knows these topics, and no others that may be gone by now. */
  async prepare(cluster: KafkajsCluster): Promise<void> {
    await this.look(cluster)
    cluster.targetTopics.clear()
    for (const name of this.names) cluster.targetTopics.add(name)
    await cluster.refreshMetadata()
    this.joinedWith = this.found
  }

  private schedule(): void {
    this.timer?.cancel()
    this.timer = this.context.clock.after(this.maxAgeMs, () => void this.again())
  }

  private async again(): Promise<void> {
    const { cluster } = this
    if (cluster === undefined) return
    try {
      const before = this.names
      await this.look(cluster)
      if (cluster !== this.cluster) return
      if (before.length !== this.names.length || before.some((name, i) => name !== this.names[i]))
        this.changed('topics')
      else if (this.names.some((name) => this.found.get(name) !== this.joinedWith.get(name))) this.changed('partitions')
    } catch (error) {
      this.context.log.debug('looking for topics failed', { error: String(error) })
    }
    if (cluster === this.cluster) this.schedule()
  }

  private async look(cluster: KafkajsCluster): Promise<void> {
    const { subscription } = this
    const asked = 'topics' in subscription ? subscription.topics : []
    const broker = await cluster.findControllerBroker()
    const { topicMetadata } = await broker.metadata([...asked])
    this.found = new Map(topicMetadata.map((topic) => [topic.topic, topic.partitionMetadata.length]))
    this.names = 'topics' in subscription ? subscription.topics : matching(subscription.pattern, topicMetadata)
  }
}

/** Internal topics are left out, as by Java's `exclude.internal.topics`. `search` has no memory, whatever the flags. */
function matching(pattern: RegExp, topics: MetadataAnswer['topicMetadata']): string[] {
  return topics
    .filter(({ topic, isInternal }) => !isInternal && topic.search(pattern) !== -1)
    .map(({ topic }) => topic)
    .sort()
}
