/** What requests about topics and records need. Of a topic that the sender may not describe, nothing is told. */
import { ErrorCode } from '../../../protocol/errors.js'
import * as messages from '../../../protocol/messages/index.js'
import { ZERO_UUID, type ResponseOf } from '../../../protocol/schema/index.js'
import { Operation, ResourceType } from '../acl-words.js'
import { denied, type Access } from './access.js'
import { closeConnection } from '../../api/handler.js'
import { isTransactional } from '../../api/transactional-produce.js'
import { answerOf, partly, refusal, rule, shows, type Rule, type Step } from './rule.js'

const { read, write, create, describe, alter } = Operation
const { TOPIC_AUTHORIZATION_FAILED, TRANSACTIONAL_ID_AUTHORIZATION_FAILED } = ErrorCode

const DENIALS: ReadonlySet<number> = new Set([TOPIC_AUTHORIZATION_FAILED, TRANSACTIONAL_ID_AUTHORIZATION_FAILED])

type MetadataTopic = ResponseOf<typeof messages.metadata>['topics'][number]

/** Operations that no one asked for. */
const UNASKED = -2147483648

const NOT_CREATED = { numPartitions: -1, replicationFactor: -1 }

const mayCreate = (access: Access, name: string): boolean => access.cluster(create) || access.topic(create, name)

const someProduced = partly(
  messages.produce,
  'topicData',
  'responses',
  ({ name, topicId }, { access, cluster, context }) => {
    const known = context.apiVersion >= 13 ? cluster.topicById(topicId)?.name : name
    return denied.topic(known === undefined || access.topic(write, known))
  },
)

/** The right to a transactional id is asked for where records are written under it, and nowhere else. */
const inTransaction: Step<typeof messages.produce> = (request, at, next) => {
  const { transactionalId, topicData, acks } = request
  const isUsed = topicData.some(({ partitionData }) => partitionData.some(({ records }) => isTransactional(records)))
  const may = !isUsed || (transactionalId !== null && at.access.transactionalId(write, transactionalId))
  const denial = denied.transactionalId(may)
  if (denial === undefined) return next(request)
  return acks === 0 ? closeConnection : withoutOffsets(refusal(messages.produce, request, at, denial))
}

/** acks=0 is not answered: that something was refused can only be told by closing the connection. */
const produced: Step<typeof messages.produce> = (request, at, next) => {
  if (request.acks !== 0) return withoutOffsets(someProduced(request, at, next))
  const allowed = request.topicData.filter(({ name, topicId }) => {
    const known = at.context.apiVersion >= 13 ? at.cluster.topicById(topicId)?.name : name
    return known === undefined || at.access.topic(write, known)
  })
  if (allowed.length === request.topicData.length) return next(request)
  return Promise.resolve(next({ ...request, topicData: allowed })).then(() => closeConnection)
}

function withoutOffsets(answer: ReturnType<Step<typeof messages.produce>>): typeof answer {
  const fix = (given: Awaited<typeof answer>): Awaited<typeof answer> => {
    if (typeof given === 'symbol') return given
    for (const { partitionResponses } of given.responses) {
      for (const one of partitionResponses) {
        if (!DENIALS.has(one.errorCode)) continue
        Object.assign(one, { baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 })
      }
    }
    return given
  }
  return answer instanceof Promise ? answer.then(fix) : fix(answer)
}

const metadataAll: Step<typeof messages.metadata> = async (request, { access }, next) => {
  const answer = await answerOf<typeof messages.metadata>(next(request))
  return { ...answer, topics: answer.topics.filter(({ name }) => access.topic(describe, name ?? '')) }
}

const metadataNamed: Step<typeof messages.metadata> = async (request, { access, cluster, settings }, next) => {
  const asked = request.topics ?? []
  const refused: MetadataTopic[] = []
  const refuse = (name: string | null, topicId: string): false => {
    const errorCode = TOPIC_AUTHORIZATION_FAILED
    refused.push({ errorCode, name, topicId, isInternal: false, partitions: [], topicAuthorizedOperations: UNASKED })
    return false
  }
  const creates = request.allowAutoTopicCreation && settings.bool('auto.create.topics.enable')
  const allowed = asked.filter(({ name, topicId }) => {
    const isById = topicId !== ZERO_UUID
    const known = isById ? cluster.topicById(topicId)?.name : (name ?? undefined)
    if (known === undefined) return true
    if (!access.topic(describe, known)) return isById ? refuse(null, topicId) : refuse(known, ZERO_UUID)
    if (creates && !isById && name !== null && !cluster.topic(name) && !mayCreate(access, name))
      return refuse(name, ZERO_UUID)
    return true
  })
  const answer = await answerOf<typeof messages.metadata>(next({ ...request, topics: allowed }))
  return { ...answer, topics: [...refused, ...answer.topics] }
}

const metadataTopics: Step<typeof messages.metadata> = (request, at, next) => {
  const all = request.topics === null || (at.context.apiVersion === 0 && request.topics.length === 0)
  if (all) return metadataAll(request, at, next)
  // v0 would take an empty list for all
  return metadataNamed(request, at, (asked) => {
    const nothingLeft = at.context.apiVersion === 0 && asked.topics?.length === 0
    return nothingLeft
      ? answerOf<typeof messages.metadata>(next(request)).then((answer) => ({ ...answer, topics: [] }))
      : next(asked)
  })
}

const metadataBits = shows(messages.metadata, (answer, { access }) => ({
  ...answer,
  topics: answer.topics.map((topic) => withBits(topic, access)),
  ...(answer.clusterAuthorizedOperations !== undefined && {
    clusterAuthorizedOperations: clusterBits(answer.clusterAuthorizedOperations, access),
  }),
}))

