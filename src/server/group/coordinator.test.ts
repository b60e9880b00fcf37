import { describe, expect, it } from 'vitest'
import { sleep } from '../../base/clock.js'
import { seededRandom, type Random } from '../../base/random.js'
import { ErrorCode } from '../../protocol/errors.js'
import type {
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  offsetCommit,
  offsetFetch,
  syncGroup,
} from '../../protocol/messages/index.js'
import { ZERO_UUID, type RequestOf, type ResponseOf } from '../../protocol/schema/index.js'
import { localNode, type LocalNode } from '../../../test/server/local-node.js'
import type { RequestContext } from '../api/handler.js'
import type { Disk } from '../disk/disk.js'
import { faultyDisk } from '../disk/faulty-disk.js'
import { memoryDisk } from '../disk/memory-disk.js'
import type { GroupCoordinator } from './group-coordinator.js'
import { startGroupCoordinator, type RunningGroupCoordinator } from './start-group-coordinator.js'

const PARTITIONS = 4

/** A group coordinator on a node's partitions, which outlive it. */
class Scene {
  private constructor(
    private node: LocalNode,
    private readonly configs: Record<string, string>,
    public coordinator: RunningGroupCoordinator,
  ) {}

  static async start(
    configs: Record<string, string> = {},
    random: Random = seededRandom(1),
    disk: Disk = memoryDisk(),
  ): Promise<Scene> {
    const node = await localNode({ configs, random, disk })
    await node.createTopic('__consumer_offsets', { partitions: PARTITIONS, configs: { 'cleanup.policy': 'compact' } })
    for (const topic of ['orders', 'bills']) await node.createTopic(topic)
    return new Scene(node, configs, startGroupCoordinator(node))
  }

  get clock(): LocalNode['clock'] {
    return this.node.clock
  }

  get random(): Random {
    return this.node.random
  }

  /** Stops the coordinator and starts another on the same logs, once what was written is there. */
  async restart(): Promise<void> {
    this.coordinator.close()
    await this.clock.advance(10)
    this.coordinator = startGroupCoordinator(this.node)
  }

  /** Starts another node from what is on the disk. */
  async restartNode(disk: Disk = this.node.disk): Promise<void> {
    this.coordinator.close()
    await this.node.stop()
    const { clock, history, random } = this.node
    this.node = await localNode({ configs: this.configs, disk, clock, random, events: history })
    this.coordinator = startGroupCoordinator(this.node)
    await this.clock.advance(10)
  }

  deleteTopic(name: string): Promise<void> {
    return this.node.deleteTopic(name)
  }

  /** Runs a request while time goes on. */
  async within<T>(ms: number, request: Promise<T>): Promise<T> {
    let done = false
    const settled = request.finally(() => (done = true))
    for (let spent = 0; !done && spent <= ms; spent += 10) await this.clock.advance(10)
    expect(done, `an answer within ${ms} ms`).toBe(true)
    return settled
  }

  commit(
    groupId: string,
    offset: number,
    more: Partial<RequestOf<typeof offsetCommit>> = {},
    version = 9,
  ): Promise<number> {
    const partitions = [
      { partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: 3, committedMetadata: 'note' },
    ]
    const request = {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [{ name: 'orders', topicId: ZERO_UUID, partitions }],
      ...more,
    }
    return this.coordinator
      .offsetCommit(request, context(version))
      .then(({ topics }) => topics[0]!.partitions[0]!.errorCode)
  }

  async fetch(groupId: string): Promise<readonly [offset: number, error: number]> {
    const topics = [{ name: 'orders', topicId: ZERO_UUID, partitionIndexes: [0] }]
    const groups = [{ groupId, memberId: null, memberEpoch: -1, topics }]
    const request: RequestOf<typeof offsetFetch> = { groupId: '', topics: null, groups, requireStable: false }
    const { groups: [group] = [] } = await this.coordinator.offsetFetch(request, context(9))
    return [group!.topics[0]?.partitions[0]!.committedOffset ?? -1, group!.errorCode ?? 0]
  }

