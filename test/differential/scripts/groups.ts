// Groups of the classic protocol: joining, syncing, leaving, offsets.
import { type World, script } from '../script.js'
import { type Decoded, messages } from '../protocol.js'
import type { Connection } from '../peer.js'

const { joinGroup, syncGroup, heartbeat, leaveGroup, describeGroups, listGroups, deleteGroups } = messages
const { offsetCommit, offsetFetch, offsetDelete } = messages

const MEMBER_ID_REQUIRED = 79
/** A consumer's subscription, version 0: no topics, no user data. Kafka reads it, and never answers what it can't read. */
const METADATA = Buffer.from('000000000000ffffffff', 'hex')
const ASSIGNMENT = Buffer.from('assignment')

interface Joining {
  readonly memberId?: string
  readonly groupInstanceId?: string
  readonly protocolType?: string
  readonly protocols?: readonly string[]
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly on?: Connection
}

/** Joins, in the script's version when it is about JoinGroup, else in the newest. */
async function join(
  world: World,
  what: string,
  groupId: string,
  more: Joining = {},
): Promise<Decoded<typeof joinGroup.response.shape>> {
  const { on, protocols = ['range'], ...rest } = more
  const draft = {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: protocols.map((name) => ({ name, metadata: METADATA })),
    ...rest,
  }
  const options = on === undefined ? {} : { on }
  const answer = await world.ask(what, joinGroup, draft, options)
  if (answer.errorCode !== MEMBER_ID_REQUIRED) return answer
  return world.ask(`${what}, with the id`, joinGroup, { ...draft, memberId: answer.memberId }, options)
}

const sync = (
  world: World,
  what: string,
  groupId: string,
  generationId: number,
  memberId: string,
  members: readonly string[] = [memberId],
  more = {},
) =>
  world.ask(what, syncGroup, {
    groupId,
    generationId,
    memberId,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: members.map((id) => ({ memberId: id, assignment: ASSIGNMENT })),
    ...more,
  })

/** A stable group of one, made in the newest versions and not compared. */
async function stable(world: World, groupId: string): Promise<{ memberId: string; generationId: number }> {
  const draft = {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: METADATA }],
  }
  const asked = await world.setUp(joinGroup, draft)
  const { memberId, generationId } = await world.setUp(joinGroup, { ...draft, memberId: asked.memberId })
  const assignments = [{ memberId, assignment: ASSIGNMENT }]
  const names = { protocolType: 'consumer', protocolName: 'range' }
  await world.setUp(syncGroup, { groupId, generationId, memberId, assignments, ...names })
  return { memberId, generationId }
}

/** The newest description, compared. */
async function keepGroup(world: World, what: string, groupId: string): Promise<void> {
  const request = { groups: [groupId], includeAuthorizedOperations: false }
  world.keep(what, (await world.setUp(describeGroups, request)).groups)
}

