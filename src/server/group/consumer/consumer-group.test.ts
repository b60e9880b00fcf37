import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../base/random.js'
import { ErrorCode, errorName } from '../../../protocol/errors.js'
import type { TopicState } from '../../metadata/cluster-state.js'
import { classicLeaver } from './classic-members.js'
import { ConsumerGroup } from './consumer-group.js'
import { ConsumerDecision, GroupRefusal, type ConsumerContext, type ConsumerSettings } from './decision.js'
import { applyToConsumerGroup } from './events.js'
import { consumerHeartbeat, type Beat, type ConsumerHeartbeat } from './heartbeat.js'
import { leaveForAWhile, removeMembers } from './leave.js'

const topicOf = (name: string, count: number): TopicState => ({
  name,
  id: name,
  internal: name.startsWith('__'),
  partitions: Array.from({ length: count }, (_, partition) => ({
    partition,
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    replicas: [1],
    isr: [1],
  })),
})

/** One group, without a coordinator: what is decided is applied at once. */
class Scene {
  group = new ConsumerGroup('g')
  nowMs = 1000
  readonly topics = new Map<string, TopicState>()
  settings: ConsumerSettings = {
    maxSize: 100,
    heartbeatIntervalMs: 5e3,
    sessionTimeoutMs: 45e3,
    assignmentIntervalMs: 0,
    assignors: ['uniform', 'range'],
  }
  private metadataMayDiffer = true
  private readonly ids = seededRandom(1)

  constructor(topics: Record<string, number> = { t: 4 }) {
    for (const [name, count] of Object.entries(topics)) this.addTopic(name, count)
  }

  addTopic(name: string, count: number): void {
    this.topics.set(name, topicOf(name, count))
    this.metadataMayDiffer = true
  }

  private decision(): ConsumerDecision {
    const find = (name: string): TopicState | undefined => this.topics.get(name)
    const context: ConsumerContext = {
      wallMs: this.nowMs,
      settings: this.settings,
      topics: {
        cluster: { topic: find, topicById: find, topics: () => this.topics.values(), offset: 1 },
        pattern: (regex) => ({ matches: (text) => new RegExp(`^(?:${regex})$`).test(text) }),
      },
      metadataMayDiffer: this.metadataMayDiffer,
      newMemberId: () => this.ids.uuid(),
      note: () => {},
    }
    return new ConsumerDecision(this.group, context)
  }

  decide<T>(act: (decision: ConsumerDecision) => T): T {
    const decision = this.decision()
    const answer = act(decision)
    for (const event of decision.events) applyToConsumerGroup(this.group, event)
    return answer
  }

  beat(beat: Partial<ConsumerHeartbeat>): Beat {
    const nothing: ConsumerHeartbeat = {
      memberId: '',
      memberEpoch: 0,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      owned: null,
      clientId: 'c',
      clientHost: '/h',
    }
    const answer = this.decide((decision) => consumerHeartbeat(decision, { ...nothing, ...beat }))
    this.metadataMayDiffer = false
    return answer
  }

  refusal(beat: Partial<ConsumerHeartbeat>): string {
    try {
      this.beat(beat)
      return 'NONE'
    } catch (error) {
      return errorName((error as GroupRefusal).code)
    }
  }

  leave(memberId: string): void {
    this.decide((decision) => removeMembers(decision, [memberId], 'left'))
  }
}

/** A consumer that does what it is told: lets go of what it should not have, and says so. */
class Client {
  memberEpoch = 0
  readonly owned = new Set<string>()

  constructor(
    private readonly scene: Scene,
    readonly memberId: string,
    private readonly joins: Partial<ConsumerHeartbeat> = {},
  ) {}