  async list(filter: Partial<RequestOf<typeof listGroups>> = {}): Promise<ResponseOf<typeof listGroups>['groups']> {
    const answer = await this.coordinator.listGroups({ statesFilter: [], typesFilter: [], ...filter }, context(5))
    expect(answer.errorCode).toBe(0)
    return answer.groups
  }
}

function context(apiVersion: number, clientId = 'client'): RequestContext {
  return {
    apiVersion,
    correlationId: 1,
    clientId,
    connectionId: 'c',
    clientHost: '127.0.0.1',
    clientPort: 1,
    listenerName: 'PLAINTEXT',
    principal: 'User:ANONYMOUS',
    signal: new AbortController().signal,
  }
}

type JoinAnswer = ResponseOf<typeof joinGroup>

/** A member as a client library has it, as far as the protocol goes. */
class Member {
  memberId = ''
  generation = -1

  constructor(
    private readonly groups: () => GroupCoordinator,
    readonly name: string,
    readonly groupId = 'g',
    readonly instanceId: string | null = null,
    private readonly sessionTimeoutMs = 10_000,
  ) {}

  async join(topics = ['orders']): Promise<JoinAnswer> {
    const metadata = Buffer.from(JSON.stringify(topics))
    const request: RequestOf<typeof joinGroup> = {
      groupId: this.groupId,
      sessionTimeoutMs: this.sessionTimeoutMs,
      rebalanceTimeoutMs: 30_000,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: 'test',
      protocols: [{ name: 'p', metadata }],
      reason: null,
    }
    const answer = await this.groups().joinGroup(request, context(9, this.name))
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.memberId = answer.memberId
      return this.join(topics)
    }
    if (answer.errorCode === ErrorCode.NONE) {
      this.memberId = answer.memberId
      this.generation = answer.generationId!
    }
    return answer
  }

  sync(assignments: RequestOf<typeof syncGroup>['assignments'] = []): Promise<ResponseOf<typeof syncGroup>> {
    const { groupId, memberId, generation, instanceId } = this
    const request = { groupId, memberId, generationId: generation, groupInstanceId: instanceId, assignments }
    return this.groups().syncGroup({ ...request, protocolType: 'test', protocolName: 'p' }, context(5))
  }

  async heartbeat(): Promise<number> {
    const { groupId, memberId, generation, instanceId } = this
    const request: RequestOf<typeof heartbeat> = {
      groupId,
      memberId,
      generationId: generation,
      groupInstanceId: instanceId,
    }
    return (await this.groups().heartbeat(request, context(4))).errorCode
  }

  async leave(): Promise<number> {
    const members = [{ memberId: this.memberId, groupInstanceId: this.instanceId, reason: null }]
    const request: RequestOf<typeof leaveGroup> = { groupId: this.groupId, memberId: '', members }
    const answer = await this.groups().leaveGroup(request, context(5))
    this.memberId = ''
    return answer.members![0]!.errorCode
  }
}

const assign = (answer: JoinAnswer): { memberId: string; assignment: Buffer }[] =>
  answer.members.map(({ memberId }) => ({ memberId, assignment: Buffer.from(`for ${memberId}`) }))

/** A stable group of one member. */
async function stable(scene: Scene, groupId = 'g', instanceId: string | null = null): Promise<Member> {
  const member = new Member(() => scene.coordinator, 'm', groupId, instanceId)
  const joined = await scene.within(5000, member.join())
  await member.sync(assign(joined))
  return member
}

