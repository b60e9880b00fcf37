/** AdminPort on the wire: each call asks the broker that can answer it, and reads its answer entry by entry. */
import { ErrorCode, messages, ZERO_UUID, type Api, type Decoded, type Shape } from '../../protocol/index.js'
import type { Body } from '../../net/index.js'
import { groupBy } from '../group-by.js'
import type { AdminPort } from '../port.js'
import { Cluster } from './cluster.js'
import type { WireContext } from './context.js'
import { errorOfCode, throwCode } from './errors.js'
import { committedOffsets, listOffsets } from './offsets.js'

const TOPIC = 2
const SET = 0
/** Time in which an answer that may pass is asked for again. */
const PATIENCE_MS = 15_000

export class WireAdminPort implements AdminPort {
  private readonly cluster: Cluster

  constructor(context: WireContext) {
    this.cluster = new Cluster(context)
  }

  connect(): Promise<void> {
    return this.cluster.connect()
  }

  createTopics: AdminPort['createTopics'] = async (topics, timeoutMs) => {
    const answer = await this.askController(
      messages.createTopics,
      {
        topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
          name,
          numPartitions: partitions,
          replicationFactor,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        })),
        timeoutMs,
      },
      timeoutMs,
      ({ topics: all }) => throwFirst(all.filter(({ errorCode }) => errorCode === ErrorCode.NOT_CONTROLLER)),
    )
    return topics.map(({ name }) => {
      const { errorCode, errorMessage } = answer.topics.find((each) => each.name === name)!
      if (errorCode === ErrorCode.NONE) return { name, created: true }
      if (errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return { name, created: false }
      return { name, created: false, error: errorOfCode(errorCode, name, errorMessage) }
    })
  }

  deleteTopics: AdminPort['deleteTopics'] = async (names, timeoutMs) => {
    await this.askController(
      messages.deleteTopics,
      (version) =>
        version >= 6
          ? { topics: names.map((name) => ({ name, topicId: ZERO_UUID })), timeoutMs }
          : { topicNames: names, timeoutMs },
      timeoutMs,
      ({ responses }) => throwFirst(responses),
    )
    for (const name of names) this.cluster.metadata.forget(name)
  }

  createPartitions: AdminPort['createPartitions'] = async (topic, count, timeoutMs) => {
    await this.askController(
      messages.createPartitions,
      { topics: [{ name: topic, count, assignments: null }], timeoutMs, validateOnly: false },
      timeoutMs,
      ({ results }) => throwFirst(results),
    )
  }

  listTopics: AdminPort['listTopics'] = async () => {
    await this.refresh('all')
    return this.cluster.metadata.topicNames
  }

  describeTopics: AdminPort['describeTopics'] = async (names) => {
    if (names.length === 0) return []
    await this.refresh(names)
    return names.flatMap((name) => {
      const topic = this.cluster.metadata.topic(name)
      if (topic === undefined) return []
      return [
        { name, partitions: topic.partitions.length, replicationFactor: topic.partitions[0]?.replicas.length ?? 0 },
      ]
    })
  }

  topicConfigs: AdminPort['topicConfigs'] = async (names) => {
    const answer = await this.askController(
      messages.describeConfigs,
      { resources: names.map((resourceName) => ({ resourceType: TOPIC, resourceName, configurationKeys: null })) },
      undefined,
      ({ results }) => throwFirst(results.map((each) => ({ ...each, name: each.resourceName }))),
    )
    return new Map(
      answer.results.map(({ resourceName, configs }) => [
        resourceName,
        Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])),
      ]),
    )
  }

  alterTopicConfigs: AdminPort['alterTopicConfigs'] = async (topic, configs) => {
    const entries = Object.entries(configs).map(([name, value]) => ({ name, configOperation: SET, value }))
    await this.askController(
      messages.incrementalAlterConfigs,
      { resources: [{ resourceType: TOPIC, resourceName: topic, configs: entries }], validateOnly: false },
      undefined,
      ({ responses }) => throwFirst(responses.map((each) => ({ ...each, name: each.resourceName }))),
    )
  }

  committedOffsets: AdminPort['committedOffsets'] = async (groupId, partitions, options) => {
    const found = await committedOffsets(this.cluster, groupId, partitions, PATIENCE_MS, options?.requireStable)
    return found.map(({ leaderEpoch, ...each }) => (leaderEpoch < 0 ? each : { ...each, leaderEpoch }))
  }

  listOffsets: AdminPort['listOffsets'] = async (partitions, at, isolation = 'read_uncommitted') => {
    if (partitions.length === 0) return []
    const where = typeof at === 'string' ? at : at.timestampMs
    const found = await this.cluster.retrying(PATIENCE_MS, () =>
      listOffsets(this.cluster, partitions, where, isolation),
    )
    return found.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
  }

  deleteRecords: AdminPort['deleteRecords'] = async (topic, before) => {
    await this.cluster.retrying(PATIENCE_MS, async () => {
      const led: { partition: number; offset: number; nodeId: number }[] = []
      for (const entry of before) led.push({ ...entry, nodeId: await this.cluster.leader(topic, entry.partition) })
      const timeoutMs = this.cluster.requestTimeoutMs
      const answers = await Promise.all(
        [...groupBy(led, ({ nodeId }) => nodeId)].map(([nodeId, group]) => {
          const partitions = group.map(({ partition, offset }) => ({ partitionIndex: partition, offset }))
          return this.cluster
            .peer(nodeId)
            .send(messages.deleteRecords, { topics: [{ name: topic, partitions }], timeoutMs })
        }),
      )
      const told = answers.flatMap((answer) => answer.topics.flatMap(({ partitions }) => partitions))
      const failed = told.find(({ errorCode }) => errorCode !== ErrorCode.NONE)
      if (failed === undefined) return
      await this.cluster.refresh([topic])
      throwCode(failed.errorCode, { topic, partition: failed.partitionIndex })
    })
  }

  describeCluster: AdminPort['describeCluster'] = async () => {
    await this.refresh([])
    const { clusterId, brokers } = this.cluster.metadata
    return { clusterId, brokers: [...brokers.values()].map(({ nodeId, host, port }) => ({ nodeId, host, port })) }
  }

  async close(): Promise<void> {
    this.cluster.close()
  }

  private refresh(names: readonly string[] | 'all'): Promise<void> {
    return this.cluster.retrying(PATIENCE_MS, () => this.cluster.refresh(names))
  }

  /** Every request here may be repeated: what was done already is then refused, and that is told. */
  private askController<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    body: Body<Req>,
    timeoutMs: number | undefined,
    check: (answer: Decoded<Res>) => void,
  ): Promise<Decoded<Res>> {
    const { cluster } = this
    return cluster.retrying(PATIENCE_MS, async () => {
      await cluster.connect()
      const { brokers, controllerId } = cluster.metadata
      // the broker waits so long before it answers
      const options = timeoutMs === undefined ? {} : { timeoutMs: timeoutMs + cluster.requestTimeoutMs }
      const answer = await (brokers.has(controllerId)
        ? cluster.peer(controllerId).send(api, body, options)
        : cluster.askAny(api, body, options))
      try {
        check(answer)
      } catch (error) {
        await cluster.refresh([])
        throw error
      }
      return answer
    })
  }
}

function throwFirst(
  answers: readonly { name: string | null; errorCode: number; errorMessage?: string | null }[],
): void {
  const failed = answers.find(({ errorCode }) => errorCode !== ErrorCode.NONE)
  if (failed) throwCode(failed.errorCode, failed.name ?? undefined, failed.errorMessage)
}