  private get ownedList(): { topicId: string; partitions: number[] }[] {
    const byTopic = new Map<string, number[]>()
    for (const one of this.owned) {
      const [topic, partition] = one.split('-') as [string, string]
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), Number(partition)])
    }
    return [...byTopic].map(([topicId, partitions]) => ({ topicId, partitions }))
  }

  private take({ memberEpoch, assignment }: Beat): void {
    this.memberEpoch = memberEpoch
    if (!assignment) return
    this.owned.clear()
    for (const { topicId, partitions } of assignment.topicPartitions) {
      for (const partition of partitions) this.owned.add(`${topicId}-${partition}`)
    }
  }

  join(): this {
    const said = { subscribedTopicNames: ['t'], rebalanceTimeoutMs: 60_000, owned: [], ...this.joins }
    this.take(this.scene.beat({ memberId: this.memberId, ...said }))
    return this
  }

  beat(): this {
    const { memberId, memberEpoch } = this
    this.take(
      this.scene.beat({ memberId, memberEpoch, owned: this.ownedList, instanceId: this.joins.instanceId ?? null }),
    )
    return this
  }

  get sorted(): string {
    return [...this.owned].toSorted().join(' ')
  }
}

/** Heartbeats of all until nothing changes. */
function settle(...clients: Client[]): void {
  for (let i = 0; i < 6; i++) for (const client of clients) client.beat()
}

