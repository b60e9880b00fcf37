/** Topics and their records: AdminClient's calls about them. */
import type { TopicPartition } from '../../../model/index.js'
import { ErrorCode, messages, ZERO_UUID, type DecodedOf } from '../../../protocol/index.js'
import { DriverError } from '../../port.js'
import { errorOfCode } from '../errors.js'
import { byTopic } from '../offsets.js'
import { answers, valueOr, type Answer } from './answer.js'
import { operationsIn, type AclOperation } from './codes.js'
import { toConfigEntry, type ConfigEntry } from './configs.js'
import type { AdminRequests } from './requests.js'

/** Names, or ids in Kafka's 22 characters. */
export type TopicCollection = { readonly topicNames: readonly string[] } | { readonly topicIds: readonly string[] }

/** What a `TopicCollection` names: the one that was given. */
export interface TopicKey {
  readonly name?: string | undefined
  readonly topicId?: string | undefined
}

/** Java's `NewTopic`. */
export interface TopicToCreate {
  readonly name: string
  /** Default: the broker's `num.partitions`. */
  readonly numPartitions?: number | undefined
  /** Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number | undefined
  /** Broker ids by partition; instead of the two counts. */
  readonly replicasAssignments?: Readonly<Record<number, readonly number[]>> | undefined
  readonly configs?: Readonly<Record<string, string>> | undefined
}

export interface CreatedTopic {
  readonly topicId: string
  readonly numPartitions: number
  readonly replicationFactor: number
  /** undefined when we may not see them. */
  readonly config: readonly ConfigEntry[] | undefined
}

export interface TopicListing {
  readonly name: string
  readonly topicId: string
  readonly isInternal: boolean
}

export interface TopicPartitionInfo {
  readonly partition: number
  /** undefined: none at the moment. */
  readonly leader: number | undefined
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
  /** Eligible leader replicas (KIP-966); undefined from brokers that do not tell. */
  readonly elr: readonly number[] | undefined
  readonly lastKnownElr: readonly number[] | undefined
}

export interface TopicDescription extends TopicListing {
  readonly partitions: readonly TopicPartitionInfo[]
  readonly authorizedOperations: readonly AclOperation[] | undefined
}

export interface NewPartitions {
  readonly name: string
  readonly totalCount: number
  /** Broker ids of each new partition. */
  readonly newAssignments?: readonly (readonly number[])[] | undefined
}

/** Java's `OffsetSpec`. */
export type OffsetSpec =
  | 'earliest'
  | 'latest'
  | 'maxTimestamp'
  /** The earliest that is on the broker's own disk (KIP-405). */
  | 'earliestLocal'
  /** The latest that is in tiered storage (KIP-1005). */
  | 'latestTiered'
  /** The earliest that is not in tiered storage yet (KIP-1023). */
  | 'earliestPendingUpload'
  /** The first record that is not older. */
  | { readonly timestampMs: number }

