// Groups of the new protocol (KIP-848): joining, confirming, leaving, and what they are asked and told by everything else.
import { type World, script } from '../script.js'
import { type Decoded, type Draft, messages } from '../protocol.js'

const { consumerGroupHeartbeat, consumerGroupDescribe, describeGroups, listGroups, deleteGroups } = messages
const { offsetCommit, offsetFetch, offsetDelete, joinGroup, syncGroup, heartbeat, leaveGroup } = messages

type Beat = Draft<typeof consumerGroupHeartbeat.request.shape>
type Beaten = Decoded<typeof consumerGroupHeartbeat.response.shape>
type Topic = Awaited<ReturnType<World['topic']>>

/** Members choose their ids from version 1 on; before, the coordinator does. */
const idOf = (world: World, name: string): string => (world.version >= 1 ? world.named(name) : '')

const beat = (world: World, what: string, draft: Beat, again?: (answer: Beaten) => boolean) =>
  world.ask(what, consumerGroupHeartbeat, draft, {
    version: Math.min(world.version, consumerGroupHeartbeat.versions[1]),
    ...(again && { again }),
  })

const joining = (world: World, groupId: string, topics: readonly Topic[], more: Partial<Beat> = {}): Beat => ({
  groupId,
  memberId: idOf(world, 'a'),
  memberEpoch: 0,
  rebalanceTimeoutMs: 30_000,
  subscribedTopicNames: topics.map(({ name }) => name),
  topicPartitions: [],
  ...more,
})

const lacksAssignment = ({ errorCode, assignment }: Beaten): boolean => errorCode === 0 && assignment === null
const owned = (answer: Beaten) => answer.assignment?.topicPartitions ?? []

/** A group of one that has confirmed what it was given; not compared. */
async function settledMember(world: World, groupId: string, topics: readonly Topic[], more: Partial<Beat> = {}) {
  let answer = await world.setUp(consumerGroupHeartbeat, {
    ...joining(world, groupId, topics),
    memberId: world.named('member'),
    ...more,
  })
  if (answer.errorCode !== 0) throw new Error(`could not join ${groupId}: error ${answer.errorCode}`)
  const { memberId } = answer
  let topicPartitions = owned(answer)
  await world.until(`${groupId} has its partitions`, async () => {
    const { memberEpoch } = answer
    answer = await world.setUp(consumerGroupHeartbeat, { groupId, memberId: memberId!, memberEpoch, topicPartitions })
    if (answer.assignment !== null) topicPartitions = owned(answer)
    return topicPartitions.length > 0
  })
  const { memberEpoch } = answer
  await world.setUp(consumerGroupHeartbeat, { groupId, memberId: memberId!, memberEpoch, topicPartitions })
  return { groupId, memberId: memberId!, memberEpoch, topicPartitions }
}

const keepDescribed = async (world: World, groupId: string, what: string): Promise<void> => {
  const { groups } = await world.setUp(consumerGroupDescribe, {
    groupIds: [groupId],
    includeAuthorizedOperations: false,
  })
  // from the assignment's epoch on: a coordinator that hears late of a topic counts one more from the start
  const shown = groups.map((group) => ({
    ...group,
    groupEpoch: group.groupEpoch - group.assignmentEpoch,
    assignmentEpoch: 0,
    members: group.members.map((member) => ({ ...member, memberEpoch: member.memberEpoch - group.assignmentEpoch })),
  }))
  world.keep(`the group, ${what}`, shown)
}