describe('a group of the new protocol', () => {
  it('gives its first member everything at once', () => {
    const scene = new Scene()
    const a = new Client(scene, 'a').join()
    expect([a.memberEpoch, a.sorted]).toEqual([2, 't-0 t-1 t-2 t-3'])
    expect(scene.group.stateName).toBe('Stable')
  })

  it('gives a partition on only when the member before has confirmed to have let go', () => {
    const scene = new Scene()
    const a = new Client(scene, 'a').join()
    const b = new Client(scene, 'b').join()
    expect([b.memberEpoch, b.sorted]).toEqual([3, ''])
    expect(scene.group.stateName).toBe('Reconciling')
    // told to let go, still in its old epoch
    expect(a.beat().memberEpoch).toBe(2)
    expect(a.owned.size).toBe(2)
    expect(b.beat().owned.size).toBe(0)
    // has let go
    expect(a.beat().memberEpoch).toBe(3)
    expect(b.beat().owned.size).toBe(2)
    expect(new Set([...a.owned, ...b.owned]).size).toBe(4)
    expect(scene.group.stateName).toBe('Stable')
  })

  it('gives what a member leaves behind to the others', () => {
    const scene = new Scene()
    const [a, b] = [new Client(scene, 'a').join(), new Client(scene, 'b').join()]
    settle(a, b)
    scene.leave('b')
    expect(a.beat().sorted).toBe('t-0 t-1 t-2 t-3')
    expect(a.memberEpoch).toBe(4)
    scene.leave('a')
    expect(scene.group.stateName).toBe('Empty')
  })

  it('lets an administrator remove members of the new protocol, by id or by instance', () => {
    const scene = new Scene()
    settle(new Client(scene, 'a').join(), new Client(scene, 'b', { instanceId: 'fixed' }).join())
    const removed = (memberId: string, instanceId: string | null = null): unknown => {
      const leaver = classicLeaver(scene.group, { memberId, instanceId, reason: null })
      return typeof leaver === 'number' ? errorName(leaver) : leaver.memberId
    }
    expect(removed('a')).toBe('a')
    expect(removed('', 'fixed')).toBe('b')
    expect(removed('b', 'fixed')).toBe('b')
    expect(removed('a', 'fixed')).toBe('FENCED_INSTANCE_ID')
    expect(removed('', 'other')).toBe('UNKNOWN_MEMBER_ID')
    expect(removed('c')).toBe('UNKNOWN_MEMBER_ID')
  })

  it('takes new partitions and topics in', () => {
    const scene = new Scene()
    const a = new Client(scene, 'a', { subscribedTopicNames: ['t', 'later'] }).join()
    scene.addTopic('t', 5)
    expect(a.beat().owned.size).toBe(5)
    scene.addTopic('later', 1)
    expect(a.beat().sorted).toContain('later-0')
    expect(a.memberEpoch).toBe(4)
    const { epoch } = scene.group
    a.beat()
    expect(scene.group.epoch).toBe(epoch)
  })

  it('takes topics that a member gives up from it before the next target is made', () => {
    const scene = new Scene({ t: 1, u: 1 })
    scene.settings = { ...scene.settings, assignmentIntervalMs: 10_000 }
    const a = new Client(scene, 'a', { subscribedTopicNames: ['t', 'u'] }).join()
    expect(a.sorted).toBe('t-0 u-0')
    const owned = ['t', 'u'].map((topicId) => ({ topicId, partitions: [0] }))
    const answer = scene.beat({ memberId: 'a', memberEpoch: 2, subscribedTopicNames: ['t'], owned })
    expect(answer.assignment!.topicPartitions).toEqual([{ topicId: 't', partitions: [0] }])
    expect(scene.group.assignmentEpoch).toBe(2)
  })

  it('makes targets no more often than its interval allows', () => {
    const scene = new Scene()
    scene.settings = { ...scene.settings, assignmentIntervalMs: 1000 }
    const a = new Client(scene, 'a').join()
    scene.nowMs += 500
    const b = new Client(scene, 'b').join()
    expect(scene.group.stateName).toBe('Assigning')
    expect(scene.group.assignmentEpoch).toBe(2)
    scene.nowMs += 500
    settle(a, b)
    expect(scene.group.stateName).toBe('Stable')
    expect([a.owned.size, b.owned.size]).toEqual([2, 2])
  })

  it('says an assignment when it has changed, or when the member asks in full', () => {
    const scene = new Scene()
    new Client(scene, 'a').join()
    const again = { memberId: 'a', memberEpoch: 2, owned: [{ topicId: 't', partitions: [0, 1, 2, 3] }] }
    expect(scene.beat(again).assignment).toBeNull()
    expect(scene.beat({ ...again, subscribedTopicNames: ['t'], rebalanceTimeoutMs: 60_000 }).assignment).not.toBeNull()
  })

  it('follows the assignor that most members ask for', () => {
    const scene = new Scene({ t: 4, u: 4 })
    const joins = { subscribedTopicNames: ['t', 'u'], serverAssignor: 'range' }
    const [a, b] = ['a', 'b'].map((id) => new Client(scene, id, joins).join())
    settle(a!, b!)
    expect([a!.sorted, b!.sorted]).toEqual(['t-0 t-1 u-0 u-1', 't-2 t-3 u-2 u-3'])
  })

  it('resolves expressions itself, and follows topics as they come', () => {
    const scene = new Scene({ 'a1': 1, 'a2': 1, 'b': 1, '__internal': 1 }) // prettier-ignore
    const a = new Client(scene, 'a', { subscribedTopicNames: [], subscribedTopicRegex: 'a.*|__.*' }).join()
    expect(a.sorted).toBe('a1-0 a2-0')
    scene.addTopic('a3', 1)
    expect(a.beat().sorted).toBe('a1-0 a2-0 a3-0')
    scene.beat({
      memberId: 'a',
      memberEpoch: a.memberEpoch,
      subscribedTopicRegex: '',
      subscribedTopicNames: ['b'],
      owned: [],
    })
    expect(scene.group.regexes.size).toBe(0)
  })
})

describe('the epoch of a member', () => {
  it('must be its own, or the one before when an answer may have been lost', () => {
    const scene = new Scene()
    const a = new Client(scene, 'a').join()
    new Client(scene, 'b').join()
    settle(a)
    const lost = { memberId: 'a', memberEpoch: 2 }
    expect(scene.refusal({ ...lost, owned: [{ topicId: 't', partitions: [3] }] })).toBe('FENCED_MEMBER_EPOCH')
    expect(scene.refusal(lost)).toBe('FENCED_MEMBER_EPOCH')
    expect(scene.refusal({ ...lost, owned: [{ topicId: 't', partitions: [0] }] })).toBe('NONE')
    expect(scene.refusal({ memberId: 'a', memberEpoch: 9 })).toBe('FENCED_MEMBER_EPOCH')
    expect(scene.refusal({ memberId: 'x', memberEpoch: 2 })).toBe('UNKNOWN_MEMBER_ID')
  })

  it('may be 0 again: the member begins anew where it was', () => {
    const scene = new Scene()
    const a = new Client(scene, 'a').join()
    expect(a.join().memberEpoch).toBe(2)
    expect(a.owned.size).toBe(4)
  })
})

