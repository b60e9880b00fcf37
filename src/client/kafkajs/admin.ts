/** AdminPort on kafkajs's Broker: each call asks the broker that can answer it, and reads its answer entry by entry. */
import { sleep } from '../../base/clock.js'
import { ErrorCode } from '../../protocol/errors.js'
import type { AdminPort, NewTopic } from '../port.js'
import { backOff } from '../backoff.js'
import { KafkajsClient } from './client.js'
import type { KafkajsContext } from './context.js'
import { endsWithin } from '../deadline.js'
import { errorOfCode } from '../error-of-code.js'
import { codeOf, toDriverError } from './errors.js'
import { byLeader, byTopic, entries, listOffsets } from './list-offsets.js'
import {
  loadKafkajs,
  type ConfigAnswer,
  type KafkajsBroker,
  type KafkajsCluster,
  type MetadataAnswer,
  type TopicError,
} from './vendor.js'

const TOPIC = 2
/** What a topic sets itself, in DescribeConfigs. */
const TOPIC_CONFIG = 1
const NO_OFFSET = -1
const RETRIES = 5
const CLOSE_MS = 2_000

export class KafkajsAdmin implements AdminPort {
  private client: KafkajsClient | undefined
  private cluster: KafkajsCluster | undefined

  constructor(private readonly context: KafkajsContext) {}

  async connect(): Promise<void> {
    try {
      await this.connected()
    } catch (error) {
      throw toDriverError(error)
    }
  }

  createTopics: AdminPort['createTopics'] = async (topics, timeoutMs) => {
    const request = { topics: topics.map(toKafkajsTopic), timeout: timeoutMs }
    const { topicErrors } = await this.askController(async (broker) => {
      const answer = await broker.createTopics(request)
      throwFirst(answer.topicErrors.filter(({ errorCode }) => errorCode === ErrorCode.NOT_CONTROLLER))
      return answer
    })
    return topics.map(({ name }) => {
      const code = topicErrors.find((answer) => answer.topic === name)?.errorCode ?? ErrorCode.NONE
      if (code === ErrorCode.NONE) return { name, created: true }
      if (code === ErrorCode.TOPIC_ALREADY_EXISTS) return { name, created: false }
      return { name, created: false, error: errorOfCode(code, name, messageOf(topicErrors, name)) }
    })
  }

  deleteTopics: AdminPort['deleteTopics'] = async (names, timeoutMs) => {
    const request = { topics: [...names], timeout: timeoutMs }
    await this.askController(async (broker) => throwFirst((await broker.deleteTopics(request)).topicErrors))
  }

  createPartitions: AdminPort['createPartitions'] = async (topic, count, timeoutMs) => {
    const request = { topicPartitions: [{ topic, count }], timeout: timeoutMs }
    await this.askController(async (broker) => throwFirst((await broker.createPartitions(request)).topicErrors))
  }

  listTopics: AdminPort['listTopics'] = async () => {
    return (await this.metadata([])).topicMetadata.map((topic) => topic.topic)
  }

  describeTopics: AdminPort['describeTopics'] = async (names) => {
    if (names.length === 0) return []
    const { topicMetadata } = await this.metadata(names)
    return names.flatMap((name) => {
      const found = topicMetadata.find((topic) => topic.topic === name)
      if (found === undefined) return []
      const [first] = found.partitionMetadata
      return [{ name, partitions: found.partitionMetadata.length, replicationFactor: first?.replicas.length ?? 0 }]
    })
  }

