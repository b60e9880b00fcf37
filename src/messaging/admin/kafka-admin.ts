/**
 * Topics as they are declared, Spring's `KafkaAdmin`: those that are missing are created, those with fewer partitions than
 * declared grow, configs are changed only when asked. Nothing is ever made smaller or deleted by declaring.
 */
import type { Log } from '../../base/log.js'
import { DriverError } from '../../client/port.js'
import type { AdminPort, NewTopic } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import type { Topic } from '../../model/index.js'
import { kafkaErrorFrom } from '../driver-errors.js'

export interface KafkaAdminOptions {
  readonly operationTimeoutMs: number
  readonly modifyTopicConfigs: boolean
  readonly topicFilter?: ((topic: Topic<unknown, unknown>) => boolean) | undefined
}

/** A topic as the cluster has it. */
export interface TopicDescription {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
}

type AnyTopic = Topic<unknown, unknown>

/** Topics of the cluster, Spring's `KafkaAdmin`. Rejects with a KafkaError that says what could not be done. */
export class KafkaAdmin {
  constructor(
    private readonly port: () => Promise<AdminPort>,
    private readonly options: KafkaAdminOptions,
    private readonly log: Log,
  ) {}

  /** Idempotent. A topic that another process creates at the same time is fine. Rejects with a KafkaError naming the topic. */
  async createOrModifyTopics(...topics: readonly AnyTopic[]): Promise<void> {
    const declared = mergeDeclarations(topics).filter((topic) => this.options.topicFilter?.(topic) !== false)
    if (declared.length === 0) return
    const existing = new Map((await this.describeTopics(...declared.map(({ name }) => name))).map((t) => [t.name, t]))
    await this.create(declared.filter(({ name }) => !existing.has(name)))
    for (const topic of declared) {
      const found = existing.get(topic.name)
      if (found !== undefined) await this.grow(topic, found.partitions)
    }
    if (this.options.modifyTopicConfigs) await this.alignConfigs(declared.filter(({ name }) => existing.has(name)))
  }

  /** Topics that do not exist are left out. */
  describeTopics(...names: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.call((port) => port.describeTopics(names), `topics ${names.join(', ')} can't be described`)
  }

  /** Rejects with a KafkaError of kind `protocol` when one of them does not exist. */
  deleteTopics(...names: readonly string[]): Promise<void> {
    return this.call(
      (port) => port.deleteTopics(names, this.options.operationTimeoutMs),
      `topics ${names.join(', ')} can't be deleted`,
    )
  }

  /** As the brokers tell it. */
  async clusterId(): Promise<string> {
    const { clusterId } = await this.call((port) => port.describeCluster(), "the cluster can't be described")
    return clusterId
  }

  private async create(topics: readonly AnyTopic[]): Promise<void> {
    if (topics.length === 0) return
    const results = await this.call(
      (port) => port.createTopics(topics.map(newTopic), this.options.operationTimeoutMs),
      `topics ${topics.map(({ name }) => name).join(', ')} can't be created`,
    )
    for (const { name, created, error } of results) {
      if (created) this.log.info(`topic ${name} created`)
      else if (error !== undefined && error.code !== 'TOPIC_ALREADY_EXISTS') {
        throw kafkaErrorFrom(error, `topic ${name} can't be created`)
      }
    }
  }

  private async grow({ name, partitions }: AnyTopic, found: number): Promise<void> {
    if (partitions === undefined || partitions === found) return
    if (partitions < found) {
      this.log.debug(`topic ${name} has ${found} partitions, more than the ${partitions} declared: left as it is`)
      return
    }
    await this.call(
      (port) => port.createPartitions(name, partitions, this.options.operationTimeoutMs),
      `topic ${name} can't grow to ${partitions} partitions`,
    )
    this.log.info(`topic ${name} grew from ${found} to ${partitions} partitions`)
  }

  private async alignConfigs(topics: readonly AnyTopic[]): Promise<void> {
    const wanted = topics.filter(({ configs }) => Object.keys(configs).length > 0)
    if (wanted.length === 0) return
    const names = wanted.map(({ name }) => name)
    const current = await this.call((port) => port.topicConfigs(names), `configs of ${names.join(', ')} can't be read`)
    for (const { name, configs } of wanted) {
      const differing = Object.entries(configs).filter(([key, value]) => current.get(name)?.[key] !== value)
      if (differing.length === 0) continue
      await this.call(
        (port) => port.alterTopicConfigs(name, Object.fromEntries(differing)),
        `configs of topic ${name} can't be changed`,
      )
      this.log.info(`topic ${name}: ${differing.map(([key, value]) => `${key}=${value}`).join(', ')}`)
    }
  }

  private async call<T>(ask: (port: AdminPort) => Promise<T>, failure: string): Promise<T> {
    try {
      return await ask(await this.port())
    } catch (error) {
      throw error instanceof DriverError ? kafkaErrorFrom(error, failure) : error
    }
  }
}

function newTopic({ name, partitions, replicationFactor, configs }: AnyTopic): NewTopic {
  return { name, partitions: partitions ?? -1, replicationFactor: replicationFactor ?? -1, configs }
}

/** The same topic may be declared in several places, as long as they agree. */
export function mergeDeclarations(topics: readonly AnyTopic[]): readonly AnyTopic[] {
  const byName = new Map<string, AnyTopic>()
  for (const topic of topics) {
    const other = byName.get(topic.name)
    if (other === undefined) byName.set(topic.name, topic)
    else if (
      other.partitions !== topic.partitions &&
      other.partitions !== undefined &&
      topic.partitions !== undefined
    ) {
      throw new KafkaError(
        'config',
        `topic ${topic.name} is declared with ${other.partitions} and with ${topic.partitions} partitions: make them agree`,
      )
    } else if (other.partitions === undefined) byName.set(topic.name, topic)
  }
  return [...byName.values()]
}
