/** Where share groups begin to read (KIP-932). */
import type { TopicPartition } from '../../../model/index.js'
import { ErrorCode, messages } from '../../../protocol/index.js'
import { errorOfCode } from '../errors.js'
import { byTopic } from '../offsets.js'
import { answers, valueOr, type Answer } from './answer.js'
import type { AdminRequests } from './requests.js'
import { partitionOf } from './topics.js'

export interface SharePartitionOffset extends TopicPartition {
  readonly startOffset: number
  readonly leaderEpoch: number
  /** undefined when the broker does not tell, or does not know. */
  readonly lag: number | undefined
}

type GroupKey = { readonly groupId: string }

export function shareGroupOffsets(requests: AdminRequests) {
  return {
    async listShareGroupOffsets(
      groups: readonly { readonly groupId: string; readonly topicPartitions?: readonly TopicPartition[] | undefined }[],
    ): Promise<Answer<GroupKey, { readonly offsets: readonly SharePartitionOffset[] }>[]> {
      const got = await requests.each('DescribeShareGroupOffsets', groups, {
        target: ({ groupId }) => groupId,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.describeShareGroupOffsets, {
            groups: asked.map(({ groupId, topicPartitions }) => ({
              groupId,
              topics: topicPartitions
                ? byTopic(topicPartitions, ({ partition }) => partition).map(({ name, partitions }) => ({
                    topicName: name,
                    partitions,
                  }))
                : null,
            })),
          })
          return asked.map(({ groupId }) => {
            const { errorCode, errorMessage, topics } = answer.groups.find((each) => each.groupId === groupId)!
            return valueOr(errorCode, `group '${groupId}'`, errorMessage, () => ({
              offsets: topics.flatMap(({ topicName, partitions }) =>
                partitions
                  .filter((each) => each.errorCode === ErrorCode.NONE && each.startOffset >= 0)
                  .map(({ partitionIndex, startOffset, leaderEpoch, lag }) => ({
                    topic: topicName,
                    partition: partitionIndex,
                    startOffset,
                    leaderEpoch,
                    lag: lag < 0 ? undefined : lag,
                  })),
              ),
            }))
          })
        },
      })
      return answers(
        groups.map(({ groupId }) => ({ groupId })),
        got,
      )
    },

    /** The group must be empty. */
    async alterShareGroupOffsets(
      groupId: string,
      offsets: readonly (TopicPartition & { readonly startOffset: number })[],
    ): Promise<Answer<TopicPartition>[]> {
      const got = await requests.each('AlterShareGroupOffsets', offsets, {
        target: () => groupId,
        ask: async (peer, asked) => {
          const topics = byTopic(asked, ({ partition, startOffset }) => ({ partitionIndex: partition, startOffset }))
          const answer = await peer.send(messages.alterShareGroupOffsets, {
            groupId,
            topics: topics.map(({ name, partitions }) => ({ topicName: name, partitions })),
          })
          const { errorCode, errorMessage } = answer
          if (errorCode !== ErrorCode.NONE)
            return asked.map(() => errorOfCode(errorCode, `group '${groupId}'`, errorMessage))
          const told = answer.responses.map(({ topicName, partitions }) => ({ name: topicName, partitions }))
          return asked.map((at) => {
            const one = partitionOf(told, at)
            return valueOr(one.errorCode, at, one.errorMessage, () => ({}))
          })
        },
      })
      return answers(
        offsets.map(({ topic, partition }) => ({ topic, partition })),
        got,
      )
    },

    /** The group must be empty. */
    async deleteShareGroupOffsets(
      groupId: string,
      topics: readonly string[],
    ): Promise<Answer<{ readonly topic: string }>[]> {
      const keys = topics.map((topic) => ({ topic }))
      const got = await requests.each('DeleteShareGroupOffsets', keys, {
        target: () => groupId,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.deleteShareGroupOffsets, {
            groupId,
            topics: asked.map(({ topic }) => ({ topicName: topic })),
          })
          const { errorCode, errorMessage } = answer
          if (errorCode !== ErrorCode.NONE)
            return asked.map(() => errorOfCode(errorCode, `group '${groupId}'`, errorMessage))
          return asked.map(({ topic }) => {
            const one = answer.responses.find(({ topicName }) => topicName === topic)!
            return valueOr(one.errorCode, topic, one.errorMessage, () => ({}))
          })
        },
      })
      return answers(keys, got)
    },
  }
}
