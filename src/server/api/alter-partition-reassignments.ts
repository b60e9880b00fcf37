/**
 * Moves replicas (KIP-455). On one node a partition can be told to be where it is, and nowhere else; null takes back a
 * move, of which there is none.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { alterPartitionReassignments } from '../../protocol/messages/alter-partition-reassignments.js'
import type { RequestOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { ClusterState } from '../metadata/cluster-state.js'
import { handler } from './handler.js'

type Asked = RequestOf<typeof alterPartitionReassignments>['topics'][number]['partitions'][number]

export const alterPartitionReassignmentsHandler = handler(
  alterPartitionReassignments,
  ({ cluster }: Pick<Broker, 'cluster'>) =>
    ({ topics, allowReplicationFactorChange }) => ({
      allowReplicationFactorChange,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((asked) => {
          const [errorCode, errorMessage] = outcome(cluster, name, asked)
          return { partitionIndex: asked.partitionIndex, errorCode, errorMessage }
        }),
      })),
    }),
)

function outcome(
  cluster: ClusterState,
  topic: string,
  { partitionIndex, replicas }: Asked,
): [ErrorCode, string | null] {
  const partition = cluster.topic(topic)?.partitions[partitionIndex]
  if (!partition) return [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no partition ${topic}-${partitionIndex}`]
  if (replicas === null) return [ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, null]
  const isUsable = replicas.length > 0 && new Set(replicas).size === replicas.length
  if (!isUsable || replicas.some((id) => !cluster.brokers.has(id))) {
    const brokers = [...cluster.brokers.keys()].join(', ')
    return [
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `replicas must be named once each, out of the brokers there are: ${brokers}`,
    ]
  }
  return [ErrorCode.NONE, null]
}
