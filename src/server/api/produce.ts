/**
 * Appends a record batch to each of some partitions, and answers when the writes have returned. acks=0 is not answered;
 * an error closes its connection, so that the client looks for the leader anew.
 *
 * All appends happen before anything is awaited: requests of a connection are appended in the order in which they came.
 * Only the first writes of a transaction wait for their coordinator; sequence numbers keep them in order.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { produce } from '../../protocol/messages/produce.js'
import { batch } from '../../protocol/records/index.js'
import { ZERO_UUID, type RequestOf, type ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { oneBatch } from '../log/validators.js'
import type { ClusterState } from '../metadata/cluster-state.js'
import { isInternalTopic } from '../metadata/internal-topics.js'
import { AppendError, StorageError, type Appended } from '../replica/partitions.js'
import type { Replica } from '../replica/replicas.js'
import { endpointsOf, leaderHint, type LeaderHint } from './current-leader.js'
import { closeConnection, handler, noAnswer, type RequestContext } from './handler.js'
import { isTransactional, ProduceInTransaction, transactionalProducer } from './transactional-produce.js'

type Parts = Pick<Broker, 'cluster' | 'replicas' | 'settings' | 'transactions'>
type Topic = RequestOf<typeof produce>['topicData'][number]
type TopicAnswer = ResponseOf<typeof produce>['responses'][number]
type PartitionAnswer = TopicAnswer['partitionResponses'][number]

/** A batch that a log may be asked to take; the answer is filled in as it goes. */
interface Write {
  readonly replica: Replica
  readonly bytes: Buffer
  readonly answer: PartitionAnswer
}

/** An append that waits for its write. */
interface Pending extends Write {
  readonly appended: Appended
}

/** The client id by which Kafka's own tools may write to internal topics. */
const ADMIN_CLIENT_ID = '__admin_client'

const { NONE, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR } = ErrorCode

/** Refused before the log was looked at, as Kafka sees it: the answer has no log start. */
const WITHOUT_LOG_START: ReadonlySet<ErrorCode> = new Set([MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, CORRUPT_MESSAGE])

export const produceHandler = handler(produce, (parts: Parts) => async (request, context) => {
  const pending: Pending[] = []
  const producer = transactionalProducer(request)
  const isAcked = request.acks >= -1 && request.acks <= 1
  /** What is wrong with the request as a whole. */
  const refused = typeof producer === 'number' ? producer : isAcked ? undefined : ErrorCode.INVALID_REQUIRED_ACKS
  const transaction =
    typeof producer === 'object' ? new ProduceInTransaction<Write>(parts, producer, context.apiVersion) : undefined
  const asked = request.topicData.filter(({ partitionData }) => partitionData.length > 0)
  const responses = asked.map((topic): TopicAnswer => {
    const name = context.apiVersion >= 13 ? parts.cluster.topicById(topic.topicId)?.name : topic.name
    return {
      ...named(topic),
      partitionResponses: topic.partitionData.map(({ index, records }) => {
        if (refused !== undefined) return failed(index, refused)
        if (name === undefined) return failed(index, ErrorCode.UNKNOWN_TOPIC_ID)
        const write = writeFor(parts, name, index, records, context)
        if (!('replica' in write)) return write
        return append(write, pending, isTransactional(write.bytes) ? transaction : undefined)
      }),
    }
  })
  await transaction?.admit((write, why) => {
    if (why) Object.assign(write.answer, failed(write.answer.index, why.code), { errorMessage: why.message || null })
    else append(write, pending, undefined)
  })
  for (const { replica, appended, answer } of pending) {
    try {
      await replica.committed(appended.lastOffset)
    } catch (error) {
      Object.assign(answer, failed(answer.index, storageCode(parts, replica, error)))
    }
  }
  if (request.acks === 0) return hasError(responses) ? closeConnection : noAnswer
  return { responses, ...hints(parts.cluster, context, asked, responses) }
})

