/** Tells where leader epochs ended; -1 and -1 for an epoch that is newer than all that are known here. */
import { ErrorCode } from '../../protocol/errors.js'
import { offsetForLeaderEpoch } from '../../protocol/messages/offset-for-leader-epoch.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { Replicas } from '../replica/replicas.js'
import { handler } from './handler.js'

type Asked = RequestOf<typeof offsetForLeaderEpoch>['topics'][number]['partitions'][number]
type Answer = ResponseOf<typeof offsetForLeaderEpoch>['topics'][number]['partitions'][number]

export const offsetForLeaderEpochHandler = handler(
  offsetForLeaderEpoch,
  ({ replicas }: Pick<Broker, 'replicas'>) =>
    ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((asked) => answerOf(replicas, topic, asked)),
      })),
    }),
)

function answerOf(replicas: Replicas, topic: string, { partition, currentLeaderEpoch, leaderEpoch }: Asked): Answer {
  const failed = (errorCode: ErrorCode): Answer => ({ partition, errorCode, leaderEpoch: -1, endOffset: -1 })
  const replica = replicas.find(topic, partition)
  if (typeof replica === 'number') return failed(replica)
  const wrongEpoch = replica.checkLeaderEpoch(currentLeaderEpoch)
  if (wrongEpoch !== ErrorCode.NONE) return failed(wrongEpoch)
  const { epoch = -1, endOffset = -1 } = replica.endOfEpoch(leaderEpoch) ?? {}
  return { partition, errorCode: ErrorCode.NONE, leaderEpoch: epoch, endOffset }
}
