/**
 * Which topics a member subscribes to, looked at anew now and then: topics that match a pattern come and go, partitions are
 * added. The leader of a classic group looks after the partitions of all members' topics, each member after its own topics,
 * as in Java.
 */
import type { Timer } from '../../../base/clock.js'
import type { ConsumerOptions, Subscription } from '../../port.js'
import type { Cluster } from '../cluster.js'

export type GroupSubscription = Exclude<Subscription, { partitions: unknown }>

export class SubscribedTopics {
  private names: readonly string[] = []
  /** Topics that the leader looks after, as they were at the assignment. */
  private watched: ReadonlyMap<string, string> | undefined
  private timer: Timer | undefined
  private stopped = false

  constructor(
    private readonly cluster: Cluster,
    private readonly options: ConsumerOptions,
    private readonly subscription: GroupSubscription,
    /** The group has to be joined anew. */
    private readonly changed: (why: string) => void,
  ) {}

  get current(): readonly string[] {
    return this.names
  }

  /** What the coordinator is to find the topics by; null: they are found here. */
  get serverPattern(): string | null {
    const { subscription } = this
    return isResolvedByBroker(subscription) ? re2Of(subscription.pattern) : null
  }

  /** Reads them anew; topics that are named are made where brokers do that. @throws DriverError */
  async update(): Promise<void> {
    const { subscription, cluster } = this
    if ('topics' in subscription) {
      this.names = [...subscription.topics].sort()
      await cluster.refresh(
        this.names,
        this.names.some((name) => cluster.metadata.topic(name) === undefined),
      )
    } else {
      await cluster.refresh('all')
      if (!isResolvedByBroker(subscription)) this.names = this.matching(subscription.pattern)
    }
  }

  /** From now on, a change in these is told; undefined: others look after them. */
  watch(topics: ReadonlySet<string> | undefined): void {
    this.watched = topics && new Map([...topics].map((name) => [name, this.shapeOf(name)]))
    this.arm()
  }

  stop(): void {
    this.stopped = true
    this.timer?.cancel()
  }

  private arm(): void {
    this.timer?.cancel()
    if (this.stopped || isResolvedByBroker(this.subscription)) return
    this.timer = this.cluster.context.clock.after(this.options.metadataMaxAgeMs, () => void this.look())
  }

  private async look(): Promise<void> {
    const { subscription, cluster } = this
    try {
      const own = 'pattern' in subscription ? 'all' : [...new Set([...this.names, ...(this.watched?.keys() ?? [])])]
      await cluster.refresh(own)
      if (own === 'all' && this.watched) {
        const others = [...this.watched.keys()].filter((name) => cluster.metadata.topic(name) === undefined)
        if (others.length > 0) await cluster.refresh(others)
      }
      this.compare()
    } catch (error) {
      if (!this.stopped) cluster.context.log.debug('metadata could not be read', { error: String(error) })
    }
    this.arm()
  }

  private compare(): void {
    const { subscription, watched } = this
    if ('pattern' in subscription) {
      const now = this.matching(subscription.pattern)
      if (now.length !== this.names.length || now.some((name, i) => name !== this.names[i])) {
        return this.changed('other topics match the pattern')
      }
    }
    for (const [name, shape] of watched ?? []) {
      const now = this.shapeOf(name)
      if (now !== shape) return this.changed(`${name} has partitions ${now}, not ${shape}`)
    }
  }

  /** What an assignment depends on: the partitions and, for a member that tells its rack, those of the replicas. */
  private shapeOf(topic: string): string {
    const { metadata } = this.cluster
    const count = metadata.topic(topic)?.partitions.length ?? 0
    if (this.options.rackId === undefined) return String(count)
    return JSON.stringify(Array.from({ length: count }, (_, partition) => metadata.racks(topic, partition).sort()))
  }

  private matching(pattern: RegExp): string[] {
    const { metadata } = this.cluster
    return metadata.topicNames.filter((name) => !metadata.topic(name)!.isInternal && name.search(pattern) !== -1).sort()
  }
}

export function isResolvedByBroker(
  subscription: Subscription,
): subscription is Extract<Subscription, { pattern: RegExp }> & { resolvedBy: 'broker' } {
  return 'pattern' in subscription && subscription.resolvedBy === 'broker'
}

/** For RE2, which takes a pattern for the whole of a name. */
export function re2Of({ source, ignoreCase }: RegExp): string {
  const isWhole = source.startsWith('^') && source.endsWith('$')
  return `${ignoreCase ? '(?i)' : ''}${isWhole ? source : `.*(?:${source}).*`}`
}