export const groupScripts = [
  script(joinGroup, 'one member, from joining to leaving', async (world) => {
    const groupId = await world.group()
    const { memberId, generationId } = await join(world, 'join', groupId)
    await keepGroup(world, 'while syncing', groupId)
    world.keep('synced', await world.setUp(syncGroup, syncDraft(groupId, generationId, memberId)))
    await keepGroup(world, 'stable', groupId)
    await join(world, 'join again', groupId, { memberId })
    await keepGroup(world, 'after joining again', groupId)
    world.keep('left', await world.setUp(leaveGroup, { groupId, members: [{ memberId }] }))
    await keepGroup(world, 'empty', groupId)
  }),
  script(joinGroup, 'refusals', async (world) => {
    const groupId = await world.group()
    await join(world, 'no group', '')
    await join(world, 'a member that is none', groupId, { memberId: 'nobody' })
    for (const sessionTimeoutMs of [0, 5_999, 1_800_001]) {
      await join(world, `session ${sessionTimeoutMs}`, groupId, { sessionTimeoutMs })
    }
    await join(world, 'no protocols', groupId, { protocols: [] })
    await join(world, 'no protocol type', groupId, { protocolType: '' })
    await stable(world, groupId)
    await join(world, 'another protocol', groupId, { protocols: ['sticky'] })
    await join(world, 'another protocol type', groupId, { protocolType: 'connect' })
    await join(world, 'an unknown member of a stable group', groupId, { memberId: 'nobody' })
  }),
  script(joinGroup, 'two members share a protocol that both have', async (world) => {
    const groupId = await world.group()
    const first = await join(world, 'first', groupId, { protocols: ['range', 'roundrobin'] })
    await world.setUp(syncGroup, syncDraft(groupId, first.generationId, first.memberId))
    const other = await world.connection()
    const second = join(world, 'second', groupId, { protocols: ['roundrobin', 'sticky'], on: other })
    const told = { groupId, generationId: first.generationId, memberId: first.memberId }
    await world.until('a rebalance has begun', async () => (await world.setUp(heartbeat, told)).errorCode === 27)
    const request = { groups: [groupId], includeAuthorizedOperations: false }
    const state = (await world.setUp(describeGroups, request)).groups[0]?.groupState
    // Not through `ask`: which of two answers comes first is chance.
    const again = await world.setUp(joinGroup, {
      groupId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId: first.memberId,
      protocolType: 'consumer',
      protocols: ['range', 'roundrobin'].map((name) => ({ name, metadata: METADATA })),
    })
    await second
    world.keep('state meanwhile', state)
    world.keep('first again', { ...again, members: again.members.length })
  }),
  script(
    joinGroup,
    'a static member',
    async (world) => {
      const groupId = await world.group()
      const groupInstanceId = 'static'
      const first = await join(world, 'join', groupId, { groupInstanceId })
      const names = { ...syncDraft(groupId, first.generationId, first.memberId), groupInstanceId }
      await world.setUp(syncGroup, names)
      await join(world, 'comes back without its id', groupId, { groupInstanceId })
      await join(world, 'comes with its old id', groupId, { groupInstanceId, memberId: first.memberId })
      await join(world, 'another id', groupId, { groupInstanceId, memberId: 'nobody' })
      const told = { groupId, generationId: first.generationId, memberId: first.memberId, groupInstanceId }
      world.keep('the old id beats', await world.setUp(heartbeat, told))
      await keepGroup(world, 'after', groupId)
    },
    { since: 5 },
  ),
  script(syncGroup, 'assignments and refusals', async (world) => {
    const groupId = await world.group()
    await sync(world, 'no such group', groupId, 1, 'nobody')
    await sync(world, 'no group', '', 1, 'nobody')
    const draft = { groupId, sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, memberId: '' }
    const names = { protocolType: 'consumer', protocols: [{ name: 'range', metadata: METADATA }] }
    const asked = await world.setUp(joinGroup, { ...draft, ...names })
    const { memberId, generationId } = await world.setUp(joinGroup, { ...draft, ...names, memberId: asked.memberId })
    await sync(world, 'an older generation', groupId, generationId - 1, memberId)
    await sync(world, 'a newer generation', groupId, generationId + 1, memberId)
    await sync(world, 'another member', groupId, generationId, 'nobody')
    if (world.version >= 5) {
      await sync(world, 'another protocol', groupId, generationId, memberId, [memberId], { protocolName: 'sticky' })
      await sync(world, 'another type', groupId, generationId, memberId, [memberId], { protocolType: 'connect' })
      await sync(world, 'no names', groupId, generationId, memberId, [], { protocolName: null, protocolType: null })
    }
    await sync(world, 'synced', groupId, generationId, memberId)
    await sync(world, 'synced again', groupId, generationId, memberId, [])
    await sync(world, 'assignments for strangers', groupId, generationId, memberId, ['nobody'])
  }),
  script(heartbeat, 'of members and others', async (world) => {
    const groupId = await world.group()
    const beat = (
      what: string,
      generationId: number,
      memberId: string,
      group = groupId,
      groupInstanceId: string | null = null,
    ) => world.ask(what, heartbeat, { groupId: group, generationId, memberId, groupInstanceId })
    await beat('no such group', 1, 'nobody')
    await beat('no group', 1, 'nobody', '')
    const { memberId, generationId } = await stable(world, groupId)
    await beat('a member', generationId, memberId)
    await beat('an older generation', generationId - 1, memberId)
    await beat('a newer generation', generationId + 1, memberId)
    await beat('another member', generationId, 'nobody')
    await beat('no member', generationId, '')
    if (world.version >= 3) await beat('a static id that is none', generationId, memberId, groupId, 'static')
  }),
  script(leaveGroup, 'members leave', async (world) => {
    const groupId = await world.group()
    const leave = (what: string, memberIds: readonly string[], group = groupId) =>
      world.ask(what, leaveGroup, {
        groupId: group,
        memberId: memberIds[0] ?? '',
        members: memberIds.map((memberId) => ({ memberId })),
      })
    await leave('no such group', ['nobody'])
    await leave('no group', ['nobody'], '')
    const { memberId } = await stable(world, groupId)
    await leave('another member', ['nobody'])
    await leave('no member', [''])
    if (world.version >= 3) {
      await leave('none', [])
      const members = [{ memberId: '', groupInstanceId: 'static' }]
      await world.ask('a static id that is none', leaveGroup, { groupId, members })
      await leave('two, one known', [memberId, 'nobody'])
    }
    await leave('a member', [memberId])
    await leave('again', [memberId])
    await keepGroup(world, 'after', groupId)
  }),
  script(describeGroups, 'stable, empty and none', async (world) => {
    const groupId = await world.group()
    const tell = (what: string, groups: readonly string[], includeAuthorizedOperations = false) =>
      world.ask(what, describeGroups, { groups, includeAuthorizedOperations })
    await tell('one that is not there', [groupId])
    const { memberId } = await stable(world, groupId)
    await tell('stable', [groupId])
    await tell('several', [groupId, world.named('missing')])
    await tell('twice', [groupId, groupId])
    await tell('no name', [''])
    if (world.version >= 3) await tell('with what may be done', [groupId], true)
    await world.setUp(leaveGroup, { groupId, members: [{ memberId }] })
    await tell('empty', [groupId])
    await tell('none', [])
  }),
  script(listGroups, 'by state and type', async (world) => {
    const groupId = await world.group()
    const list = async (what: string, statesFilter: readonly string[], typesFilter: readonly string[] = []) => {
      // Groups of other scripts come and go with their time-outs: only this script's are compared.
      const answer = await world.setUpIn(world.version, listGroups, { statesFilter, typesFilter })
      world.keep(what, { ...answer, groups: answer.groups.filter((group) => group.groupId.startsWith(world.id)) })
    }
    await list('none yet', [])
    const { memberId } = await stable(world, groupId)
    await list('stable', [])
    if (world.version >= 4) {
      for (const state of ['Stable', 'stable', 'Empty', 'NoSuchState']) await list(`state ${state}`, [state])
      await list('two states', ['Empty', 'Stable'])
    }
    if (world.version >= 5)
      for (const type of ['classic', 'Classic', 'consumer', 'none']) await list(`type ${type}`, [], [type])
    await world.setUp(leaveGroup, { groupId, members: [{ memberId }] })
    await list('empty', [])
  }),
  script(deleteGroups, 'empty, living and none', async (world) => {
    const groupId = await world.group()
    const drop = (what: string, groupsNames: readonly string[]) => world.ask(what, deleteGroups, { groupsNames })
    await drop('one that is not there', [groupId])
    const { memberId } = await stable(world, groupId)
    await drop('living', [groupId])
    await drop('several', [groupId, world.named('missing'), ''])
    await world.setUp(leaveGroup, { groupId, members: [{ memberId }] })
    await drop('empty', [groupId])
    await drop('again', [groupId])
    await keepGroup(world, 'after', groupId)
    await drop('none', [])
  }),
  script(offsetCommit, 'by a member, and by no member', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    const groupId = await world.group()
    const commit = (what: string, more: Committing = {}) =>
      world.ask(what, offsetCommit, commitDraft(topic, { groupId, ...more }))
    await commit('an empty group', { offset: 5 })
    await keepGroup(world, 'made by it', groupId)
    await commit('no group', { groupId: '' })
    await commit('a generation without a member', { generationId: 3 })
    await commit('a member of an empty group', { memberId: 'nobody', generationId: 3 })
    await commit('a partition that is not there', { partition: 9 })
    await commit('a topic that is not there', { topic: { name: world.named('missing'), id: 'AAECAwQFBgcICQoLDA0ODw' } })
    await commit('a negative offset', { offset: -1 })
    await commit('long words', { metadata: 'x'.repeat(4096) })
    await commit('too long words', { metadata: 'x'.repeat(4097) })
    await commit('null words', { metadata: null })
    await commit('no partitions', { partition: undefined })
    const { memberId, generationId } = await stable(world, groupId)
    await commit('a member', { memberId, generationId, offset: 7, metadata: 'words' })
    await commit('an older generation', { memberId, generationId: generationId - 1 })
    await commit('a newer generation', { memberId, generationId: generationId + 1 })
    await commit('another member', { memberId: 'nobody', generationId })
    await commit('no member, while living', {})
    const groups = [{ groupId, topics: null }]
    world.keep('what is committed', await world.setUp(offsetFetch, { groups, requireStable: false }))
  }),
  script(offsetFetch, 'what was committed', async (world) => {
    const topic = await world.topic('topic', { partitions: 3 })
    const groupId = await world.group()
    const get = (what: string, partitionIndexes: readonly number[] | null, id = groupId, more = {}) => {
      const { name, id: topicId } = topic
      const topics = partitionIndexes === null ? null : [{ name, partitionIndexes }]
      const groups = [{ groupId: id, topics: topics?.map((one) => ({ ...one, topicId })) ?? null, ...more }]
      return world.ask(what, offsetFetch, { groupId: id, topics, groups, requireStable: false })
    }
    await get('nothing yet', [0])
    await world.setUp(offsetCommit, commitDraft(topic, { groupId, offset: 5, metadata: 'words', leaderEpoch: 0 }))
    await world.setUp(offsetCommit, commitDraft(topic, { groupId, offset: 6, partition: 1 }))
    await get('some', [0, 2])
    await get('one that is not there', [9])
    await get('none', [])
    if (world.version >= 2) await get('all', null)
    await get('another group', [0], world.named('other'))
    if (world.version >= 2) await get('all of another group', null, world.named('other'))
    await get('no group', [0], '')
    const missing = { name: world.named('missing'), partitionIndexes: [0] }
    const byId = { ...missing, topicId: 'AAECAwQFBgcICQoLDA0ODw' }
    const asked = { groupId, topics: [missing], groups: [{ groupId, topics: [byId] }], requireStable: false }
    await world.ask('a topic that is not there', offsetFetch, asked)
    if (world.version >= 7) await world.ask('stable ones', offsetFetch, { ...asked, requireStable: true })
    if (world.version >= 8) {
      const groups = [groupId, world.named('other'), ''].map((id) => ({ groupId: id, topics: null }))
      await world.ask('several groups', offsetFetch, { groups, requireStable: false })
      await world.ask('no groups', offsetFetch, { groups: [], requireStable: false })
    }
    if (world.version >= 9) {
      await get('a member that is none', [0], groupId, { memberId: 'nobody', memberEpoch: 1 })
      await get('an epoch without a member', [0], groupId, { memberEpoch: 1 })
    }
  }),
  script(offsetDelete, 'forgets offsets', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    const groupId = await world.group()
    const drop = (what: string, name: string, indexes: readonly number[], id = groupId) => {
      const partitions = indexes.map((partitionIndex) => ({ partitionIndex }))
      return world.ask(what, offsetDelete, { groupId: id, topics: [{ name, partitions }] })
    }
    await drop('no such group', topic.name, [0])
    await drop('no group', topic.name, [0], '')
    await world.setUp(offsetCommit, commitDraft(topic, { groupId, offset: 5 }))
    await drop('there and not there', topic.name, [0, 1, 9])
    await drop('no such topic', world.named('missing'), [0])
    await world.ask('nothing', offsetDelete, { groupId, topics: [] })
    await world.setUp(offsetCommit, commitDraft(topic, { groupId, offset: 5 }))
    await stable(world, groupId)
    await drop('of a living group', topic.name, [0])
  }),
]

interface Committing {
  readonly groupId?: string
  readonly topic?: { readonly name: string; readonly id: string }
  readonly partition?: number | undefined
  readonly offset?: number
  readonly metadata?: string | null
  readonly memberId?: string
  readonly generationId?: number
  readonly leaderEpoch?: number
}

function commitDraft(topic: { readonly name: string; readonly id: string }, more: Committing) {
  const { name, id } = more.topic ?? topic
  const partitionIndex = 'partition' in more ? more.partition : 0
  const partitions =
    partitionIndex === undefined
      ? []
      : [
          {
            partitionIndex,
            committedOffset: more.offset ?? 1,
            committedLeaderEpoch: more.leaderEpoch ?? -1,
            committedMetadata: more.metadata === undefined ? '' : more.metadata,
          },
        ]
  return {
    groupId: more.groupId ?? '',
    memberId: more.memberId ?? '',
    generationIdOrMemberEpoch: more.generationId ?? -1,
    topics: [{ name, topicId: id, partitions }],
  }
}

function syncDraft(groupId: string, generationId: number, memberId: string) {
  const assignments = [{ memberId, assignment: ASSIGNMENT }]
  return { groupId, generationId, memberId, protocolType: 'consumer', protocolName: 'range', assignments }
}