const WORKS = [
  script(consumerGroupHeartbeat, 'two members share', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    const groupId = await world.group()
    const first = await beat(world, 'joins', joining(world, groupId, [topic]))
    const a = { groupId, memberId: first.memberId! }
    const given = lacksAssignment(first)
      ? await beat(world, 'is given partitions', { ...a, memberEpoch: first.memberEpoch }, lacksAssignment)
      : first
    const all = owned(given)
    await beat(world, 'confirms', { ...a, memberEpoch: given.memberEpoch, topicPartitions: all })
    await beat(world, 'has no news', { ...a, memberEpoch: given.memberEpoch })
    await keepDescribed(world, groupId, 'shared by none')

    const second = await beat(world, 'another joins', joining(world, groupId, [topic], { memberId: idOf(world, 'b') }))
    const b = { groupId, memberId: second.memberId! }
    const less = await beat(
      world,
      'the first is to give one back',
      { ...a, memberEpoch: given.memberEpoch },
      lacksAssignment,
    )
    await beat(world, 'the second waits', { ...b, memberEpoch: second.memberEpoch })
    await keepDescribed(world, groupId, 'to be shared')
    const after = await beat(world, 'the first gives it back', {
      ...a,
      memberEpoch: less.memberEpoch,
      topicPartitions: owned(less),
    })
    const rest = await beat(world, 'the second has it', { ...b, memberEpoch: second.memberEpoch }, lacksAssignment)
    await beat(world, 'and confirms', { ...b, memberEpoch: rest.memberEpoch, topicPartitions: owned(rest) })
    await keepDescribed(world, groupId, 'shared')

    await beat(world, 'the epoch before', { ...a, memberEpoch: given.memberEpoch, topicPartitions: owned(less) })
    await beat(world, 'the epoch before, with what it had', {
      ...a,
      memberEpoch: given.memberEpoch,
      topicPartitions: all,
    })
    await beat(world, 'an epoch to come', { ...a, memberEpoch: after.memberEpoch + 5 })
    await beat(world, 'the second leaves', { ...b, memberEpoch: -1 })
    await beat(world, 'and again', { ...b, memberEpoch: -1 })
    await beat(world, 'the first has all', { ...a, memberEpoch: after.memberEpoch }, lacksAssignment)
    await beat(world, 'the first leaves', { ...a, memberEpoch: -1 })
    await keepDescribed(world, groupId, 'left by all')
  }),

  script(consumerGroupHeartbeat, 'changes its mind', async (world) => {
    const [one, two] = [await world.topic('one'), await world.topic('two')]
    // named before they stand in an order that their ids give
    for (const { name, id } of [one, two]) world.keep(name, { topicId: id })
    const groupId = await world.group()
    const member = await settledMember(world, groupId, [one])
    const next = { groupId, memberId: member.memberId, memberEpoch: member.memberEpoch }
    const more = await beat(
      world,
      'another topic',
      { ...next, subscribedTopicNames: [one.name, two.name] },
      lacksAssignment,
    )
    await beat(world, 'the same again', {
      ...next,
      memberEpoch: more.memberEpoch,
      subscribedTopicNames: [two.name, one.name],
    })
    await keepDescribed(world, groupId, 'with two topics')
    const range = await beat(world, 'another assignor', {
      ...next,
      memberEpoch: more.memberEpoch,
      serverAssignor: 'range',
    })
    await keepDescribed(world, groupId, 'with another assignor')
    await beat(world, 'a rack', { ...next, memberEpoch: range.memberEpoch, rackId: 'rack' })
    await beat(world, 'a topic that is not there', {
      ...next,
      memberEpoch: range.memberEpoch,
      subscribedTopicNames: [world.named('missing')],
    })
    await beat(world, 'no topics', { ...next, memberEpoch: range.memberEpoch, subscribedTopicNames: [] })
    await keepDescribed(world, groupId, 'without topics')
  }),

  script(consumerGroupHeartbeat, 'joins as it should not', async (world) => {
    const topic = await world.topic()
    const groupId = await world.group()
    const wrong = (what: string, more: Partial<Beat>) => beat(world, what, joining(world, groupId, [topic], more))
    await wrong('no group', { groupId: '' })
    await wrong('a blank group', { groupId: ' ' })
    await wrong('no time to rebalance', { rebalanceTimeoutMs: -1 })
    await wrong('no topics at all', { subscribedTopicNames: null })
    await wrong('nothing owned', { topicPartitions: null })
    await wrong('something owned', { topicPartitions: [{ topicId: topic.id, partitions: [0] }] })
    await wrong('an epoch that is none', { memberEpoch: -3 })
    await wrong('an unknown member', { memberEpoch: 1, memberId: world.named('nobody'), topicPartitions: null })
    await wrong('leaving without an id', { memberEpoch: -1, memberId: '' })
    await wrong('leaving, unknown', { memberEpoch: -1, memberId: world.named('nobody') })
    await wrong('leaving for a while, without an instance', { memberEpoch: -2, memberId: world.named('nobody') })
    await wrong('an empty instance', { instanceId: '' })
    await wrong('an empty rack', { rackId: '' })
    await wrong('an unknown assignor', { serverAssignor: 'sticky' })
    await wrong('the id that it chose', { memberId: world.named('chosen') })
    await wrong('no id', { memberId: '' })
  }),

  script(consumerGroupHeartbeat, 'static members', async (world) => {
    const topic = await world.topic()
    const groupId = await world.group()
    const instanceId = 'static'
    const member = await settledMember(world, groupId, [topic], { instanceId })
    const other = world.named('other')
    const join = (what: string, more: Partial<Beat> = {}) =>
      beat(world, what, joining(world, groupId, [topic], { memberId: other, instanceId, ...more }))
    await join('the instance is taken')
    await beat(world, 'under another id', { groupId, memberId: other, memberEpoch: member.memberEpoch, instanceId })
    await beat(world, 'leaves for a while', { groupId, memberId: member.memberId, memberEpoch: -2, instanceId })
    await keepDescribed(world, groupId, 'away')
    const back = await join('comes back', {})
    await keepDescribed(world, groupId, 'back')
    await beat(world, 'the old id', { groupId, memberId: member.memberId, memberEpoch: member.memberEpoch, instanceId })
    await beat(world, 'leaves for good', { groupId, memberId: back.memberId ?? other, memberEpoch: -1, instanceId })
    await keepDescribed(world, groupId, 'gone')
  }),

  script(
    consumerGroupHeartbeat,
    'regular expressions',
    async (world) => {
      const topic = await world.topic('by-pattern')
      const groupId = await world.group()
      const join = (what: string, subscribedTopicRegex: string | null, more: Partial<Beat> = {}) =>
        beat(world, what, joining(world, groupId, [], { subscribedTopicNames: null, subscribedTopicRegex, ...more }))
      await join('one that is none', '(')
      await join('one that RE2 does not have', '(?=a)')
      await join('an empty one', '')
      await join('an empty one and no names', '', { subscribedTopicNames: [] })
      const member = await settledMember(world, groupId, [], {
        memberId: world.named('a'),
        subscribedTopicNames: null,
        subscribedTopicRegex: `${topic.name.slice(0, -3)}.*`,
      })
      await keepDescribed(world, groupId, 'by a pattern')
      const { memberId, memberEpoch } = member
      await beat(world, 'a name instead', {
        groupId,
        memberId,
        memberEpoch,
        subscribedTopicNames: [topic.name],
        subscribedTopicRegex: '',
      })
      await keepDescribed(world, groupId, 'by a name')
    },
    { since: 1 },
  ),
]

