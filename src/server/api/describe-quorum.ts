/** State of the metadata quorum (KIP-595). v1 times (KIP-836) · v2 directory ids and nodes (KIP-853). */
import { ErrorCode } from '../../protocol/errors.js'
import { describeQuorum } from '../../protocol/messages/describe-quorum.js'
import type { RequestOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { CLUSTER_METADATA } from '../metadata/internal-topics.js'
import type { QuorumReplica } from '../raft/quorum.js'
import { handler } from './handler.js'

export const describeQuorumHandler = handler(
  describeQuorum,
  ({ quorum, clock }: Pick<Broker, 'quorum' | 'clock'>) =>
    (request, { apiVersion }) => {
      if (!asksForMetadata(request)) return { errorCode: ErrorCode.NONE, topics: unknown(request) }
      const { leaderId, leaderEpoch, highWatermark, voters, observers } = quorum
      const nowMs = clock.now()
      const shown = ({ nodeId, directoryId, logEndOffset }: QuorumReplica) => ({
        replicaId: nodeId,
        replicaDirectoryId: directoryId,
        logEndOffset,
        lastFetchTimestamp: nowMs,
        lastCaughtUpTimestamp: nowMs,
      })
      const partition = {
        partitionIndex: 0,
        errorCode: ErrorCode.NONE,
        leaderId,
        leaderEpoch,
        highWatermark,
        currentVoters: voters.map(shown),
        observers: observers.map(shown),
      }
      return {
        errorCode: ErrorCode.NONE,
        topics: [{ topicName: CLUSTER_METADATA, partitions: [partition] }],
        ...(apiVersion >= 2 && { nodes: voters.map(({ nodeId }) => ({ nodeId, listeners: [] })) }),
      }
    },
)

function asksForMetadata({ topics }: RequestOf<typeof describeQuorum>): boolean {
  const [topic, ...others] = topics
  if (topic?.topicName !== CLUSTER_METADATA || others.length > 0) return false
  return topic.partitions.length === 1 && topic.partitions[0]!.partitionIndex === 0
}

function unknown({ topics }: RequestOf<typeof describeQuorum>) {
  return topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => ({
      partitionIndex,
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: 'the only quorum is that of the metadata',
      leaderId: 0,
      leaderEpoch: 0,
      highWatermark: 0,
      currentVoters: [],
      observers: [],
    })),
  }))
}
