/** What requests about groups and their offsets need. */
import { ErrorCode } from '../../../protocol/errors.js'
import * as messages from '../../../protocol/messages/index.js'
import { Operation, ResourceType } from '../acl-words.js'
import { denied, type Access } from './access.js'
import { answerOf, needs, partly, refusal, rule, shows, type Rule, type Step } from './rule.js'

const { read, describe, clusterAction } = Operation
const { TOPIC_AUTHORIZATION_FAILED } = ErrorCode

interface NamesGroup {
  readonly groupId: string
}

const readsGroup = ({ groupId }: NamesGroup, { access }: { access: Access }): ReturnType<typeof denied.group> =>
  denied.group(access.group(read, groupId))

const mayFind = (access: Access, keyType: number, key: string): ReturnType<typeof denied.group> => {
  if (keyType === 0) return denied.group(access.group(describe, key))
  if (keyType === 1) return denied.transactionalId(access.transactionalId(describe, key))
  return keyType === 2 ? denied.cluster(access.cluster(clusterAction)) : undefined
}

const NOWHERE = { nodeId: -1, host: '', port: -1 }

const foundCoordinators: Step<typeof messages.findCoordinator> = (request, at, next) => {
  if (at.context.apiVersion >= 4) {
    const some = partly(
      messages.findCoordinator,
      'coordinatorKeys',
      'coordinators',
      (key, { access }) => mayFind(access, request.keyType, key),
      NOWHERE,
    )
    return some(request, at, next)
  }
  const denial = mayFind(at.access, request.keyType, request.key)
  if (denial === undefined) return next(request)
  return { ...refusal(messages.findCoordinator, request, at, denial), ...NOWHERE }
}

type Commit = typeof messages.offsetCommit

const committedTopics = partly(messages.offsetCommit, 'topics', 'topics', ({ name, topicId }, at) => {
  const known = at.context.apiVersion >= 10 ? at.cluster.topicById(topicId)?.name : name
  return denied.topic(known === undefined || at.access.topic(read, known))
}) satisfies Step<Commit>

type Fetch = typeof messages.offsetFetch

const NOTHING = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: TOPIC_AUTHORIZATION_FAILED }

/** v8 and later: groups by themselves, and topics within each. */
const fetchedGroups: Step<Fetch> = async (request, { access, cluster, context }, next) => {
  const byId = context.apiVersion >= 10
  const mayRead = ({ name, topicId }: { name?: string | undefined; topicId?: string | undefined }): boolean => {
    const known = byId ? cluster.topicById(topicId ?? '')?.name : name
    return known === undefined || access.topic(describe, known)
  }
  const allowed = request.groups.filter(({ groupId }) => access.group(describe, groupId))
  const asked = allowed.map((group) => ({ ...group, topics: group.topics && group.topics.filter(mayRead) }))
  const answer =
    asked.length > 0 ? await answerOf<Fetch>(next({ ...request, groups: asked })) : { topics: [], groups: [] }
  const found = (answer.groups ?? []).map((group, i) => {
    const refused = (allowed[i]?.topics ?? [])
      .filter((topic) => !mayRead(topic))
      .map(({ partitionIndexes, ...topic }) => ({
        ...topic,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, ...NOTHING })),
      }))
    if (group.errorCode !== ErrorCode.NONE && group.errorCode !== undefined) return group
    return { ...group, topics: [...group.topics.filter(mayRead), ...refused] }
  })
  const refused = request.groups
    .filter(({ groupId }) => !access.group(describe, groupId))
    .map(({ groupId }) => ({ groupId, topics: [], errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }))
  return { ...answer, groups: [...found, ...refused] }
}

/** v7 and earlier: one group. */
const fetchedOffsets: Step<Fetch> = async (request, at, next) => {
  if (at.context.apiVersion >= 8) return fetchedGroups(request, at, next)
  const { access } = at
  if (!access.group(describe, request.groupId)) {
    const answer = refusal(messages.offsetFetch, request, at, ErrorCode.GROUP_AUTHORIZATION_FAILED)
    // v1 has no error of its own for the group
    return at.context.apiVersion === 1 ? answer : { ...answer, topics: [] }
  }
  const mayRead = ({ name }: { readonly name: string }): boolean => access.topic(describe, name)
  const topics = request.topics && request.topics.filter(mayRead)
  const answer = await answerOf<Fetch>(next({ ...request, topics }))
  const refused = (request.topics ?? [])
    .filter((topic) => !mayRead(topic))
    .map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, ...NOTHING })),
    }))
  return { ...answer, topics: [...(answer.topics ?? []).filter(mayRead), ...refused] }
}

