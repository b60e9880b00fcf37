/** Where replicas lie and who leads: log directories, elections, reassignments. */
import type { TopicPartition } from '../../../model/index.js'
import { ErrorCode, messages } from '../../../protocol/index.js'
import { DriverError } from '../../port.js'
import { errorOfCode } from '../errors.js'
import { byTopic } from '../offsets.js'
import { groupBy } from '../../group-by.js'
import { answers, valueOr, type Answer } from './answer.js'
import { electionTypes, type ElectionType } from './codes.js'
import type { AdminRequests } from './requests.js'
import { partitionOf } from './topics.js'

export interface TopicPartitionReplica extends TopicPartition {
  readonly brokerId: number
}

export interface ReplicaInfo extends TopicPartition {
  readonly size: number
  /** Behind the high watermark, or for a future replica behind the current one. */
  readonly offsetLag: number
  /** Takes the current one's place when it has caught up. */
  readonly isFuture: boolean
}

export interface LogDirDescription {
  readonly path: string
  readonly replicas: readonly ReplicaInfo[]
  /** undefined from brokers that do not tell. */
  readonly totalBytes: number | undefined
  readonly usableBytes: number | undefined
  readonly isCordoned: boolean
  readonly error: DriverError | undefined
}

export interface ReplicaLogDirInfo {
  readonly currentReplicaLogDir: string | undefined
  readonly currentReplicaOffsetLag: number
  readonly futureReplicaLogDir: string | undefined
  readonly futureReplicaOffsetLag: number
}

