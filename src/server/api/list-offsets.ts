/**
 * Finds offsets: a partition's ends, or the first record at or after a time. Negative times are questions.
 *
 * What lies beyond the end that a reader may see is not found: the answer is then offset -1, without an error.
 */
import { OffsetSpec } from '../../protocol/constants.js'
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

/** First version that knows the question. */
const SINCE: Readonly<Record<number, number>> = {
  [OffsetSpec.latest]: 1,
  [OffsetSpec.earliest]: 1,
  [OffsetSpec.maxTimestamp]: 7,
  [OffsetSpec.earliestLocal]: 8,
  [OffsetSpec.latestTiered]: 9,
  [OffsetSpec.earliestPendingUpload]: 11,
}

export const listOffsetsHandler = handler(
  listOffsets,
  ({ replicas }: Pick<Broker, 'replicas'>) =>
    async ({ topics, isolationLevel }, { apiVersion }) => {
      const answer = async (topic: string, asked: Asked): Promise<Answer> => {
        const { partitionIndex, currentLeaderEpoch, timestamp } = asked
        if (timestamp < 0 && apiVersion < (SINCE[timestamp] ?? Infinity)) {
          return failed(partitionIndex, ErrorCode.UNSUPPORTED_VERSION)
        }
        const replica = replicas.find(topic, partitionIndex)
        if (typeof replica === 'number') return failed(partitionIndex, replica)
        const wrongEpoch = replica.checkLeaderEpoch(currentLeaderEpoch)
        if (wrongEpoch !== ErrorCode.NONE) return failed(partitionIndex, wrongEpoch)
        try {
          return found(partitionIndex, apiVersion, await lookUp(replica, timestamp, isolationLevel))
        } catch (error) {
          if (!(error instanceof StorageError)) throw error
          const now = replicas.find(topic, partitionIndex)
          return failed(partitionIndex, typeof now === 'number' ? now : ErrorCode.KAFKA_STORAGE_ERROR)
        }
      }
      return {
        topics: await Promise.all(
          merged(topics).map(async ({ name, once, twice }) => ({
            name,
            partitions: [
              ...(await Promise.all(once.map((asked) => answer(name, asked)))),
              ...twice.map((partition) => failed(partition, ErrorCode.INVALID_REQUEST)),
            ],
          })),
        ),
      }
    },
)

interface Merged {
  readonly name: string
  readonly once: readonly Asked[]
  /** Partitions asked for more than once: they are refused, once. */
  readonly twice: readonly number[]
}

function merged(topics: RequestOf<typeof listOffsets>['topics']): Merged[] {
  const seen = new Set<string>()
  const again = new Set<string>()
  const keyOf = (topic: string, partition: number): string => `${topic}-${partition}`
  for (const { name, partitions } of topics) {
    for (const { partitionIndex } of partitions) {
      const key = keyOf(name, partitionIndex)
      if (seen.has(key)) again.add(key)
      seen.add(key)
    }
  }
  return topics.map(({ name, partitions }) => ({
    name,
    once: partitions.filter(({ partitionIndex }) => !again.has(keyOf(name, partitionIndex))),
    twice: [...new Set(partitions.map(({ partitionIndex }) => partitionIndex))].filter((partition) =>
      again.delete(keyOf(name, partition)),
    ),
  }))
}

async function lookUp(replica: Replica, timestamp: number, isolationLevel: number): Promise<FoundRecord | undefined> {
  const endOffset = replica.endOffsetFor(isolationLevel)
  switch (timestamp) {
    case OffsetSpec.latest:
      return { offset: endOffset, timestampMs: -1, leaderEpoch: replica.leaderEpoch }
    case OffsetSpec.earliest:
    case OffsetSpec.earliestLocal: {
      const offset = replica.logStartOffset
      return { offset, timestampMs: -1, leaderEpoch: replica.epochOf(offset) ?? -1 }
    }
    case OffsetSpec.maxTimestamp:
      return below(endOffset, await replica.findMaxTimestamp())
    case OffsetSpec.latestTiered:
    case OffsetSpec.earliestPendingUpload:
      // nothing is tiered
      return undefined
    default:
      return below(endOffset, await replica.findByTimestamp(timestamp))
  }
}

const below = (endOffset: number, record: FoundRecord | undefined): FoundRecord | undefined =>
  record && record.offset < endOffset ? record : undefined

function failed(partitionIndex: number, errorCode: ErrorCode): Answer {
  return { partitionIndex, errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 }
}

/** Epochs are told from v4 on, and refused before: they can't be left out silently. */
function found(partitionIndex: number, apiVersion: number, record: FoundRecord | undefined): Answer {
  const { offset = -1, timestampMs = -1, leaderEpoch = -1 } = record ?? {}
  const epoch = apiVersion >= 4 ? leaderEpoch : -1
  return { partitionIndex, errorCode: ErrorCode.NONE, timestamp: timestampMs, offset, leaderEpoch: epoch }
}
