/**
 * Adds partitions to a transaction, all or none: one that can't be added keeps the others out. Clients (to v3) may not add
 * internal topics; brokers (from v4) may, since offsets are written to one.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { addPartitionsToTxn } from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { isInternalTopic } from '../metadata/internal-topics.js'
import { handler } from './handler.js'

type Topics = RequestOf<typeof addPartitionsToTxn>['v3AndBelowTopics']
type TopicResults = NonNullable<ResponseOf<typeof addPartitionsToTxn>['resultsByTopicV3AndBelow']>

export const addPartitionsToTxnHandler = handler(
  addPartitionsToTxn,
  ({ cluster, transactions }: Pick<Broker, 'cluster' | 'transactions'>) =>
    async (request, context) => {
      const isClient = context.apiVersion < 4
      const check = (topic: string, partition: number): ErrorCode => {
        if (isClient && isInternalTopic(topic)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
        return cluster.topic(topic)?.partitions[partition] ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      }
      if (isClient) {
        const refused = refusals(request.v3AndBelowTopics, check)
        return refused ? { resultsByTopicV3AndBelow: refused } : transactions.addPartitionsToTxn(request, context)
      }
      const checked = request.transactions.map((transaction) => ({
        transaction,
        refused: refusals(transaction.topics, check),
      }))
      const good = checked.filter(({ refused }) => !refused).map(({ transaction }) => transaction)
      const answer = await transactions.addPartitionsToTxn({ ...request, transactions: good }, context)
      const bad = checked.flatMap(({ transaction: { transactionalId }, refused }) =>
        refused ? [{ transactionalId, topicResults: refused }] : [],
      )
      return { ...answer, resultsByTransaction: [...(answer.resultsByTransaction ?? []), ...bad] }
    },
)

/** undefined: nothing speaks against any of them. */
function refusals(topics: Topics, check: (topic: string, partition: number) => ErrorCode): TopicResults | undefined {
  if (topics.every(({ name, partitions }) => partitions.every((one) => check(name, one) === ErrorCode.NONE)))
    return undefined
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: check(name, partitionIndex) || ErrorCode.OPERATION_NOT_ATTEMPTED,
    })),
  }))
}