describe('a group coordinator', () => {
  it('remembers members and offsets through a restart: heartbeats go on, and nobody rebalances', async () => {
    const scene = await Scene.start()
    const member = await stable(scene)
    const own = { memberId: member.memberId, generationIdOrMemberEpoch: member.generation }
    expect(await scene.commit('g', 42, own)).toBe(0)
    await scene.restart()
    await scene.clock.advance(9000)
    expect(await member.heartbeat()).toBe(0)
    expect((await member.sync()).assignment).toEqual(Buffer.from(`for ${member.memberId}`))
    expect(await scene.fetch('g')).toEqual([42, 0])
    expect(await scene.commit('g', 43, own)).toBe(0)
  })

  it('gives members of a loaded group their session, and no more', async () => {
    const scene = await Scene.start()
    const member = await stable(scene)
    await scene.restart()
    await scene.clock.advance(10_001)
    expect(await member.heartbeat()).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    expect(await scene.list()).toMatchObject([{ groupId: 'g', groupState: 'Empty' }])
  })

  it('answers that it is loading until it has loaded, and takes heartbeats on trust', async () => {
    const scene = await Scene.start()
    const member = await stable(scene)
    await scene.restart()
    const [join, beat, fetched] = await Promise.all([member.join(), member.heartbeat(), scene.fetch('g')])
    expect(join.errorCode).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    expect(beat).toBe(0)
    expect(fetched).toEqual([-1, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS])
  })

  it('tells whoever waits to look for it elsewhere when it stops', async () => {
    const scene = await Scene.start()
    const waiting = new Member(() => scene.coordinator, 'm').join()
    await scene.clock.advance(100)
    await scene.restart()
    expect((await waiting).errorCode).toBe(ErrorCode.NOT_COORDINATOR)
  })

  it('refuses everything when its log fails, and goes on from what was written after a restart', async () => {
    const files = memoryDisk()
    const disk = faultyDisk(files)
    const scene = await Scene.start({}, seededRandom(1), disk)
    const member = await stable(scene)
    await scene.commit('other', 1)
    const other = new Member(() => scene.coordinator, 'n')
    const waiting = other.join()
    await scene.clock.advance(1)
    disk.faults = (operation) => (operation === 'append' ? { code: 'EIO' } : undefined)
    const own = { memberId: member.memberId, generationIdOrMemberEpoch: 1 }
    expect(await scene.commit('g', 1, own)).toBe(ErrorCode.NOT_COORDINATOR)
    expect((await waiting).errorCode).toBe(ErrorCode.NOT_COORDINATOR)
    expect(await member.heartbeat()).toBe(ErrorCode.NOT_COORDINATOR)
    await scene.restartNode(files)
    expect(await member.heartbeat()).toBe(ErrorCode.NONE)
    expect(await scene.fetch('other')).toEqual([1, 0])
    expect((await scene.list({ statesFilter: ['stable'] })).map(({ groupId }) => groupId)).toEqual(['g'])
  })

  it('puts a group back to what was written when an assignment is too large to be written', async () => {
    const scene = await Scene.start()
    const member = new Member(() => scene.coordinator, 'm')
    await scene.within(5000, member.join())
    const tooLarge = [{ memberId: member.memberId, assignment: Buffer.alloc(2 * 1024 * 1024) }]
    expect((await member.sync(tooLarge)).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR)
    expect(await member.heartbeat()).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    member.memberId = ''
    const joined = await scene.within(5000, member.join())
    expect((await member.sync(assign(joined))).errorCode).toBe(0)
  })

  it('checks session time-outs against the limits, and group ids', async () => {
    const scene = await Scene.start()
    const hasty = new Member(() => scene.coordinator, 'm', 'g', null, 5999)
    expect((await hasty.join()).errorCode).toBe(ErrorCode.INVALID_SESSION_TIMEOUT)
    const nameless = new Member(() => scene.coordinator, 'm', '')
    expect((await nameless.join()).errorCode).toBe(ErrorCode.INVALID_GROUP_ID)
    expect(await nameless.heartbeat()).toBe(ErrorCode.INVALID_GROUP_ID)
    expect((await nameless.sync()).errorCode).toBe(ErrorCode.INVALID_GROUP_ID)
  })

  it('lists groups by state and type, without regard to case', async () => {
    const scene = await Scene.start()
    await stable(scene, 'joined')
    await scene.commit('simple', 1)
    expect((await scene.list({ statesFilter: ['STABLE'] })).map(({ groupId }) => groupId)).toEqual(['joined'])
    expect((await scene.list({ statesFilter: ['empty'] })).map(({ groupId }) => groupId)).toEqual(['simple'])
    expect(await scene.list({ typesFilter: ['Consumer'] })).toEqual([])
    expect(await scene.list({ typesFilter: ['Classic'] })).toHaveLength(2)
  })

  it('describes groups: members of a stable one with what they said, a missing one as dead or, from v6, not found', async () => {
    const scene = await Scene.start()
    const { memberId } = await stable(scene)
    const ask = (version: number): ReturnType<GroupCoordinator['describeGroups']> =>
      scene.coordinator.describeGroups({ groups: ['g', 'none'], includeAuthorizedOperations: false }, context(version))
    const [found, missing] = (await ask(6)).groups
    const member = { memberId, clientId: 'm', clientHost: '/127.0.0.1', memberMetadata: Buffer.from('["orders"]') }
    expect(found).toMatchObject({ groupState: 'Stable', protocolType: 'test', protocolData: 'p', members: [member] })
    expect(missing).toMatchObject({ errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: 'Group none not found.' })
    expect((await ask(5)).groups[1]).toMatchObject({ errorCode: 0, groupState: 'Dead' })
  })

  it('deletes empty groups with their offsets, for good', async () => {
    const scene = await Scene.start()
    await stable(scene, 'used')
    await scene.commit('simple', 1)
    const { results } = await scene.coordinator.deleteGroups(
      { groupsNames: ['used', 'simple', 'none', 'simple'] },
      context(2),
    )
    expect(results).toEqual([
      { groupId: 'used', errorCode: ErrorCode.NON_EMPTY_GROUP },
      { groupId: 'simple', errorCode: 0 },
      { groupId: 'none', errorCode: ErrorCode.GROUP_ID_NOT_FOUND },
    ])
    await scene.restart()
    await scene.clock.advance(10)
    expect(await scene.fetch('simple')).toEqual([-1, 0])
    expect((await scene.list()).map(({ groupId }) => groupId)).toEqual(['used'])
  })
})