  topicConfigs: AdminPort['topicConfigs'] = async (names) => {
    const resources = await this.configs(names)
    return new Map(
      resources.map(({ resourceName, configEntries = [] }) => [
        resourceName,
        Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue ?? ''])),
      ]),
    )
  }

  /** Not atomic: kafkajs only knows the request that replaces all configs of a topic, so those it has are read first. */
  alterTopicConfigs: AdminPort['alterTopicConfigs'] = async (topic, configs) => {
    const [resource] = await this.configs([topic])
    const own = (resource?.configEntries ?? [])
      .filter((entry) => entry.configSource === TOPIC_CONFIG && entry.configValue !== null)
      .map((entry) => [entry.configName, entry.configValue] as const)
    const configEntries = Object.entries({ ...Object.fromEntries(own), ...configs }).map(([name, value]) => ({
      name,
      value,
    }))
    const request = { resources: [{ type: TOPIC, name: topic, configEntries }], validateOnly: false }
    await this.askController(async (broker) => throwFirstConfig((await broker.alterConfigs(request)).resources))
  }

  committedOffsets: AdminPort['committedOffsets'] = async (groupId, partitions) => {
    if (partitions.length === 0) return []
    const { responses } = await this.ask(async () => {
      const coordinator = await (await this.connected()).findGroupCoordinator({ groupId })
      return coordinator.offsetFetch({ groupId, topics: byTopic(partitions) })
    })
    return responses.flatMap(({ topic, partitions: told }) =>
      told
        .filter((entry) => Number(entry.offset) !== NO_OFFSET)
        .map(({ partition, offset, metadata }) => ({ topic, partition, offset: Number(offset), metadata })),
    )
  }

  listOffsets: AdminPort['listOffsets'] = async (partitions, at, isolation = 'read_uncommitted') => {
    const timestamp = typeof at === 'string' ? at : at.timestampMs
    return this.ask(async () => listOffsets(await this.connected(), partitions, timestamp, isolation))
  }

  deleteRecords: AdminPort['deleteRecords'] = async (topic, before) => {
    const offsets = new Map(before.map(({ partition, offset }) => [partition, String(offset)]))
    const partitions = before.map(({ partition }) => ({ topic, partition }))
    await this.ask(async () => {
      const cluster = await this.connected()
      const groups = await byLeader(cluster, partitions)
      const requests = [...groups].map(async ([nodeId, group]) => {
        const broker = await cluster.findBroker({ nodeId })
        const topics = byTopic(group, ({ partition }) => ({ offset: offsets.get(partition) }))
        return broker.deleteRecords({ topics, timeout: 30_000 })
      })
      entries((await Promise.all(requests)).flatMap((answer) => answer.topics))
    })
  }

  describeCluster: AdminPort['describeCluster'] = async () => {
    const { clusterId, brokers } = await this.metadata([])
    return { clusterId, brokers: brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port })) }
  }

  async close(): Promise<void> {
    if (this.cluster) await endsWithin(this.context.clock, CLOSE_MS, this.cluster.disconnect())
    this.client?.destroy()
  }

  // ── asking ──

  private async connected(): Promise<KafkajsCluster> {
    if (this.cluster === undefined) {
      const kafkajs = await loadKafkajs()
      this.client ??= new KafkajsClient(kafkajs, this.context)
      this.cluster ??= this.client.cluster({ allowAutoTopicCreation: false })
    }
    const { cluster } = this
    if (!cluster.isConnected()) {
      await cluster.connect()
      await cluster.refreshMetadata()
    }
    return cluster
  }

  /** Every request here may be repeated: what was done already is then refused, and that is told. */
  private async ask<T>(attempt: () => Promise<T>): Promise<T> {
    const { clock, random } = this.context
    const wait = backOff(100, 1_000, random)
    for (let retries = RETRIES; ; retries--) {
      try {
        return await attempt()
      } catch (error) {
        const failure = toDriverError(error)
        if (failure.kind !== 'retriable' || retries === 0) throw failure
        this.context.log.debug('asking again', { error: failure.message })
        if (codeOf(error) === ErrorCode.NOT_CONTROLLER) await this.cluster?.refreshMetadata().catch(() => {})
        await sleep(clock, wait.next())
      }
    }
  }

  private askController<T>(request: (broker: KafkajsBroker) => Promise<T>): Promise<T> {
    return this.ask(async () => request(await (await this.connected()).findControllerBroker()))
  }

  private metadata(topics: readonly string[]): Promise<MetadataAnswer> {
    return this.askController((broker) => broker.metadata([...topics]))
  }

  private async configs(names: readonly string[]): Promise<ConfigAnswer[]> {
    const request = { resources: names.map((name) => ({ type: TOPIC, name })), includeSynonyms: false }
    const { resources } = await this.askController((broker) => broker.describeConfigs(request))
    throwFirstConfig(resources)
    return resources
  }
}

const toKafkajsTopic = ({ name, partitions, replicationFactor, configs }: NewTopic): object => ({
  topic: name,
  numPartitions: partitions,
  replicationFactor,
  configEntries: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
})

const messageOf = (answers: readonly TopicError[], topic: string): string | null | undefined =>
  answers.find((answer) => answer.topic === topic)?.errorMessage

function throwFirst(answers: readonly TopicError[]): void {
  const failed = answers.find((answer) => answer.errorCode !== ErrorCode.NONE)
  if (failed) throw errorOfCode(failed.errorCode, failed.topic, failed.errorMessage)
}

function throwFirstConfig(resources: readonly ConfigAnswer[]): void {
  const failed = resources.find((resource) => resource.errorCode !== ErrorCode.NONE)
  if (failed) throw errorOfCode(failed.errorCode, failed.resourceName, failed.errorMessage)
}
