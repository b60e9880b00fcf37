/**
 * Elects leaders: the preferred replica or, on request, one out of sync (KIP-460). A leader that need not be elected is
 * left out where all partitions were asked for, and named where it was.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { electLeaders } from '../../protocol/messages/elect-leaders.js'
import type { Broker } from '../broker.js'
import type { ClusterState } from '../metadata/cluster-state.js'
import { handler } from './handler.js'

const PREFERRED = 0
const UNCLEAN = 1
const NO_TYPE: [ErrorCode, string] = [ErrorCode.INVALID_REQUEST, 'there is no such type of election']

export const electLeadersHandler = handler(
  electLeaders,
  ({ cluster }: Pick<Broker, 'cluster'>) =>
    ({ topicPartitions, electionType }) => {
      const isKnown = electionType === PREFERRED || electionType === UNCLEAN
      const isNothing = topicPartitions?.length === 0
      const everywhere = isKnown ? [...cluster.topics()].map(({ name }) => ({ topic: name, partitions: [] })) : []
      const asked = topicPartitions ?? everywhere
      const replicaElectionResults = asked.map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => {
          const [errorCode, errorMessage] = isKnown ? outcome(cluster, topic, partitionId) : NO_TYPE
          return { partitionId, errorCode, errorMessage }
        }),
      }))
      const errorCode = isKnown || isNothing ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST
      return { errorCode, replicaElectionResults }
    },
)

function outcome(cluster: ClusterState, topic: string, partition: number): [ErrorCode, string] {
  const state = cluster.topic(topic)?.partitions[partition]
  if (!state) return [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no partition ${topic}-${partition}`]
  return [ErrorCode.ELECTION_NOT_NEEDED, `${topic}-${partition} is led by broker ${state.leader}, its only replica`]
}