function withBits<T extends { name: string | null; errorCode: number; topicAuthorizedOperations?: number | undefined }>(
  topic: T,
  access: Access,
): T {
  const { name, topicAuthorizedOperations: bits = UNASKED } = topic
  if (bits === UNASKED || name === null) return topic
  return { ...topic, topicAuthorizedOperations: access.allowedBits(bits, ResourceType.topic, name) }
}

export function clusterBits(bits: number, access: Access): number {
  if (bits === UNASKED) return bits
  return access.cluster(describe) ? access.allowedBits(bits, ResourceType.cluster, 'kafka-cluster') : 0
}

const createdConfigs = shows(messages.createTopics, (answer, { access }) => ({
  ...answer,
  topics: answer.topics.map((topic) =>
    topic.errorCode !== ErrorCode.NONE || access.topic(Operation.describeConfigs, topic.name)
      ? topic
      : {
          ...topic,
          topicConfigErrorCode: TOPIC_AUTHORIZATION_FAILED,
          numPartitions: -1,
          replicationFactor: -1,
          configs: null,
        },
  ),
}))

/**
 * A topic that may be described and not deleted is known to be there or not; of any other, nothing is told. Whoever may
 * delete the cluster may delete every topic.
 */
const deletedTopics: Step<typeof messages.deleteTopics> = async (request, { access, cluster, context }, next) => {
  const { topics, topicNames } = request
  const all = access.cluster(Operation.delete)
  const may = (operation: number, name: string): boolean => all || access.topic(operation, name)
  const byNames = context.apiVersion < 6
  const asked = byNames ? topicNames.map((name) => ({ name, topicId: ZERO_UUID })) : topics
  const refused: ResponseOf<typeof messages.deleteTopics>['responses'][number][] = []
  const allowed = asked.filter(({ name, topicId }) => {
    const known = name ?? cluster.topicById(topicId)?.name
    if (known === undefined || (may(describe, known) && (may(Operation.delete, known) || !cluster.topic(known)))) {
      return true
    }
    const shown = name ?? (may(describe, known) ? known : null)
    refused.push({ name: shown, topicId, errorCode: TOPIC_AUTHORIZATION_FAILED, errorMessage: null })
    return false
  })
  if (refused.length === 0) return next(request)
  const left = byNames ? { topics, topicNames: allowed.map(({ name }) => name!) } : { topics: allowed, topicNames }
  const { responses } = await answerOf<typeof messages.deleteTopics>(next({ ...request, ...left }))
  return { responses: [...refused, ...responses] }
}

/** Named topics are refused at the end; of all topics, those that may not be described are left out. */
const describedPartitions: Step<typeof messages.describeTopicPartitions> = async (request, at, next) => {
  const { access, cluster } = at
  const isAll = request.topics.length === 0
  const asked = isAll ? [...cluster.topics()] : request.topics
  const allowed = asked.filter(({ name }) => access.topic(describe, name)).map(({ name }) => ({ name }))
  if (allowed.length === asked.length && (isAll || allowed.length > 0)) return next(request)
  const refused = isAll
    ? []
    : asked
        .filter(({ name }) => !access.topic(describe, name))
        .map(({ name }) => ({
          errorCode: TOPIC_AUTHORIZATION_FAILED,
          name,
          topicId: ZERO_UUID,
          isInternal: false,
          partitions: [],
        }))
  if (allowed.length === 0) return { topics: refused, nextCursor: null }
  const answer = await answerOf<typeof messages.describeTopicPartitions>(next({ ...request, topics: allowed }))
  return { ...answer, topics: [...answer.topics, ...refused] }
}

export const topicRules: readonly Rule[] = [
  rule(messages.produce, inTransaction, produced),
  // each partition is checked where it is read: a fetch session holds more than its request names
  rule(messages.fetch),
  rule(
    messages.listOffsets,
    partly(messages.listOffsets, 'topics', 'topics', ({ name }, { access }) =>
      denied.topic(access.topic(describe, name)),
    ),
  ),
  rule(
    messages.offsetForLeaderEpoch,
    partly(messages.offsetForLeaderEpoch, 'topics', 'topics', ({ topic }, { access }) =>
      denied.topic(access.cluster(Operation.clusterAction) || access.topic(describe, topic)),
    ),
  ),
  rule(
    messages.deleteRecords,
    partly(messages.deleteRecords, 'topics', 'topics', ({ name }, { access }) =>
      denied.topic(access.topic(Operation.delete, name)),
    ),
  ),
  rule(messages.metadata, metadataTopics, metadataBits),
  rule(
    messages.createTopics,
    partly(
      messages.createTopics,
      'topics',
      'topics',
      ({ name }, { access }) => denied.topic(mayCreate(access, name)),
      NOT_CREATED,
    ),
    createdConfigs,
  ),
  rule(messages.deleteTopics, deletedTopics),
  rule(
    messages.createPartitions,
    partly(messages.createPartitions, 'topics', 'results', ({ name }, { access }) =>
      denied.topic(access.topic(alter, name)),
    ),
  ),
  rule(
    messages.describeTopicPartitions,
    describedPartitions,
    shows(messages.describeTopicPartitions, (answer, { access }) => ({
      ...answer,
      topics: answer.topics.map((topic) => withBits(topic, access)),
    })),
  ),
  rule(
    messages.describeProducers,
    partly(messages.describeProducers, 'topics', 'topics', ({ name }, { access }) =>
      denied.topic(access.topic(read, name)),
    ),
  ),
]
