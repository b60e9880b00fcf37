/**
 * Finds offsets: a partition's ends, or the first record at or after a time. Negative times are questions.
 *
 * What lies beyond the end that a reader may see is not found: the answer is then offset -1, without an error.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { listOffsets } from '../../protocol/messages/list-offsets.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { FoundRecord } from '../log/find-offset.js'
import { StorageError } from '../replica/partitions.js'
import type { Replica } from '../replica/replicas.js'
import { handler } from './handler.js'

type Asked = RequestOf<typeof listOffsets>['topics'][number]['partitions'][number]
type Answer = ResponseOf<typeof listOffsets>['topics'][number]['partitions'][number]

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const EARLIEST_PENDING_UPLOAD = -6

/** First version that knows the question; older ones are refused. */
const SINCE: Readonly<Record<number, number>> = {
  [MAX_TIMESTAMP]: 7,
  [EARLIEST_LOCAL]: 8,
  [LATEST_TIERED]: 9,
  [EARLIEST_PENDING_UPLOAD]: 11,
}

export const listOffsetsHandler = handler(
  listOffsets,
  ({ replicas }: Pick<Broker, 'replicas'>) =>
    async ({ topics, isolationLevel }, { apiVersion }) => {
      const seen = new Set<string>()
      const duplicates = new Set<string>()
      for (const { name, partitions } of topics) {
        for (const { partitionIndex } of partitions) {
          const key = `${name}-${partitionIndex}`
          if (seen.has(key)) duplicates.add(key)
          seen.add(key)
        }
      }
      const answer = async (topic: string, asked: Asked): Promise<Answer> => {
        if (duplicates.has(`${topic}-${asked.partitionIndex}`)) return failed(asked, ErrorCode.INVALID_REQUEST)
        if (apiVersion < (SINCE[asked.timestamp] ?? 0)) return failed(asked, ErrorCode.UNSUPPORTED_VERSION)
        const replica = replicas.find(topic, asked.partitionIndex)
        if (typeof replica === 'number') return failed(asked, replica)
        const wrongEpoch = replica.checkLeaderEpoch(asked.currentLeaderEpoch)
        if (wrongEpoch !== ErrorCode.NONE) return failed(asked, wrongEpoch)
        try {
          return found(asked, apiVersion, await lookUp(replica, asked.timestamp, isolationLevel))
        } catch (error) {
          if (!(error instanceof StorageError)) throw error
          const now = replicas.find(topic, asked.partitionIndex)
          return failed(asked, typeof now === 'number' ? now : ErrorCode.KAFKA_STORAGE_ERROR)
        }
      }
      return {
        topics: await Promise.all(
          topics.map(async ({ name, partitions }) => ({
            name,
            partitions: await Promise.all(partitions.map((asked) => answer(name, asked))),
          })),
        ),
      }
    },
)

async function lookUp(replica: Replica, timestamp: number, isolationLevel: number): Promise<FoundRecord | undefined> {
  const endOffset = replica.endOffsetFor(isolationLevel)
  switch (timestamp) {
    case LATEST:
      return { offset: endOffset, timestampMs: -1, leaderEpoch: replica.leaderEpoch }
    case EARLIEST:
    case EARLIEST_LOCAL: {
      const offset = replica.logStartOffset
      return { offset, timestampMs: -1, leaderEpoch: replica.epochOf(offset) ?? -1 }
    }
    case MAX_TIMESTAMP:
      return below(endOffset, await replica.findMaxTimestamp())
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      // nothing is tiered
      return undefined
    default:
      return below(endOffset, await replica.findByTimestamp(timestamp))
  }
}

const below = (endOffset: number, record: FoundRecord | undefined): FoundRecord | undefined =>
  record && record.offset < endOffset ? record : undefined

function failed({ partitionIndex }: Asked, errorCode: ErrorCode): Answer {
  return { partitionIndex, errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 }
}

/** Epochs are told from v4 on, and refused before: they can't be left out silently. */
function found({ partitionIndex }: Asked, apiVersion: number, record: FoundRecord | undefined): Answer {
  const { offset = -1, timestampMs = -1, leaderEpoch = -1 } = record ?? {}
  const epoch = apiVersion >= 4 ? leaderEpoch : -1
  return { partitionIndex, errorCode: ErrorCode.NONE, timestamp: timestampMs, offset, leaderEpoch: epoch }
}
