/**
 * Stores a group's offsets within a transaction, for partitions that exist. From v5 on the group's partition is put into
 * the transaction on the way; before, the producer has done that, and it is looked after here (KIP-890).
 */
import { ErrorCode } from '../../protocol/errors.js'
import { txnOffsetCommit } from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { CONSUMER_OFFSETS } from '../metadata/internal-topics.js'
import { AppendError } from '../replica/partitions.js'
import type { TransactionSupport } from '../transaction/transaction-coordinator.js'
import { handler, type RequestContext } from './handler.js'

type Parts = Pick<Broker, 'groups' | 'transactions' | 'cluster' | 'partitions' | 'settings'>
type Request = RequestOf<typeof txnOffsetCommit>
type Response = ResponseOf<typeof txnOffsetCommit>

export const txnOffsetCommitHandler = handler(txnOffsetCommit, (parts: Parts) => async (request, context) => {
  const { cluster } = parts
  const exists = (name: string, partition: number): boolean => cluster.topic(name)?.partitions[partition] !== undefined
  const known = request.topics
    .map(({ name, partitions }) => ({ name, partitions: partitions.filter((one) => exists(name, one.partitionIndex)) }))
    .filter(({ partitions }) => partitions.length > 0)
  const committed = known.length > 0 ? (await commit(parts, { ...request, topics: known }, context)).topics : []
  return {
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: [
        ...partitions
          .filter(({ partitionIndex }) => !exists(name, partitionIndex))
          .map(({ partitionIndex }) => ({ partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION })),
        ...(committed.find((topic) => topic.name === name)?.partitions ?? []).map(({ partitionIndex, errorCode }) => ({
          partitionIndex,
          errorCode: context.apiVersion < 2 ? withoutLoading(errorCode) : errorCode,
        })),
      ],
    })),
  }
})

async function commit(parts: Parts, request: Request, context: RequestContext): Promise<Response> {
  const { groups, partitions, settings } = parts
  const { groupId, producerId, producerEpoch } = request
  const { apiVersion } = context
  const support: TransactionSupport = apiVersion >= 5 ? 'add' : apiVersion === 4 ? 'verify-abortable' : 'verify'
  const verifies = settings.bool('transaction.partition.verification.enable')
  const number = groups.partitionFor(groupId)
  const partition = partitions.get(CONSUMER_OFFSETS, number)
  // without a group id, or where the partition is not led here, the groups have the right answer
  if (groupId === '' || !partition || (support !== 'add' && !verifies)) return groups.txnOffsetCommit(request, context)
  try {
    const bumpsEpoch = support === 'add'
    const verification = partition.verification({ producerId, producerEpoch, baseSequence: -1, bumpsEpoch })
    if (verification) {
      const { transactionalId } = request
      const asked = new Map([[CONSUMER_OFFSETS, new Set([number])]])
      const write = { transactionalId, producerId, producerEpoch, partitions: asked }
      const error = (await parts.transactions.admit(write, support))(CONSUMER_OFFSETS, number)
      if (error !== ErrorCode.NONE) return refused(request, error)
    }
    const isVerified = (): boolean => !verifies || partition.isVerified(producerId, producerEpoch, verification)
    return await groups.txnOffsetCommit(request, context, isVerified)
  } catch (error) {
    if (error instanceof AppendError) return refused(request, error.code)
    throw error
  }
}

function refused({ topics }: Request, errorCode: ErrorCode): Response {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }
}

/** Producers of Kafka 0.11 to 2.2 give up when they hear that a coordinator is loading (KAFKA-7296). */
function withoutLoading(errorCode: number): number {
  return errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.COORDINATOR_NOT_AVAILABLE : errorCode
}
