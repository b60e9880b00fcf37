/** Moves log starts up. One node has no other replicas to wait for, so the answer comes at once. */
import { ErrorCode } from '../../protocol/errors.js'
import { deleteRecords } from '../../protocol/messages/delete-records.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { isInternalTopic } from '../metadata/internal-topics.js'
import type { Replicas } from '../replica/replicas.js'
import { handler } from './handler.js'

type Asked = RequestOf<typeof deleteRecords>['topics'][number]['partitions'][number]
type Answer = ResponseOf<typeof deleteRecords>['topics'][number]['partitions'][number]

const HIGH_WATERMARK = -1

export const deleteRecordsHandler = handler(
  deleteRecords,
  ({ replicas }: Pick<Broker, 'replicas'>) =>
    ({ topics }) => ({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((asked) => answerOf(replicas, name, asked)),
      })),
    }),
)

function answerOf(replicas: Replicas, topic: string, { partitionIndex, offset }: Asked): Answer {
  const failed = (errorCode: ErrorCode): Answer => ({ partitionIndex, errorCode, lowWatermark: -1 })
  const replica = replicas.find(topic, partitionIndex)
  if (replica === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return failed(replica)
  if (isInternalTopic(topic)) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION)
  if (typeof replica === 'number') return failed(replica)
  if (!replica.deletesRecords) return failed(ErrorCode.POLICY_VIOLATION)
  const wanted = offset === HIGH_WATERMARK ? replica.highWatermark : offset
  if (wanted < 0 || wanted > replica.highWatermark) return failed(ErrorCode.OFFSET_OUT_OF_RANGE)
  return { partitionIndex, errorCode: ErrorCode.NONE, lowWatermark: replica.deleteRecordsBefore(wanted) }
}