export interface PartitionReassignment extends TopicPartition {
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

type BrokerKey = { readonly brokerId: number }

export function replicaAdmin(requests: AdminRequests) {
  const requestTimeoutMs = requests.cluster.requestTimeoutMs

  async function logDirs(
    brokers: readonly number[],
    partitions?: readonly TopicPartition[],
  ): Promise<Answer<BrokerKey, { readonly logDirs: readonly LogDirDescription[] }>[]> {
    const keys = brokers.map((brokerId) => ({ brokerId }))
    const got = await requests.each('DescribeLogDirs', keys, {
      target: ({ brokerId }) => brokerId,
      ask: async (peer, [asked]) => {
        const topics = partitions
          ? byTopic(partitions, ({ partition }) => partition).map(({ name, partitions: all }) => ({
              topic: name,
              partitions: all,
            }))
          : null
        const answer = await peer.send(messages.describeLogDirs, { topics })
        return [
          valueOr(answer.errorCode, `broker ${asked!.brokerId}`, undefined, () => ({
            logDirs: answer.results.map((dir) => ({
              path: dir.logDir,
              replicas: dir.topics.flatMap(({ name, partitions: all }) =>
                all.map(({ partitionIndex, partitionSize, offsetLag, isFutureKey }) => ({
                  topic: name,
                  partition: partitionIndex,
                  size: partitionSize,
                  offsetLag,
                  isFuture: isFutureKey,
                })),
              ),
              totalBytes: dir.totalBytes < 0 ? undefined : dir.totalBytes,
              usableBytes: dir.usableBytes < 0 ? undefined : dir.usableBytes,
              isCordoned: dir.isCordoned,
              error: dir.errorCode === ErrorCode.NONE ? undefined : errorOfCode(dir.errorCode, dir.logDir),
            })),
          })),
        ]
      },
    })
    return answers(keys, got)
  }

  return {
    /** Log directories of these brokers. */
    describeLogDirs: (
      brokers: readonly number[],
    ): Promise<Answer<BrokerKey, { readonly logDirs: readonly LogDirDescription[] }>[]> => logDirs(brokers),

    async describeReplicaLogDirs(
      replicas: readonly TopicPartitionReplica[],
    ): Promise<Answer<TopicPartitionReplica, ReplicaLogDirInfo>[]> {
      const brokers = [...new Set(replicas.map(({ brokerId }) => brokerId))]
      const described = await logDirs(brokers, replicas)
      const byBroker = new Map(described.map((each) => [each.brokerId, each]))
      const got = replicas.map(({ topic, partition, brokerId }) => {
        const told = byBroker.get(brokerId)!
        if (told.error) return told.error
        const found = told.logDirs.flatMap(({ path, replicas: all }) =>
          all.filter((each) => each.topic === topic && each.partition === partition).map((each) => ({ path, ...each })),
        )
        const [current, future] = [found.find((each) => !each.isFuture), found.find((each) => each.isFuture)]
        return {
          currentReplicaLogDir: current?.path,
          currentReplicaOffsetLag: current?.offsetLag ?? -1,
          futureReplicaLogDir: future?.path,
          futureReplicaOffsetLag: future?.offsetLag ?? -1,
        }
      })
      return answers(replicas, got)
    },

    /** Moves replicas to other directories of their broker. */
    async alterReplicaLogDirs(
      assignment: readonly (TopicPartitionReplica & { readonly logDir: string })[],
    ): Promise<Answer<TopicPartitionReplica>[]> {
      const got = await requests.each('AlterReplicaLogDirs', assignment, {
        target: ({ brokerId }) => brokerId,
        ask: async (peer, asked) => {
          const dirs = [...groupBy(asked, ({ logDir }) => logDir)].map(([path, group]) => ({
            path,
            topics: byTopic(group, ({ partition }) => partition),
          }))
          const answer = await peer.send(messages.alterReplicaLogDirs, { dirs })
          const topics = answer.results.map(({ topicName, partitions }) => ({ name: topicName, partitions }))
          return asked.map((at) => valueOr(partitionOf(topics, at).errorCode, at, undefined, () => ({})))
        },
      })
      return answers(
        assignment.map(({ topic, partition, brokerId }) => ({ topic, partition, brokerId })),
        got,
      )
    },

    /** @param partitions default all; of those that had the right leader already only the ones named are told of */
    async electLeaders(
      electionType: ElectionType,
      partitions?: readonly TopicPartition[],
      options: { readonly timeoutMs?: number | undefined } = {},
    ): Promise<Answer<TopicPartition>[]> {
      const { timeoutMs = requestTimeoutMs } = options
      const topicPartitions = partitions
        ? byTopic(partitions, ({ partition }) => partition).map(({ name, partitions: all }) => ({
            topic: name,
            partitions: all,
          }))
        : null
      const answer = await requests.ask(
        messages.electLeaders,
        (version) => ({
          electionType: version === 0 ? 0 : electionTypes.code(electionType),
          topicPartitions,
          timeoutMs,
        }),
        timeoutMs,
      )
      return answer.replicaElectionResults.flatMap(({ topic, partitionResult }) => {
        const items = partitionResult.map(({ partitionId }) => ({ topic, partition: partitionId }))
        return answers(
          items,
          partitionResult.map(({ errorCode, errorMessage }, at) =>
            valueOr(errorCode, items[at], errorMessage, () => ({})),
          ),
        )
      })
    },

    /** `targetReplicas` left out cancels a move that is under way. */
    async alterPartitionReassignments(
      reassignments: readonly (TopicPartition & { readonly targetReplicas?: readonly number[] | undefined })[],
      options: {
        readonly timeoutMs?: number | undefined
        readonly allowReplicationFactorChange?: boolean | undefined
      } = {},
    ): Promise<Answer<TopicPartition>[]> {
      const { timeoutMs = requestTimeoutMs, allowReplicationFactorChange = true } = options
      const got = await requests.each('AlterPartitionReassignments', reassignments, {
        target: () => undefined,
        ask: async (peer, asked) => {
          const answer = await peer.send(
            messages.alterPartitionReassignments,
            {
              timeoutMs,
              allowReplicationFactorChange,
              topics: byTopic(asked, ({ partition, targetReplicas }) => ({
                partitionIndex: partition,
                replicas: targetReplicas ? [...targetReplicas] : null,
              })),
            },
            { timeoutMs: timeoutMs + requestTimeoutMs },
          )
          if (answer.errorCode !== ErrorCode.NONE) {
            return asked.map((at) => errorOfCode(answer.errorCode, at, answer.errorMessage))
          }
          return asked.map((at) => {
            const { errorCode, errorMessage } = partitionOf(answer.responses, at)
            return valueOr(errorCode, at, errorMessage, () => ({}))
          })
        },
      })
      return answers(
        reassignments.map(({ topic, partition }) => ({ topic, partition })),
        got,
      )
    },

    /** Moves under way. @param partitions default all */
    async listPartitionReassignments(
      partitions?: readonly TopicPartition[],
      options: { readonly timeoutMs?: number | undefined } = {},
    ): Promise<PartitionReassignment[]> {
      const { timeoutMs = requestTimeoutMs } = options
      const topics = partitions
        ? byTopic(partitions, ({ partition }) => partition).map(({ name, partitions: partitionIndexes }) => ({
            name,
            partitionIndexes,
          }))
        : null
      const answer = await requests.ask(messages.listPartitionReassignments, { timeoutMs, topics }, timeoutMs)
      return answer.topics.flatMap(({ name, partitions: all }) =>
        all.map(({ partitionIndex, ...replicas }) => ({ topic: name, partition: partitionIndex, ...replicas })),
      )
    },
  }
}
