/** What requests of transactional and idempotent producers need. */
import { ErrorCode } from '../../../protocol/errors.js'
import * as messages from '../../../protocol/messages/index.js'
import { Operation } from '../acl-words.js'
import { denied, type Access } from './access.js'
import { needs, partly, refusal, rule, shows, type Rule, type Step } from './rule.js'

const { read, write, alter, describe, clusterAction, idempotentWrite, twoPhaseCommit } = Operation

interface NamesTransaction {
  readonly transactionalId: string
}

const writesTransaction = ({ transactionalId }: NamesTransaction, { access }: { access: Access }) =>
  denied.transactionalId(access.transactionalId(write, transactionalId))

type AddPartitions = typeof messages.addPartitionsToTxn

/** Clients (to v3) add all partitions or none: one that is refused keeps the others out. */
const addedPartitions: Step<AddPartitions> = (request, at, next) => {
  const { access, context } = at
  if (context.apiVersion >= 4) {
    const denial = denied.cluster(access.cluster(clusterAction))
    return denial === undefined ? next(request) : refusal(messages.addPartitionsToTxn, request, at, denial)
  }
  const transactionalId = request.v3AndBelowTransactionalId
  const denial = writesTransaction({ transactionalId }, at)
  if (denial !== undefined) return refusal(messages.addPartitionsToTxn, request, at, denial)
  const topics = request.v3AndBelowTopics
  if (topics.every(({ name }) => access.topic(write, name))) return next(request)
  return {
    resultsByTopicV3AndBelow: topics.map(({ name, partitions }) => {
      const partitionErrorCode = access.topic(write, name)
        ? ErrorCode.OPERATION_NOT_ATTEMPTED
        : ErrorCode.TOPIC_AUTHORIZATION_FAILED
      const resultsByPartition = partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode }))
      return { name, resultsByPartition }
    }),
  }
}

export const transactionRules: readonly Rule[] = [
  rule(
    messages.initProducerId,
    needs(messages.initProducerId, ({ transactionalId, enable2Pc }, { access }) => {
      if (transactionalId === null) {
        return denied.cluster(access.cluster(idempotentWrite) || access.someTopic(write))
      }
      const may = access.transactionalId(write, transactionalId)
      return denied.transactionalId(may && (!enable2Pc || access.transactionalId(twoPhaseCommit, transactionalId)))
    }),
  ),
  rule(messages.addPartitionsToTxn, addedPartitions),
  rule(
    messages.addOffsetsToTxn,
    needs(messages.addOffsetsToTxn, writesTransaction),
    needs(messages.addOffsetsToTxn, ({ groupId }, { access }) => denied.group(access.group(read, groupId))),
  ),
  rule(messages.endTxn, needs(messages.endTxn, writesTransaction)),
  rule(
    messages.txnOffsetCommit,
    needs(messages.txnOffsetCommit, writesTransaction),
    needs(messages.txnOffsetCommit, ({ groupId }, { access }) => denied.group(access.group(read, groupId))),
    partly(messages.txnOffsetCommit, 'topics', 'topics', ({ name }, { access }) =>
      denied.topic(access.topic(read, name)),
    ),
  ),
  rule(
    messages.writeTxnMarkers,
    needs(messages.writeTxnMarkers, (_, { access }) =>
      denied.cluster(access.cluster(clusterAction) || access.cluster(alter)),
    ),
  ),
  rule(
    messages.describeTransactions,
    partly(messages.describeTransactions, 'transactionalIds', 'transactionStates', (id, { access }) =>
      denied.transactionalId(access.transactionalId(describe, id)),
    ),
    shows(messages.describeTransactions, (answer, { access }) => ({
      ...answer,
      transactionStates: answer.transactionStates.map((state) => ({
        ...state,
        topics: state.topics.filter(({ topic }) => access.topic(describe, topic)),
      })),
    })),
  ),
  rule(
    messages.listTransactions,
    shows(messages.listTransactions, (answer, { access }) => ({
      ...answer,
      transactionStates: answer.transactionStates.filter(({ transactionalId }) =>
        access.transactionalId(describe, transactionalId),
      ),
    })),
  ),
]