const SEEN = [
  script(consumerGroupDescribe, 'groups of all kinds', async (world) => {
    const topic = await world.topic()
    const groupId = await world.group()
    const describe = (what: string, groupIds: readonly string[], includeAuthorizedOperations = false) =>
      world.ask(what, consumerGroupDescribe, { groupIds, includeAuthorizedOperations })
    await describe('none', [])
    await describe('no name', [''])
    await describe('unknown', [world.named('nobody')])
    await settledMember(world, groupId, [topic])
    await describe('one', [groupId])
    await describe('with what may be done', [groupId], true)
    await describe('twice', [groupId, groupId])
    const classic = await classicGroup(world)
    await describe('a classic one', [classic])
  }),

  ...[describeGroups, deleteGroups].map((api) =>
    script(api, 'of a group of the new protocol', async (world) => {
      const topic = await world.topic()
      const { groupId, memberId } = await settledMember(world, await world.group(), [topic])
      const ask = (what: string) =>
        api === deleteGroups
          ? world.ask(what, deleteGroups, { groupsNames: [groupId] })
          : world.ask(what, describeGroups, { groups: [groupId], includeAuthorizedOperations: false })
      await ask('with a member')
      await world.setUp(consumerGroupHeartbeat, { groupId, memberId, memberEpoch: -1 })
      await ask('empty')
    }),
  ),

  script(listGroups, 'of the new protocol', async (world) => {
    const topic = await world.topic()
    const { groupId } = await settledMember(world, await world.group(), [topic])
    const listed = async (what: string, statesFilter: readonly string[], typesFilter: readonly string[]) => {
      const answer = await world.setUpIn(world.version, listGroups, {
        ...(world.version >= 4 && { statesFilter }),
        ...(world.version >= 5 && { typesFilter }),
      })
      world.keep(what, { ...answer, groups: answer.groups.filter((group) => group.groupId === groupId) })
    }
    await listed('all', [], [])
    await listed('stable ones', ['Stable'], [])
    await listed('consumer groups', [], ['consumer'])
    await listed('classic groups', [], ['classic'])
  }),

  script(offsetCommit, 'of a member of the new protocol', async (world) => {
    const topic = await world.topic()
    const member = await settledMember(world, await world.group(), [topic])
    const { groupId, memberId, memberEpoch } = member
    const commit = (what: string, more: object) =>
      world.ask(what, offsetCommit, {
        groupId,
        memberId,
        generationIdOrMemberEpoch: memberEpoch,
        ...(world.version >= 7 && { groupInstanceId: null }),
        topics: [
          {
            ...(world.version >= 10 ? { topicId: topic.id } : { name: topic.name }),
            partitions: [{ partitionIndex: 0, committedOffset: 3, committedMetadata: '' }],
          },
        ],
        ...more,
      })
    await commit('its epoch', {})
    await commit('an old epoch', { generationIdOrMemberEpoch: memberEpoch - 1 })
    await commit('an epoch to come', { generationIdOrMemberEpoch: memberEpoch + 1 })
    await commit('nobody', { memberId: world.named('nobody') })
    await commit('no member', { memberId: '', generationIdOrMemberEpoch: -1 })
  }),

  script(
    offsetFetch,
    'of a member of the new protocol',
    async (world) => {
      const topic = await world.topic()
      const { groupId, memberId, memberEpoch } = await settledMember(world, await world.group(), [topic])
      const asked = (more: object) => ({
        groups: [
          {
            groupId,
            memberId,
            memberEpoch,
            topics: [
              { ...(world.version >= 10 ? { topicId: topic.id } : { name: topic.name }), partitionIndexes: [0] },
            ],
            ...more,
          },
        ],
        requireStable: false,
      })
      const fetch = (what: string, more: object) => world.ask(what, offsetFetch, asked(more))
      await fetch('its epoch', {})
      await fetch('an old epoch', { memberEpoch: memberEpoch - 1 })
      await fetch('nobody', { memberId: world.named('nobody') })
      await fetch('no member', { memberId: null, memberEpoch: -1 })
    },
    { since: 9 },
  ),

  script(offsetDelete, 'of a topic that a member of the new protocol reads', async (world) => {
    const topic = await world.topic()
    const { groupId } = await settledMember(world, await world.group(), [topic])
    const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }]
    await world.ask('it is read', offsetDelete, { groupId, topics })
  }),
]

