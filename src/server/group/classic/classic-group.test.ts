import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../../protocol/errors.js'
import type { ClassicGroupMetadata } from '../events.js'
import { ClassicGroup, type JoinResponse, type SyncResponse } from './classic-group.js'
import { join, type Join } from './join.js'
import { heartbeat, leave, sync, type Leaving, type Sync } from './members.js'
import { expire, NEW_MEMBER_JOIN_TIMEOUT_MS, type ClassicLimits, type Events } from './rebalance.js'

const MINUTE = 60_000
const EPOCH = 1_000_000

/** A group without a broker: requests go straight to the decisions, answers are looked at as they are given. */
class Scene {
  group = new ClassicGroup('g', EPOCH)
  nowMs = 0
  limits: ClassicLimits = {
    initialRebalanceDelayMs: 3000,
    maxSize: 100,
    minSessionTimeoutMs: 0,
    maxSessionTimeoutMs: Infinity,
  }
  readonly written: ClassicGroupMetadata[] = []
  private ids = 0

  context = () => ({ nowMs: this.nowMs, wallMs: EPOCH + this.nowMs, limits: this.limits, note: () => {} })

  private write(events: Events): void {
    for (const event of events) if (event.type === 'classic-group') this.written.push(event.metadata!)
  }

  join(memberId = '', options: Partial<Join> = {}): Answer<JoinResponse> {
    const answer = new Answer<JoinResponse>()
    const asked: Join = {
      apiVersion: 9,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      memberId,
      instanceId: null,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: MINUTE,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription('orders') }],
      reason: 'test',
      newIdSuffix: String(++this.ids),
      ...options,
    }
    this.write(join(this.group, asked, answer, this.context()))
    return answer
  }

  sync(memberId: string, options: Partial<Sync> = {}): Answer<SyncResponse> {
    const answer = new Answer<SyncResponse>()
    const asked: Sync = {
      memberId,
      instanceId: null,
      generation: this.group.generation,
      protocolType: null,
      protocolName: null,
      assignments: new Map(),
      ...options,
    }
    this.write(sync(this.group, asked, answer, this.context()))
    return answer
  }

  heartbeat(memberId: string, generation = this.group.generation, instanceId: string | null = null): ErrorCode {
    return heartbeat(this.group, memberId, instanceId, generation, this.nowMs)
  }

  leave(...members: (Partial<Leaving> | string)[]): readonly ErrorCode[] {
    const asked = members.map((member) => ({
      memberId: '',
      instanceId: null,
      reason: null,
      ...(typeof member === 'string' ? { memberId: member } : member),
    }))
    const { events, errors } = leave(this.group, asked, this.context())
    this.write(events)
    return errors
  }

  /** Lets time pass, and each deadline do its work when it is due. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms
    while (this.group.nextDeadlineMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.group.nextDeadlineMs)
      this.write(expire(this.group, this.context()))
    }
    this.nowMs = untilMs
  }

  /** A stable group of so many dynamic members, the first of them leader. */
  stable(count: number): string[] {
    const ids = Array.from({ length: count }, (_, i) => this.join('', { apiVersion: 3, clientId: `m${i}` }))
    this.advance(6000)
    const memberIds = ids.map((answer) => answer.given!.memberId)
    const assignments = new Map(memberIds.map((id) => [id, Buffer.from(`to ${id}`)]))
    for (const id of memberIds.slice(1)) this.sync(id)
    this.sync(memberIds[0]!, { assignments })
    expect(this.group.state.name).toBe('Stable')
    return memberIds
  }
}

class Answer<R extends { errorCode: number }> {
  given: R | undefined

  answer(response: R): void {
    expect(this.given).toBeUndefined()
    this.given = response
  }

  get error(): number | undefined {
    return this.given?.errorCode
  }
}

