/**
 * Stores a group's offsets within a transaction, for partitions that exist. From v5 on the group's partition is put into
 * the transaction on the way; before, the producer has done that, and it is looked after here (KIP-890).
 */
import { ErrorCode } from '../../protocol/errors.js'
import { txnOffsetCommit } from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { CONSUMER_OFFSETS } from '../metadata/internal-topics.js'
import type { TransactionSupport } from '../transaction/transaction-coordinator.js'
import { handler } from './handler.js'

type Parts = Pick<Broker, 'groups' | 'transactions' | 'cluster' | 'settings'>
type Request = RequestOf<typeof txnOffsetCommit>
type TopicAnswer = ResponseOf<typeof txnOffsetCommit>['topics'][number]

export const txnOffsetCommitHandler = handler(txnOffsetCommit, (parts: Parts) => async (request, context) => {
  const { groups, cluster } = parts
  const exists = (name: string, partition: number): boolean => cluster.topic(name)?.partitions[partition] !== undefined
  const known = request.topics
    .map(({ name, partitions }) => ({ name, partitions: partitions.filter((one) => exists(name, one.partitionIndex)) }))
    .filter(({ partitions }) => partitions.length > 0)
  const committed = known.length > 0 ? await commit({ ...request, topics: known }) : []
  return {
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: [
        ...partitions
          .filter(({ partitionIndex }) => !exists(name, partitionIndex))
          .map(({ partitionIndex }) => ({ partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION })),
        ...(committed.find((topic) => topic.name === name)?.partitions ?? []),
      ],
    })),
  }

  async function commit(asked: Request): Promise<readonly TopicAnswer[]> {
    const refusal = asked.groupId === '' ? ErrorCode.NONE : await admit(parts, asked, context.apiVersion)
    const { topics } =
      refusal === ErrorCode.NONE ? await groups.txnOffsetCommit(asked, context) : refused(asked, refusal)
    return context.apiVersion >= 2 ? topics : withoutLoading(topics)
  }
})

function admit({ transactions, groups, settings }: Parts, request: Request, apiVersion: number): Promise<ErrorCode> {
  const { transactionalId, producerId, producerEpoch, groupId } = request
  const support: TransactionSupport = apiVersion >= 5 ? 'add' : apiVersion === 4 ? 'verify-abortable' : 'verify'
  if (support !== 'add' && !settings.bool('transaction.partition.verification.enable')) {
    return Promise.resolve(ErrorCode.NONE)
  }
  const partition = groups.partitionFor(groupId)
  return transactions.admit({ transactionalId, producerId, producerEpoch, topic: CONSUMER_OFFSETS, partition }, support)
}

function refused({ topics }: Request, errorCode: ErrorCode): ResponseOf<typeof txnOffsetCommit> {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }
}

/** Producers of Kafka 0.11 to 2.2 give up when they hear that a coordinator is loading (KAFKA-7296). */
function withoutLoading(topics: readonly TopicAnswer[]): readonly TopicAnswer[] {
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, errorCode }) => ({
      partitionIndex,
      errorCode: errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.COORDINATOR_NOT_AVAILABLE : errorCode,
    })),
  }))
}