/** The answer already, when no log need be asked. */
function writeFor(
  { replicas }: Parts,
  topic: string,
  index: number,
  records: Buffer | null,
  context: RequestContext,
): Write | PartitionAnswer {
  if (isInternalTopic(topic) && context.clientId !== ADMIN_CLIENT_ID) {
    return failed(index, ErrorCode.INVALID_TOPIC_EXCEPTION)
  }
  const replica = replicas.find(topic, index)
  if (typeof replica === 'number') return failed(index, replica)
  const bytes = acceptable(records, context.apiVersion)
  if (bytes instanceof AppendError) return { ...failed(index, bytes.code), errorMessage: bytes.message }
  return { replica, bytes, answer: failed(index, NONE) }
}

function append(
  write: Write,
  pending: Pending[],
  transaction: ProduceInTransaction<Write> | undefined,
): PartitionAnswer {
  const { replica, bytes, answer } = write
  try {
    if (transaction?.mustWait(write)) return answer
  } catch (error) {
    if (!(error instanceof AppendError)) throw error
    return Object.assign(answer, failed(answer.index, error.code), { errorMessage: error.message })
  }
  try {
    const appended = replica.append(bytes, 'client')
    const { baseOffset, logAppendTimeMs, logStartOffset } = appended
    pending.push({ ...write, appended })
    return Object.assign(answer, { baseOffset, logAppendTimeMs, logStartOffset })
  } catch (error) {
    if (error instanceof StorageError) return Object.assign(answer, failed(answer.index, KAFKA_STORAGE_ERROR))
    if (!(error instanceof AppendError)) throw error
    return Object.assign(answer, {
      errorCode: error.code,
      logStartOffset: WITHOUT_LOG_START.has(error.code) ? -1 : replica.logStartOffset,
      errorMessage: error.message,
      recordErrors: error.recordErrors.map(({ batchIndex, message }) => ({
        batchIndex,
        batchIndexErrorMessage: message,
      })),
    })
  }
}

const ZSTD = 4

/** The batch, when it is such that a log may be asked at all; else why it is not. */
function acceptable(records: Buffer | null, apiVersion: number): Buffer | AppendError {
  try {
    const bytes = oneBatch(records)
    const codec = batch.codecId(bytes, 0)
    if (apiVersion >= 7 || codec < ZSTD) return bytes
    if (codec > ZSTD) return new AppendError(ErrorCode.INVALID_RECORD, `there is no compression codec ${codec}`)
    return new AppendError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'zstd needs Produce v7 or later')
  } catch (error) {
    if (error instanceof AppendError) return error
    throw error
  }
}

function failed(index: number, errorCode: ErrorCode): PartitionAnswer {
  return { index, errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }
}

/** The partition may have been deleted, or its directory lost, while its write was under way. */
function storageCode({ replicas }: Parts, { topic, partition }: Replica, error: unknown): ErrorCode {
  if (!(error instanceof StorageError)) throw error
  const found = replicas.find(topic, partition)
  return typeof found === 'number' ? found : KAFKA_STORAGE_ERROR
}

const named = ({ name, topicId }: Topic): Pick<TopicAnswer, 'name' | 'topicId'> => ({ name, topicId })

function hasError(responses: readonly TopicAnswer[]): boolean {
  return responses.some(({ partitionResponses }) => partitionResponses.some(({ errorCode }) => errorCode !== NONE))
}

/** Tells where the leaders are of partitions that are not led here; the answers take it in. */
function hints(
  cluster: ClusterState,
  { apiVersion, listenerName }: RequestContext,
  topics: readonly Topic[],
  responses: readonly TopicAnswer[],
): Pick<ResponseOf<typeof produce>, 'nodeEndpoints'> {
  if (apiVersion < 10) return {}
  const found: LeaderHint[] = []
  responses.forEach(({ partitionResponses }, i) => {
    const { name, topicId } = topics[i]!
    const topic = topicId === ZERO_UUID ? name : (cluster.topicById(topicId)?.name ?? name)
    for (const answer of partitionResponses) {
      if (answer.errorCode === NONE) continue
      const hint = leaderHint(cluster, topic, answer.index, answer.errorCode as ErrorCode)
      if (!hint) continue
      answer.currentLeader = hint
      found.push(hint)
    }
  })
  return found.length === 0 ? {} : { nodeEndpoints: endpointsOf(cluster, listenerName, found) }
}