function subscription(...topics: string[]): Buffer {
  const parts = topics.map((topic) => Buffer.concat([int16(topic.length), Buffer.from(topic)]))
  return Buffer.concat([int16(1), int32(topics.length), ...parts, int32(-1)])
}

const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const int32 = (value: number): Buffer => {
  const out = Buffer.alloc(4)
  out.writeInt32BE(value)
  return out
}

describe('the first rebalance of a group', () => {
  it('waits for the initial delay, and takes everyone who came within it in one round', () => {
    const scene = new Scene()
    const first = scene.join('', { apiVersion: 3 })
    scene.advance(2000)
    expect(first.given).toBeUndefined()
    const second = scene.join('', { apiVersion: 3 })
    scene.advance(999)
    expect(first.given).toBeUndefined()
    // the second extended the delay
    scene.advance(1)
    expect(first.given).toBeUndefined()
    scene.advance(3000)
    expect(first.given).toMatchObject({ errorCode: 0, generationId: 1, leader: first.given!.memberId })
    expect(first.given!.members).toHaveLength(2)
    expect(second.given).toMatchObject({ errorCode: 0, generationId: 1, leader: first.given!.memberId, members: [] })
  })

  it('never waits longer than the rebalance time-out, however many come', () => {
    const scene = new Scene()
    const first = scene.join('', { apiVersion: 3, rebalanceTimeoutMs: 7000 })
    for (let i = 0; i < 6; i++) {
      scene.advance(1000)
      scene.join('', { apiVersion: 3, rebalanceTimeoutMs: 7000 })
    }
    expect(first.given).toBeUndefined()
    scene.advance(1000)
    expect(first.given!.members).toHaveLength(7)
  })

  it('hands out a member id first, from version 4 on', () => {
    const scene = new Scene()
    const first = scene.join()
    expect(first.given).toMatchObject({ errorCode: ErrorCode.MEMBER_ID_REQUIRED, memberId: 'c-1' })
    expect(scene.group.state.name).toBe('Empty')
    const again = scene.join('c-1')
    scene.advance(3000)
    expect(again.given).toMatchObject({ errorCode: 0, memberId: 'c-1', leader: 'c-1', skipAssignment: false })
  })

  it('forgets an id that was handed out and did not come back within its session', () => {
    const scene = new Scene()
    scene.join()
    scene.advance(10_000)
    expect(scene.join('c-1').error).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it('refuses an instance id together with an id that was handed out to a dynamic member', () => {
    const scene = new Scene()
    scene.join()
    expect(scene.join('c-1', { instanceId: 'i' }).error).toBe(ErrorCode.UNKNOWN_SERVER_ERROR)
  })
})

describe('a rebalance of a group that has members', () => {
  it('ends as soon as all have joined again', () => {
    const scene = new Scene()
    const [a, b] = scene.stable(2)
    const third = scene.join('', { apiVersion: 3 })
    expect(scene.heartbeat(a!)).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
    const joinA = scene.join(a)
    expect(joinA.given).toBeUndefined()
    const joinB = scene.join(b)
    expect([joinA, joinB, third].map((answer) => answer.given!.generationId)).toEqual([2, 2, 2])
    expect(joinA.given!.members.map(({ memberId }) => memberId)).toEqual([a, b, third.given!.memberId])
  })

  it('waits for an id that was handed out', () => {
    const scene = new Scene()
    const [a] = scene.stable(1)
    const id = scene.join('').given!.memberId
    const again = scene.join(a)
    expect(again.given).toBeUndefined()
    scene.join(id)
    expect(again.given!.members).toHaveLength(2)
  })

  it('goes on without members that do not come back in time, and makes one of the others leader', () => {
    const scene = new Scene()
    const [a, b] = scene.stable(2)
    const joinB = scene.join(b, { protocols: [{ name: 'range', metadata: subscription('other') }] })
    for (let i = 0; i < 10; i++) {
      scene.advance(6000)
      scene.heartbeat(a!)
    }
    expect(joinB.given).toMatchObject({ generationId: 2, leader: b })
    expect(scene.heartbeat(a!)).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it('is asked for by a leader that joins again, not by a follower with nothing new', () => {
    const scene = new Scene()
    const [a, b] = scene.stable(2)
    expect(scene.join(b).given).toMatchObject({ errorCode: 0, generationId: 1, members: [] })
    expect(scene.group.state.name).toBe('Stable')
    const joinA = scene.join(a)
    expect(joinA.given).toBeUndefined()
    expect(scene.group.state.name).toBe('PreparingRebalance')
  })

  it('gives the same answer again to a member whose answer was lost', () => {
    const scene = new Scene()
    const first = scene.join('', { apiVersion: 3 })
    scene.advance(3000)
    const again = scene.join(first.given!.memberId)
    expect(again.given).toEqual(first.given)
    expect(scene.group.generation).toBe(1)
  })

  it('answers the older of two joins under one id, and gives the generation to the newer', () => {
    const scene = new Scene()
    const [a, b] = scene.stable(2)
    scene.join('', { apiVersion: 3 })
    const lost = scene.join(a)
    const kept = scene.join(a)
    expect(lost.error).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
    scene.join(b)
    expect(kept.given!.members).toHaveLength(3)
  })

  it('sends members that wait for their assignment back to join', () => {
    const scene = new Scene()
    const [, b] = scene.stable(2)
    scene.join('', { apiVersion: 3 })
    const [leader] = [...scene.group.members.keys()]
    scene.join(leader)
    scene.join(b)
    const waiting = scene.sync(b!)
    scene.join('', { apiVersion: 3 })
    expect(waiting.given).toMatchObject({ errorCode: ErrorCode.REBALANCE_IN_PROGRESS })
  })

  it('drops a new member that waits for longer than five minutes', () => {
    const scene = new Scene()
    scene.limits = { ...scene.limits, initialRebalanceDelayMs: 10 * MINUTE }
    const waiting = scene.join('', { apiVersion: 3, rebalanceTimeoutMs: 20 * MINUTE })
    scene.advance(NEW_MEMBER_JOIN_TIMEOUT_MS)
    expect(waiting.given).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID, memberId: '' })
  })
})

describe('the protocol of a group', () => {
  const protocols = (...names: string[]): { name: string; metadata: Buffer }[] =>
    names.map((name) => ({ name, metadata: Buffer.from(name) }))

  it('is the one most members prefer among those that all have', () => {
    const scene = new Scene()
    const joins = [
      scene.join('', { apiVersion: 3, protocols: protocols('sticky', 'range', 'odd') }),
      scene.join('', { apiVersion: 3, protocols: protocols('range', 'sticky') }),
      scene.join('', { apiVersion: 3, protocols: protocols('even', 'range', 'sticky') }),
    ]
    scene.advance(6000)
    expect(joins.map((answer) => answer.given!.protocolName)).toEqual(['range', 'range', 'range'])
    expect(joins[0]!.given!.members[2]!.metadata).toEqual(Buffer.from('range'))
  })

  it('refuses members that share none, or are of another type, or have no type', () => {
    const scene = new Scene()
    expect(scene.join('', { protocols: [] }).error).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    expect(scene.join('', { protocolType: '' }).error).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    scene.stable(1)
    expect(scene.join('', { protocols: protocols('other') }).error).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    expect(scene.join('', { protocolType: 'connect' }).error).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  })
})

describe('group.max.size', () => {
  it('leaves out who comes when the group is full', () => {
    const scene = new Scene()
    scene.stable(2)
    scene.limits = { ...scene.limits, maxSize: 2 }
    expect(scene.join().given).toMatchObject({ errorCode: ErrorCode.GROUP_MAX_SIZE_REACHED, memberId: '' })
    expect(scene.group.state.name).toBe('Stable')
  })

  it('leaves out the last to come back when it was lowered', () => {
    const scene = new Scene()
    const [a, b, c] = scene.stable(3)
    scene.limits = { ...scene.limits, maxSize: 2 }
    scene.join(a)
    const joinB = scene.join(b)
    expect(scene.join(c).error).toBe(ErrorCode.GROUP_MAX_SIZE_REACHED)
    expect(joinB.given!.generationId).toBe(2)
    expect([...scene.group.members.keys()]).toEqual([a, b])
  })
})

describe('SyncGroup', () => {
  it('gives every member its part once the leader has assigned, and writes the group', () => {
    const scene = new Scene()
    const [a, b] = [scene.join('', { apiVersion: 3 }), scene.join('', { apiVersion: 3 })]
    scene.advance(6000)
    const [idA, idB] = [a.given!.memberId, b.given!.memberId]
    const follower = scene.sync(idB)
    expect(follower.given).toBeUndefined()
    expect(scene.written).toEqual([])
    const leader = scene.sync(idA, { assignments: new Map([[idB, Buffer.from('b')]]) })
    expect(follower.given).toMatchObject({ errorCode: 0, protocolType: 'consumer', protocolName: 'range' })
    expect(follower.given!.assignment).toEqual(Buffer.from('b'))
    expect(leader.given!.assignment).toHaveLength(0)
    expect(scene.written).toHaveLength(1)
    expect(scene.written[0]).toMatchObject({
      generation: 1,
      leader: idA,
      protocolName: 'range',
      protocolType: 'consumer',
    })
    expect(scene.sync(idB).given!.assignment).toEqual(Buffer.from('b'))
  })

  it('refuses what is not of this generation, member or protocol', () => {
    const scene = new Scene()
    expect(scene.sync('x').error).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    const [a] = scene.stable(1)
    expect(scene.sync('x').error).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    expect(scene.sync(a!, { generation: 0 }).error).toBe(ErrorCode.ILLEGAL_GENERATION)
    expect(scene.sync(a!, { protocolName: 'sticky' }).error).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    expect(scene.sync(a!, { protocolType: 'connect' }).error).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    scene.join('', { apiVersion: 3 })
    expect(scene.sync(a!).error).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
  })

  it('is waited for no longer than the rebalance time-out: members that stay away are out', () => {
    const scene = new Scene()
    const [a, b] = [scene.join('', { apiVersion: 3 }), scene.join('', { apiVersion: 3 })]
    scene.advance(6000)
    const [idA, idB] = [a.given!.memberId, b.given!.memberId]
    scene.sync(idA)
    for (let i = 0; i < 13; i++) {
      scene.advance(5000)
      for (const id of [idA, idB]) scene.heartbeat(id)
    }
    expect([...scene.group.members.keys()]).toEqual([idA])
    expect(scene.heartbeat(idA)).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(scene.heartbeat(idB)).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })
})

describe('a session', () => {
  it('lasts while heartbeats come, and no longer', () => {
    const scene = new Scene()
    const [a, b] = scene.stable(2)
    for (let i = 0; i < 5; i++) {
      scene.advance(9000)
      expect(scene.heartbeat(a!)).toBe(i === 0 ? ErrorCode.NONE : ErrorCode.REBALANCE_IN_PROGRESS)
    }
    expect(scene.heartbeat(b!)).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it('of a member that waits for its rebalance does not run', () => {
    const scene = new Scene()
    const [a, b] = scene.stable(2)
    scene.join('', { apiVersion: 3 })
    const waiting = scene.join(a)
    for (let i = 0; i < 7; i++) {
      scene.advance(8000)
      scene.heartbeat(b!)
    }
    expect(waiting.given).toBeUndefined()
    scene.join(b)
    expect(waiting.given!.members).toHaveLength(3)
  })

  it('is checked by generation and member', () => {
    const scene = new Scene()
    expect(scene.heartbeat('x')).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    const [a] = scene.stable(1)
    expect(scene.heartbeat(a!, 0)).toBe(ErrorCode.ILLEGAL_GENERATION)
    expect(scene.heartbeat(a!, 1, 'instance')).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it('that ends leaves an empty group of the next generation', () => {
    const scene = new Scene()
    scene.stable(1)
    scene.advance(10_000)
    expect(scene.group.state.name).toBe('Empty')
    expect(scene.written.at(-1)).toMatchObject({ generation: 2, members: [], leader: null, protocolName: null })
    expect(scene.written.at(-1)!.protocolType).toBe('consumer')
    expect(scene.written.at(-1)!.stateTimestampMs).toBe(EPOCH + scene.nowMs)
  })
})

describe('LeaveGroup', () => {
  it('takes members out at once, and starts one rebalance for all of them', () => {
    const scene = new Scene()
    const [a, b, c] = scene.stable(3)
    expect(scene.leave(a!, 'x', b!)).toEqual([0, ErrorCode.UNKNOWN_MEMBER_ID, 0])
    expect(scene.group.state.name).toBe('PreparingRebalance')
    const again = scene.join(c)
    expect(again.given).toMatchObject({ generationId: 2, leader: c })
  })

  it('of the last member leaves an empty group', () => {
    const scene = new Scene()
    const [a] = scene.stable(1)
    expect(scene.leave(a!)).toEqual([0])
    expect(scene.group.state.name).toBe('Empty')
    expect(scene.written.at(-1)).toMatchObject({ generation: 2, members: [] })
  })

  it('answers the join of a member that waits', () => {
    const scene = new Scene()
    const waiting = scene.join('', { apiVersion: 3 })
    const [id] = [...scene.group.members.keys()]
    expect(scene.leave(id!)).toEqual([0])
    expect(waiting.error).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it('gives back an id that was handed out', () => {
    const scene = new Scene()
    const { memberId } = scene.join().given!
    expect(scene.leave(memberId)).toEqual([0])
    expect(scene.join(memberId).error).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it('finds static members by instance id alone, and checks the two against each other', () => {
    const scene = new Scene()
    const first = scene.join('', { instanceId: 'i' })
    scene.advance(6000)
    const { memberId } = first.given!
    expect(scene.leave({ memberId: 'x', instanceId: 'i' })).toEqual([ErrorCode.FENCED_INSTANCE_ID])
    expect(scene.leave({ instanceId: 'j' })).toEqual([ErrorCode.UNKNOWN_MEMBER_ID])
    expect(scene.leave({ instanceId: 'i' })).toEqual([0])
    expect(scene.heartbeat(memberId)).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })
})

describe('a static member', () => {
  /** A stable group of static members with these instance ids, the first of them leader. */
  function staticGroup(scene: Scene, ...instances: string[]): string[] {
    const joins = instances.map((instanceId) => scene.join('', { instanceId }))
    scene.advance(6000)
    const ids = joins.map((answer) => answer.given!.memberId)
    for (const id of ids) scene.sync(id, { assignments: new Map(ids.map((to) => [to, Buffer.from(to)])) })
    expect(scene.group.state.name).toBe('Stable')
    return ids
  }

  it('joins without a second round trip', () => {
    const scene = new Scene()
    const first = scene.join('', { instanceId: 'i' })
    scene.advance(3000)
    expect(first.given).toMatchObject({ errorCode: 0, memberId: 'i-1' })
    expect(first.given!.members[0]).toMatchObject({ memberId: 'i-1', groupInstanceId: 'i' })
  })

  it('comes back under a new id without a rebalance, and keeps its assignment', () => {
    const scene = new Scene()
    const [a, b] = staticGroup(scene, 'i', 'j')
    const back = scene.join('', { instanceId: 'j' })
    expect(back.given).toMatchObject({ errorCode: 0, generationId: 1, leader: a, skipAssignment: false, members: [] })
    const { memberId } = back.given!
    expect(scene.written.at(-1)!.members.map((member) => member.memberId)).toEqual([a, memberId])
    expect(scene.sync(memberId, { instanceId: 'j' }).given!.assignment).toEqual(Buffer.from(b!))
    expect(scene.heartbeat(b!, 1, 'j')).toBe(ErrorCode.FENCED_INSTANCE_ID)
    expect(scene.heartbeat(b!)).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it('that led is told to leave the assignment alone (KIP-814), or, before version 9, that its old id leads', () => {
    const scene = new Scene()
    const [a] = staticGroup(scene, 'i', 'j')
    const older = scene.join('', { instanceId: 'i', apiVersion: 8 })
    expect(older.given).toMatchObject({ generationId: 1, leader: a, members: [] })
    const newer = scene.join('', { instanceId: 'i' })
    expect(newer.given).toMatchObject({ leader: newer.given!.memberId, skipAssignment: true })
    expect(newer.given!.members).toHaveLength(2)
  })

  it('rebalances the group when it comes back with what changes the protocol', () => {
    const scene = new Scene()
    scene.join('', { instanceId: 'i', protocols: ['a', 'b'].map((name) => ({ name, metadata: Buffer.of() })) })
    scene.advance(6000)
    const [id] = [...scene.group.members.keys()]
    scene.sync(id!)
    const back = scene.join('', { instanceId: 'i', protocols: [{ name: 'b', metadata: Buffer.of() }] })
    expect(back.given).toMatchObject({ generationId: 2, protocolName: 'b' })
  })

  it('that comes while the leader assigns sends all back to join', () => {
    const scene = new Scene()
    scene.join('', { instanceId: 'i' })
    scene.join('', { instanceId: 'j' })
    scene.advance(6000)
    const back = scene.join('', { instanceId: 'j' })
    expect(back.given).toBeUndefined()
    expect(scene.group.state.name).toBe('PreparingRebalance')
  })

  it('fences the one that waits under its old id', () => {
    const scene = new Scene()
    const old = scene.join('', { instanceId: 'i' })
    scene.join('', { instanceId: 'i' })
    expect(old.error).toBe(ErrorCode.FENCED_INSTANCE_ID)
  })

  it('keeps its place through a rebalance that it misses, until its session ends', () => {
    const scene = new Scene()
    const [a, b] = staticGroup(scene, 'i', 'j')
    scene.group.members.get(b!)!.rebalanceTimeoutMs = 5000
    const joinA = scene.join(a, { instanceId: 'i', rebalanceTimeoutMs: 5000 })
    scene.heartbeat(b!, 1, 'j')
    scene.advance(5000)
    expect(joinA.given!.members.map(({ memberId }) => memberId)).toEqual([a, b])
    expect(scene.heartbeat(b!, 2, 'j')).toBe(ErrorCode.NONE)
  })
})

describe('a group that was written', () => {
  it('comes back as it was, and its members go on by their heartbeats', () => {
    const before = new Scene()
    const [a, b] = before.stable(2)
    const after = new Scene()
    after.nowMs = 5
    after.group = ClassicGroup.from('g', before.written.at(-1)!, after.nowMs)
    expect(after.group.state.name).toBe('Stable')
    expect(after.group.metadata()).toEqual(before.written.at(-1))
    after.advance(9000)
    expect([a, b].map((id) => after.heartbeat(id!))).toEqual([0, 0])
    expect(after.sync(b!).given!.assignment).toEqual(Buffer.from(`to ${b}`))
    expect(after.join(b).given).toMatchObject({ errorCode: 0, generationId: 1 })
  })

  it('knows what its members are subscribed to', () => {
    const scene = new Scene()
    scene.stable(2)
    expect(scene.group.subscribedTopics).toEqual(new Set(['orders']))
    const again = ClassicGroup.from('g', scene.written.at(-1)!, 0)
    expect([again.isSubscribedTo('orders'), again.isSubscribedTo('bills')]).toEqual([true, false])
  })
})