type Delete = typeof messages.offsetDelete

/** The group is looked for even when none of the topics may be touched: its own error comes first. */
const deletedOffsets: Step<Delete> = async (request, at, next) => {
  const { access } = at
  if (!access.group(Operation.delete, request.groupId)) {
    return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, topics: [] }
  }
  const mayRead = ({ name }: { readonly name: string }): boolean => access.topic(read, name)
  const answer = await answerOf<Delete>(next({ ...request, topics: request.topics.filter(mayRead) }))
  if (answer.errorCode !== ErrorCode.NONE) return answer
  const refused = request.topics
    .filter((topic) => !mayRead(topic))
    .map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((one) => ({ ...one, errorCode: TOPIC_AUTHORIZATION_FAILED })),
    }))
  return { ...answer, topics: [...refused, ...answer.topics] }
}

const UNASKED = -2147483648

function withBits<G extends { groupId: string; authorizedOperations?: number | undefined }>(
  group: G,
  access: Access,
): G {
  const { groupId, authorizedOperations: bits = UNASKED } = group
  if (bits === UNASKED) return group
  return { ...group, authorizedOperations: access.allowedBits(bits, ResourceType.group, groupId) }
}

export const groupRules: readonly Rule[] = [
  rule(messages.findCoordinator, foundCoordinators),
  rule(messages.joinGroup, needs(messages.joinGroup, readsGroup)),
  rule(messages.syncGroup, needs(messages.syncGroup, readsGroup)),
  rule(messages.heartbeat, needs(messages.heartbeat, readsGroup)),
  rule(
    messages.leaveGroup,
    needs(messages.leaveGroup, readsGroup, () => ({ members: [] })),
  ),
  rule(messages.offsetCommit, needs(messages.offsetCommit, readsGroup), committedTopics),
  rule(messages.offsetFetch, fetchedOffsets),
  rule(messages.offsetDelete, deletedOffsets),
  rule(
    messages.describeGroups,
    partly(messages.describeGroups, 'groups', 'groups', (groupId, { access }) =>
      denied.group(access.group(describe, groupId)),
    ),
    shows(messages.describeGroups, (answer, { access }) => ({
      ...answer,
      groups: answer.groups.map((group) => withBits(group, access)),
    })),
  ),
  rule(
    messages.listGroups,
    shows(messages.listGroups, (answer, { access }) =>
      access.cluster(describe)
        ? answer
        : { ...answer, groups: answer.groups.filter(({ groupId }) => access.group(describe, groupId)) },
    ),
  ),
  rule(
    messages.deleteGroups,
    partly(messages.deleteGroups, 'groupsNames', 'results', (groupId, { access }) =>
      denied.group(access.group(Operation.delete, groupId)),
    ),
  ),
  rule(
    messages.consumerGroupHeartbeat,
    needs(messages.consumerGroupHeartbeat, readsGroup),
    needs(messages.consumerGroupHeartbeat, ({ subscribedTopicNames }, { access }) =>
      denied.topic((subscribedTopicNames ?? []).every((name) => access.topic(describe, name))),
    ),
  ),
  rule(
    messages.consumerGroupDescribe,
    partly(messages.consumerGroupDescribe, 'groupIds', 'groups', (groupId, { access }) =>
      denied.group(access.group(describe, groupId)),
    ),
    shows(messages.consumerGroupDescribe, (answer, { access }) => ({
      ...answer,
      groups: answer.groups.map((group) => {
        const topics = group.members.flatMap(({ assignment, targetAssignment, subscribedTopicNames }) => [
          ...subscribedTopicNames,
          ...[...assignment.topicPartitions, ...targetAssignment.topicPartitions].map(({ topicName }) => topicName),
        ])
        if (topics.every((name) => access.topic(describe, name))) return withBits(group, access)
        // a member tells of its topics: of those that may not be seen, nothing is told by way of the group
        return {
          ...group,
          errorCode: TOPIC_AUTHORIZATION_FAILED,
          members: [],
          errorMessage: 'the group reads topics that this principal may not describe',
        }
      }),
    })),
  ),
]
