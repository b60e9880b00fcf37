/**
 * Stores a group's offsets, for partitions that exist. v10 names topics by their ids; the group's record keeps both.
 * Partitions that don't exist are answered here and never reach the group.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { offsetCommit } from '../../protocol/messages/index.js'
import { ZERO_UUID, type RequestOf, type ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { ClusterState } from '../metadata/cluster-state.js'
import { handler } from './handler.js'

type Topic = RequestOf<typeof offsetCommit>['topics'][number]
type TopicAnswer = ResponseOf<typeof offsetCommit>['topics'][number]

export const offsetCommitHandler = handler(
  offsetCommit,
  ({ groups, cluster }: Pick<Broker, 'groups' | 'cluster'>) =>
    async (request, context) => {
      const byId = context.apiVersion >= 10
      const known: Topic[] = []
      const answers = new Map<string, TopicAnswer>()
      for (const asked of request.topics) {
        const { topic, refused } = lookUp(cluster, asked, byId)
        if (topic.partitions.length > 0) known.push(topic)
        addAnswer(answers, { ...asked, partitions: refused }, byId)
      }
      if (known.length > 0) {
        const { topics } = await groups.offsetCommit({ ...request, topics: known }, context)
        for (const topic of topics) addAnswer(answers, topic, byId)
      }
      return { topics: [...answers.values()] }
    },
)

/** The topic by name and id, with the partitions that there are; and the others, with their errors. */
function lookUp(
  cluster: ClusterState,
  asked: Topic,
  byId: boolean,
): { topic: Topic; refused: { partitionIndex: number; errorCode: ErrorCode }[] } {
  const found = byId ? cluster.topicById(asked.topicId) : cluster.topic(asked.name)
  const exists = (partition: number): boolean => found?.partitions[partition] !== undefined
  const errorCode = !found && byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  const refused = asked.partitions
    .filter(({ partitionIndex }) => !exists(partitionIndex))
    .map(({ partitionIndex }) => ({ partitionIndex, errorCode }))
  const partitions = asked.partitions.filter(({ partitionIndex }) => exists(partitionIndex))
  return { topic: { name: found?.name ?? asked.name, topicId: found?.id ?? ZERO_UUID, partitions }, refused }
}

/** A topic is answered once, wherever its partitions come from. */
function addAnswer(answers: Map<string, TopicAnswer>, topic: TopicAnswer, byId: boolean): void {
  if (topic.partitions.length === 0) return
  const key = (byId ? topic.topicId : topic.name) ?? ''
  const present = answers.get(key)
  answers.set(key, present ? { ...present, partitions: [...present.partitions, ...topic.partitions] } : topic)
}