describe('a static member', () => {
  const joins = { instanceId: 'i' }

  it('comes back under a new id to what it had, and nobody else is disturbed', () => {
    const scene = new Scene()
    const [a, b] = [new Client(scene, 'a', joins).join(), new Client(scene, 'b').join()]
    settle(a, b)
    const before = a.sorted
    const { epoch } = scene.group
    expect(
      scene.refusal({ memberId: 'a2', instanceId: 'i', subscribedTopicNames: ['t'], rebalanceTimeoutMs: 1, owned: [] }),
    ).toBe('UNRELEASED_INSTANCE_ID')
    scene.decide((decision) => leaveForAWhile(decision, scene.group.members.get('a')!))
    expect(scene.group.members.get('a')!.memberEpoch).toBe(-2)
    const back = new Client(scene, 'a2', joins).join()
    expect(back.sorted).toBe(before)
    expect(scene.group.epoch).toBe(epoch)
    expect([...scene.group.members.keys()].toSorted()).toEqual(['a2', 'b'])
    expect(scene.refusal({ memberId: 'a', memberEpoch: epoch, instanceId: 'i' })).toBe('FENCED_INSTANCE_ID')
    expect(scene.refusal({ memberId: 'a', memberEpoch: epoch, instanceId: 'other' })).toBe('UNKNOWN_MEMBER_ID')
  })
})

it('keeps out members beyond its size, but none that are in', () => {
  const scene = new Scene()
  scene.settings = { ...scene.settings, maxSize: 1 }
  const a = new Client(scene, 'a').join()
  const { GROUP_MAX_SIZE_REACHED } = ErrorCode
  expect(scene.refusal({ memberId: 'b', subscribedTopicNames: ['t'], owned: [] })).toBe(
    errorName(GROUP_MAX_SIZE_REACHED),
  )
  a.beat()
})

describe('a group under churn', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'gives every partition to one member at a time, and all of them in the end (seed %i)',
    (seed) => {
      const random = seededRandom(seed)
      const scene = new Scene({ t: 13, u: 5 })
      const clients = new Map<string, Client>()
      let ids = 0
      const check = (): void => {
        const owned = [...clients.values()].flatMap((client) => [...client.owned])
        expect(new Set(owned).size, 'nothing is held twice').toBe(owned.length)
      }
      for (let round = 0; round < 400; round++) {
        const dice = random.next()
        const names = [...clients.keys()]
        const one = clients.get(names[random.below(names.length)] ?? '')
        if (dice < 0.1 && clients.size < 8) {
          const id = `m${ids++}`
          const subscribedTopicNames = random.next() < 0.5 ? ['t'] : ['t', 'u']
          clients.set(id, new Client(scene, id, { subscribedTopicNames }).join())
        } else if (dice < 0.15 && one) {
          // it may have died: what it holds is free from here on
          clients.delete(one.memberId)
          scene.leave(one.memberId)
        } else if (dice < 0.17) {
          scene.addTopic('t', scene.topics.get('t')!.partitions.length + 1)
        } else if (one) {
          one.beat()
        }
        check()
      }
      if (clients.size === 0)
        clients.set('last', new Client(scene, 'last', { subscribedTopicNames: ['t', 'u'] }).join())
      settle(...clients.values())
      check()
      expect(scene.group.stateName).toBe('Stable')
      const owned = [...clients.values()].flatMap((client) => [...client.owned]).filter((name) => name.startsWith('t-'))
      expect(owned.length).toBe(scene.topics.get('t')!.partitions.length)
    },
  )
})