const CLASSIC = [
  script(joinGroup, 'into a group of the new protocol', async (world) => {
    const topic = await world.topic()
    const { groupId } = await settledMember(world, await world.group(), [topic])
    const join = (what: string, metadata: Buffer, more = {}) =>
      world.ask(what, joinGroup, {
        groupId,
        sessionTimeoutMs: 30_000,
        rebalanceTimeoutMs: 30_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata }],
        ...more,
      })
    await join('what is no subscription', Buffer.from('x'))
    await join('another kind', Buffer.from('x'), { protocolType: 'connect' })
    await join('an unknown member', SUBSCRIPTION, { memberId: world.named('nobody') })
  }),
  script(syncGroup, 'in a group of the new protocol', async (world) => {
    const topic = await world.topic()
    const { groupId, memberId, memberEpoch } = await settledMember(world, await world.group(), [topic])
    const sync = { groupId, generationId: memberEpoch, memberId, assignments: [] }
    await world.ask('a member', syncGroup, sync)
    await world.ask('nobody', syncGroup, { ...sync, memberId: world.named('nobody') })
  }),
  script(heartbeat, 'in a group of the new protocol', async (world) => {
    const topic = await world.topic()
    const { groupId, memberId, memberEpoch } = await settledMember(world, await world.group(), [topic])
    await world.ask('a member', heartbeat, { groupId, generationId: memberEpoch, memberId })
    await world.ask('nobody', heartbeat, { groupId, generationId: memberEpoch, memberId: world.named('nobody') })
  }),
  script(
    leaveGroup,
    'from a group of the new protocol',
    async (world) => {
      const topic = await world.topic()
      const { groupId, memberId } = await settledMember(world, await world.group(), [topic], { instanceId: 'static' })
      const leave = (what: string, member: string, groupInstanceId: string | null) =>
        world.ask(what, leaveGroup, { groupId, members: [{ memberId: member, groupInstanceId }] })
      await leave('nobody', world.named('nobody'), null)
      await leave('no instance', '', 'missing')
      await leave('a member', memberId, null)
      await leave('its instance', '', 'static')
      await keepDescribed(world, groupId, 'left')
    },
    { since: 3 },
  ),
  script(consumerGroupHeartbeat, 'into a classic group', async (world) => {
    const topic = await world.topic()
    const groupId = await classicGroup(world)
    await beat(world, 'whose members can not change', joining(world, groupId, [topic]))
    await beat(world, 'a beat', { groupId, memberId: world.named('nobody'), memberEpoch: 1 })
  }),
]

const SUBSCRIPTION = Buffer.from('000000000000ffffffff', 'hex')

/** A classic group with a member of a protocol that is not for consumers. */
async function classicGroup(world: World): Promise<string> {
  const groupId = await world.group('classic')
  const draft = {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: '',
    protocolType: 'connect',
    protocols: [{ name: 'default', metadata: Buffer.from('x') }],
  }
  const asked = await world.setUp(joinGroup, draft)
  await world.setUp(joinGroup, { ...draft, memberId: asked.memberId })
  return groupId
}

export const consumerGroupScripts = [...WORKS, ...SEEN, ...CLASSIC]
