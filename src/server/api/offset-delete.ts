/** Forgets committed offsets of a group, for partitions that exist (KIP-496). */
import { ErrorCode } from '../../protocol/errors.js'
import { offsetDelete } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const offsetDeleteHandler = handler(
  offsetDelete,
  ({ groups, cluster }: Pick<Broker, 'groups' | 'cluster'>) =>
    async (request, context) => {
      const exists = (name: string, partition: number): boolean =>
        cluster.topic(name)?.partitions[partition] !== undefined
      const topics = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.filter(({ partitionIndex }) => exists(name, partitionIndex)),
      }))
      const known = topics.filter(({ partitions }) => partitions.length > 0)
      const response = await groups.offsetDelete({ ...request, topics: known }, context)
      if (response.errorCode !== ErrorCode.NONE) return response
      const unknown = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions
          .filter(({ partitionIndex }) => !exists(name, partitionIndex))
          .map(({ partitionIndex }) => ({ partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION })),
      }))
      // a topic is answered once
      const answers = unknown.map((topic) => ({
        name: topic.name,
        partitions: [
          ...topic.partitions,
          ...(response.topics.find(({ name }) => name === topic.name)?.partitions ?? []),
        ],
      }))
      return { errorCode: ErrorCode.NONE, topics: answers }
    },
)