export interface ListOffsetsResultInfo {
  /** -1: there is no such record. */
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

/** Number on the wire, and the first version of ListOffsets that has it. */
const OFFSET_SPECS = {
  latest: [-1, 1],
  earliest: [-2, 1],
  maxTimestamp: [-3, 7],
  earliestLocal: [-4, 8],
  latestTiered: [-5, 9],
  earliestPendingUpload: [-6, 11],
} as const

const PARTITIONS_A_PAGE = 2_000

type PartitionAnswer = DecodedOf<
  typeof messages.describeTopicPartitions.response
>['topics'][number]['partitions'][number]

export function topicAdmin(requests: AdminRequests) {
  const requestTimeoutMs = requests.cluster.requestTimeoutMs

  return {
    /** Creates topics. */
    async createTopics(
      topics: readonly TopicToCreate[],
      options: { readonly timeoutMs?: number | undefined; readonly validateOnly?: boolean | undefined } = {},
    ): Promise<Answer<TopicToCreate, CreatedTopic>[]> {
      const { timeoutMs = requestTimeoutMs, validateOnly = false } = options
      const got = await requests.each('CreateTopics', topics, {
        target: () => undefined,
        ask: async (peer, asked) => {
          const body = { topics: asked.map(topicDraft), timeoutMs, validateOnly }
          const answer = await peer.send(messages.createTopics, body, { timeoutMs: timeoutMs + requestTimeoutMs })
          return asked.map(({ name }) => {
            const told = answer.topics.find((topic) => topic.name === name)!
            return valueOr(told.errorCode, name, told.errorMessage, () => {
              const { topicId, numPartitions, replicationFactor, configs } = told
              return { topicId, numPartitions, replicationFactor, config: configs?.map(toConfigEntry) }
            })
          })
        },
      })
      return answers(topics, got)
    },

    async deleteTopics(
      topics: TopicCollection,
      options: { readonly timeoutMs?: number | undefined } = {},
    ): Promise<Answer<TopicKey>[]> {
      const { timeoutMs = requestTimeoutMs } = options
      const keys = topicKeys(topics)
      const got = await requests.each('DeleteTopics', keys, {
        target: () => undefined,
        ask: async (peer, asked) => {
          const answer = await peer.send(
            messages.deleteTopics,
            (version) => {
              if (version >= 6) return { topics: asked.map(idOrName), timeoutMs }
              if ('topicIds' in topics) throw tooOld('topics by id')
              return { topics: [], topicNames: asked.map(({ name }) => name!), timeoutMs }
            },
            { timeoutMs: timeoutMs + requestTimeoutMs },
          )
          return asked.map((key) => {
            const told = answer.responses.find((each) => isKeyOf(key, each))!
            return valueOr(told.errorCode, key.name ?? key.topicId, told.errorMessage, () => ({}))
          })
        },
        // a name that is unknown is told at once, as in Java
      })
      for (const { name } of keys) if (name !== undefined) requests.cluster.metadata.forget(name)
      return answers(keys, got)
    },

    async listTopics(options: { readonly listInternal?: boolean | undefined } = {}): Promise<TopicListing[]> {
      const answer = await requests.ask(messages.metadata, (version) => ({
        topics: version === 0 ? [] : null,
        allowAutoTopicCreation: version < 4,
      }))
      return answer.topics
        .filter(({ isInternal }) => options.listInternal === true || !isInternal)
        .map(({ name, topicId, isInternal }) => ({ name: name!, topicId, isInternal }))
    },

    async describeTopics(
      topics: TopicCollection,
      options: { readonly includeAuthorizedOperations?: boolean | undefined } = {},
    ): Promise<Answer<TopicKey, TopicDescription>[]> {
      const keys = topicKeys(topics)
      const withOperations = options.includeAuthorizedOperations ?? false
      const got = await requests.each('DescribeTopicPartitions', keys, {
        target: () => undefined,
        ask: async (peer, asked) => {
          await peer.ready()
          const isPaged = 'topicNames' in topics && peer.versions!.ranges.has(messages.describeTopicPartitions.key)
          const told = isPaged ? await byPages() : await byMetadata()
          return asked.map((key) => {
            const topic = told.find((each) => isKeyOf(key, each))!
            return valueOr(topic.errorCode, key.name ?? key.topicId, undefined, () => ({
              name: topic.name!,
              topicId: topic.topicId,
              isInternal: topic.isInternal,
              partitions: topic.partitions.map(toPartitionInfo).toSorted((a, b) => a.partition - b.partition),
              authorizedOperations: withOperations ? operationsIn(topic.topicAuthorizedOperations) : undefined,
            }))
          })

          async function byPages() {
            type Answered = DecodedOf<typeof messages.describeTopicPartitions.response>
            const all = new Map<string | null, Answered['topics'][number]>()
            let cursor: Answered['nextCursor'] = null
            const names = asked.map(({ name }) => ({ name: name! })).toSorted((a, b) => (a.name < b.name ? -1 : 1))
            do {
              const page: Answered = await peer.send(messages.describeTopicPartitions, {
                topics: names,
                responsePartitionLimit: PARTITIONS_A_PAGE,
                cursor,
              })
              for (const topic of page.topics) {
                const before = all.get(topic.name)
                all.set(
                  topic.name,
                  before ? { ...topic, partitions: [...before.partitions, ...topic.partitions] } : topic,
                )
              }
              cursor = page.nextCursor
            } while (cursor)
            return [...all.values()]
          }

          async function byMetadata() {
            const answer = await peer.send(messages.metadata, (version) => {
              if ('topicIds' in topics && version < 12) throw tooOld('topics by id')
              return {
                topics: asked.map(idOrName),
                allowAutoTopicCreation: version < 4,
                includeTopicAuthorizedOperations: withOperations && version >= 8,
              }
            })
            return answer.topics.map((topic) => ({
              ...topic,
              partitions: topic.partitions.map((each) => ({
                ...each,
                eligibleLeaderReplicas: null,
                lastKnownElr: null,
              })),
            }))
          }
        },
      })
      return answers(keys, got)
    },

    async createPartitions(
      newPartitions: readonly NewPartitions[],
      options: { readonly timeoutMs?: number | undefined; readonly validateOnly?: boolean | undefined } = {},
    ): Promise<Answer<NewPartitions>[]> {
      const { timeoutMs = requestTimeoutMs, validateOnly = false } = options
      const got = await requests.each('CreatePartitions', newPartitions, {
        target: () => undefined,
        ask: async (peer, asked) => {
          const topics = asked.map(({ name, totalCount, newAssignments }) => ({
            name,
            count: totalCount,
            assignments: newAssignments?.map((brokerIds) => ({ brokerIds: [...brokerIds] })) ?? null,
          }))
          const body = { topics, timeoutMs, validateOnly }
          const answer = await peer.send(messages.createPartitions, body, { timeoutMs: timeoutMs + requestTimeoutMs })
          return asked.map(({ name }) => {
            const told = answer.results.find((each) => each.name === name)!
            return valueOr(told.errorCode, name, told.errorMessage, () => ({}))
          })
        },
      })
      return answers(newPartitions, got)
    },

    /** Everything before these offsets; -1 is the end of the log. */
    async deleteRecords(
      recordsToDelete: readonly (TopicPartition & { readonly beforeOffset: number })[],
    ): Promise<Answer<TopicPartition, { readonly lowWatermark: number }>[]> {
      const got = await requests.each('DeleteRecords', recordsToDelete, {
        target: (item) => item,
        ask: async (peer, asked) => {
          const topics = byTopic(asked, ({ partition, beforeOffset }) => ({
            partitionIndex: partition,
            offset: beforeOffset,
          }))
          const answer = await peer.send(messages.deleteRecords, { topics, timeoutMs: requestTimeoutMs })
          return asked.map((at) => {
            const { errorCode, lowWatermark } = partitionOf(answer.topics, at)
            return valueOr(errorCode, at, undefined, () => ({ lowWatermark }))
          })
        },
      })
      return answers(
        recordsToDelete.map(({ topic, partition }) => ({ topic, partition })),
        got,
      )
    },

    async listOffsets(
      partitions: readonly (TopicPartition & { readonly spec: OffsetSpec })[],
      options: { readonly isolationLevel?: 'read_uncommitted' | 'read_committed' | undefined } = {},
    ): Promise<Answer<TopicPartition & { readonly spec: OffsetSpec }, ListOffsetsResultInfo>[]> {
      const isolationLevel = options.isolationLevel === 'read_committed' ? 1 : 0
      const got = await requests.each('ListOffsets', partitions, {
        target: (item) => item,
        ask: async (peer, asked) => {
          // a partition may stand in a request once
          const rounds: (typeof asked)[number][][] = []
          for (const item of asked) {
            const free = rounds.find((round) => !round.some((other) => isSamePartition(other, item)))
            if (free) free.push(item)
            else rounds.push([item])
          }
          const told = new Map<(typeof asked)[number], ListOffsetsResultInfo | DriverError>()
          for (const round of rounds) {
            const answer = await peer.send(messages.listOffsets, (version) => ({
              replicaId: -1,
              isolationLevel,
              topics: byTopic(round, ({ partition, spec }) => ({
                partitionIndex: partition,
                timestamp: timestampOf(spec, version),
              })),
              timeoutMs: requestTimeoutMs,
            }))
            for (const item of round) {
              const { errorCode, offset, timestamp, leaderEpoch } = partitionOf(answer.topics, item)
              told.set(
                item,
                valueOr(errorCode, item, undefined, () => ({ offset, timestamp, leaderEpoch })),
              )
            }
          }
          return asked.map((item) => told.get(item)!)
        },
      })
      return answers(partitions, got)
    },
  }
}

function topicDraft({ name, numPartitions, replicationFactor, replicasAssignments, configs = {} }: TopicToCreate) {
  const assignments = Object.entries(replicasAssignments ?? {}).map(([partition, brokerIds]) => ({
    partitionIndex: Number(partition),
    brokerIds: [...brokerIds],
  }))
  return {
    name,
    numPartitions: numPartitions ?? -1,
    replicationFactor: replicationFactor ?? -1,
    assignments,
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  }
}

function topicKeys(topics: TopicCollection): TopicKey[] {
  return 'topicNames' in topics
    ? topics.topicNames.map((name) => ({ name }))
    : topics.topicIds.map((topicId) => ({ topicId }))
}

const idOrName = ({ name, topicId }: TopicKey) => ({ name: name ?? null, topicId: topicId ?? ZERO_UUID })

function isKeyOf(key: TopicKey, topic: { name: string | null; topicId: string }): boolean {
  return key.topicId === undefined ? topic.name === key.name : topic.topicId === key.topicId
}

function isSamePartition(a: TopicPartition, b: TopicPartition): boolean {
  return a.topic === b.topic && a.partition === b.partition
}

function timestampOf(spec: OffsetSpec, version: number): number {
  if (typeof spec === 'object') return spec.timestampMs
  const [timestamp, since] = OFFSET_SPECS[spec]
  if (version < since) throw tooOld(`the offset '${spec}'`)
  return timestamp
}

function toPartitionInfo(told: PartitionAnswer): TopicPartitionInfo {
  return {
    partition: told.partitionIndex,
    leader: told.leaderId < 0 ? undefined : told.leaderId,
    leaderEpoch: told.leaderEpoch,
    replicas: told.replicaNodes,
    isr: told.isrNodes,
    offlineReplicas: told.offlineReplicas,
    elr: told.eligibleLeaderReplicas ?? undefined,
    lastKnownElr: told.lastKnownElr ?? undefined,
  }
}

/** The partition's entry in an answer by topics; every one that was asked for is answered. */
export function partitionOf<P extends { partitionIndex: number }>(
  topics: readonly { readonly name: string; readonly partitions: readonly P[] }[],
  { topic, partition }: TopicPartition,
): P {
  const found = topics
    .find(({ name }) => name === topic)
    ?.partitions.find(({ partitionIndex }) => partitionIndex === partition)
  if (found === undefined) throw errorOfCode(ErrorCode.UNKNOWN_SERVER_ERROR, { topic, partition }, 'not answered')
  return found
}

export function tooOld(what: string): DriverError {
  return new DriverError('fatal', `this broker does not know ${what}`, 'UNSUPPORTED_VERSION')
}