describe('committed offsets', () => {
  it('are taken from outside only while the group is empty', async () => {
    const scene = await Scene.start()
    expect(await scene.commit('g', 1)).toBe(0)
    await stable(scene)
    expect(await scene.commit('g', 2)).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    expect(await scene.fetch('g')).toEqual([1, 0])
  })

  it('are taken from members of the generation only; a missing group is named by version', async () => {
    const scene = await Scene.start()
    const member = await stable(scene)
    const { memberId } = member
    expect(await scene.commit('g', 1, { memberId, generationIdOrMemberEpoch: 0 })).toBe(ErrorCode.ILLEGAL_GENERATION)
    expect(await scene.commit('g', 1, { memberId: 'x', generationIdOrMemberEpoch: 1 })).toBe(
      ErrorCode.UNKNOWN_MEMBER_ID,
    )
    const none = { memberId: 'x', generationIdOrMemberEpoch: 1 }
    expect(await scene.commit('none', 1, none, 8)).toBe(ErrorCode.ILLEGAL_GENERATION)
    expect(await scene.commit('none', 1, none, 9)).toBe(ErrorCode.GROUP_ID_NOT_FOUND)
  })

  it('of the old generation are taken while the group gathers, and refused while it assigns', async () => {
    const scene = await Scene.start()
    const member = await stable(scene)
    const own = { memberId: member.memberId, generationIdOrMemberEpoch: 1 }
    const other = new Member(() => scene.coordinator, 'n')
    const joining = other.join()
    await scene.clock.advance(10)
    expect(await member.heartbeat()).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(await scene.commit('g', 7, own)).toBe(0)
    await Promise.all([member.join(), joining])
    expect(await scene.commit('g', 8, own)).toBe(ErrorCode.ILLEGAL_GENERATION)
    expect(await scene.commit('g', 8, { ...own, generationIdOrMemberEpoch: 2 })).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(await scene.fetch('g')).toEqual([7, 0])
  })

  it('carry metadata up to a limit', async () => {
    const scene = await Scene.start({ 'offset.metadata.max.bytes': '3' })
    expect(await scene.commit('g', 1)).toBe(ErrorCode.OFFSET_METADATA_TOO_LARGE)
    expect(await scene.list()).toEqual([])
  })

  it('of a deleted topic are forgotten', async () => {
    const scene = await Scene.start()
    await scene.commit('g', 1)
    await scene.deleteTopic('bills')
    await scene.clock.advance(10)
    expect(await scene.fetch('g')).toEqual([1, 0])
    await scene.deleteTopic('orders')
    await scene.clock.advance(10)
    expect(await scene.fetch('g')).toEqual([-1, 0])
  })

  it('expire when the group has been empty for the retention, and the group with them', async () => {
    const scene = await Scene.start({
      'offsets.retention.minutes': '60',
      'offsets.retention.check.interval.ms': '600000',
    })
    const member = await stable(scene)
    await scene.commit('g', 1, { memberId: member.memberId, generationIdOrMemberEpoch: 1 })
    for (let i = 0; i < 900; i++) {
      await scene.clock.advance(9000)
      await member.heartbeat()
    }
    expect(await scene.fetch('g')).toEqual([1, 0])
    await member.leave()
    await scene.clock.advance(50 * 60_000)
    expect(await scene.fetch('g')).toEqual([1, 0])
    await scene.clock.advance(21 * 60_000)
    expect(await scene.fetch('g')).toEqual([-1, 0])
    expect(await scene.list()).toEqual([])
    await scene.restart()
    await scene.clock.advance(10)
    expect(await scene.list()).toEqual([])
  })

  it('of a simple group expire after the last commit, or when the commit itself asked for it', async () => {
    const scene = await Scene.start({
      'offsets.retention.minutes': '60',
      'offsets.retention.check.interval.ms': '60000',
    })
    await scene.commit('long', 1)
    await scene.commit('short', 1, { retentionTimeMs: 120_000 }, 4)
    await scene.clock.advance(3 * 60_000)
    expect([await scene.fetch('long'), await scene.fetch('short')]).toEqual([
      [1, 0],
      [-1, 0],
    ])
    await scene.clock.advance(60 * 60_000)
    expect(await scene.fetch('long')).toEqual([-1, 0])
  })
})

describe('a group under churn', () => {
  const TASKS = 12

  /** What the members of one generation were given, held against what its leader gave out. */
  class Watch {
    readonly leaders = new Map<number, string>()
    readonly given = new Map<number, Map<string, string>>()
    private readonly latest = new Map<string, number>()
    answers = 0

    /**
     * A generation that was not written is given out again after a restart, to other members: what the coordinator before
     * said of it is void.
     */
    restarted(): void {
      this.leaders.clear()
      this.given.clear()
    }

    joined(member: string, answer: JoinAnswer): void {
      this.answers++
      const generation = answer.generationId!
      expect(generation, 'a generation never falls').toBeGreaterThanOrEqual(this.latest.get(member) ?? 0)
      this.latest.set(member, generation)
      const leader = this.leaders.get(generation) ?? answer.leader
      expect(answer.leader, `one leader in generation ${generation}`).toBe(leader)
      this.leaders.set(generation, leader)
      expect(answer.members.length > 0, 'the leader alone gets the members').toBe(answer.memberId === leader)
    }

    synced(memberId: string, generation: number, tasks: string): void {
      const given = this.given.get(generation) ?? new Map<string, string>()
      expect(given.get(memberId) ?? tasks, 'an assignment does not change within a generation').toBe(tasks)
      given.set(memberId, tasks)
      this.given.set(generation, given)
      const all = [...given.values()].flatMap((text) => text.split(',').filter(Boolean))
      expect(new Set(all).size, `no task twice in generation ${generation}`).toBe(all.length)
    }
  }

  const handOut = (answer: JoinAnswer): { memberId: string; assignment: Buffer }[] =>
    answer.members.map(({ memberId }, i) => ({
      memberId,
      assignment: Buffer.from(
        Array.from({ length: TASKS }, (_, task) => task)
          .filter((task) => task % answer.members.length === i)
          .join(','),
      ),
    }))

  /** A client that joins, works, and now and then leaves, dies or changes its mind. */
  async function live(
    scene: Scene,
    watch: Watch,
    name: string,
    calmAtMs: number,
    until: { over: boolean },
  ): Promise<string> {
    const { clock, random } = scene
    let member = new Member(() => scene.coordinator, name)
    let topics = ['orders']
    let state = ''
    while (!until.over) {
      const joined = await member.join(topics)
      if (joined.errorCode !== ErrorCode.NONE) {
        if (joined.errorCode === ErrorCode.UNKNOWN_MEMBER_ID) member.memberId = ''
        await sleep(clock, 50)
        continue
      }
      watch.joined(member.memberId, joined)
      const { generation } = member
      const synced = await member.sync(handOut(joined))
      if (synced.errorCode !== ErrorCode.NONE) {
        if (synced.errorCode === ErrorCode.UNKNOWN_MEMBER_ID) member.memberId = ''
        await sleep(clock, 20)
        continue
      }
      const tasks = Buffer.from(synced.assignment).toString()
      watch.synced(member.memberId, generation, tasks)
      state = `${generation}:${tasks}`
      for (let error: number = ErrorCode.NONE; error === ErrorCode.NONE && !until.over;) {
        await sleep(clock, 1000)
        const calm = clock.monotonic() >= calmAtMs
        const dice = calm ? 1 : random.next()
        if (dice < 0.02) {
          await member.leave()
          break
        } else if (dice < 0.03) {
          // dies without a word, and is back as another
          member = new Member(() => scene.coordinator, name)
          await sleep(clock, random.below(20_000))
          break
        } else if (dice < 0.05) {
          topics = [`topic-${random.below(100)}`]
          break
        } else if (dice < 0.06) {
          await sleep(clock, 5000 + random.below(15_000))
        }
        error = await member.heartbeat()
        if (error === ErrorCode.UNKNOWN_MEMBER_ID) member.memberId = ''
      }
    }
    return state
  }

  it.each([1, 2, 3, 4])('keeps one leader, rising generations and every task once (seed %i)', async (seed) => {
    const scene = await Scene.start({ 'group.initial.rebalance.delay.ms': '500' }, seededRandom(seed))
    const watch = new Watch()
    const until = { over: false }
    const calmAtMs = 120_000
    const errors: unknown[] = []
    const clients = Array.from({ length: 15 }, (_, i) =>
      live(scene, watch, `client-${i}`, calmAtMs, until).catch((error: unknown) => String(errors.push(error))),
    )
    for (let minute = 0; minute < 4; minute++) {
      await scene.clock.advance(30_000)
      await scene.restart()
      watch.restarted()
    }
    // calm from here: whoever is gone is dropped, all others come together
    await scene.clock.advance(120_000)
    expect(errors).toEqual([])
    const [group] = await scene.list()
    expect(group).toMatchObject({ groupId: 'g', groupState: 'Stable' })
    until.over = true
    await scene.clock.advance(2000)
    const states = await Promise.all(clients)
    const generations = new Set(states.map((state) => state.split(':')[0]))
    expect(generations.size, 'all in one generation').toBe(1)
    const tasks = states.flatMap((state) => state.split(':')[1]!.split(',').filter(Boolean))
    expect(tasks.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: TASKS }, (_, task) => task))
    expect(watch.answers).toBeGreaterThan(100)
  })
})
