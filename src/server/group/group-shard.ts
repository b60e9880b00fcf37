/**
 * One partition of `__consumer_offsets` and the groups that live in it: the machine with what is remembered, and beside it
 * the soft state, which is made anew from what is remembered whenever the partition is loaded: classic groups with their
 * rebalances under way, parked requests, alarms.
 *
 * A decision changes soft state and gives events; both are seen by the next decision at once. Answers go out when the
 * events are committed. When the log refuses the events of a group, the group's soft state goes back to what was last
 * written; when the log fails, everything is dropped and whoever waits is told to look for the coordinator again.
 */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import { ErrorCode } from '../../protocol/errors.js'
import { coordinatorError } from '../machine/coordinator-error.js'
import {
  EventsRefused,
  Machine,
  MachineUnavailable,
  type Decision,
  type EventLog,
  type MachinePhase,
} from '../machine/machine.js'
import { Alarms } from './alarms.js'
import type { ConsumerGroup } from './consumer/consumer-group.js'
import { ConsumerGroups, type ConsumerParts } from './consumer/consumer-groups.js'
import { ClassicGroup } from './classic/classic-group.js'
import {
  abandon,
  expire,
  prepareRebalance,
  type ClassicContext,
  type ClassicLimits,
  type Events,
} from './classic/rebalance.js'
import { GroupState, type GroupEvent } from './events.js'
import { expired } from './offsets/expiry.js'
import { Outbox, ParkedRequest } from './parked.js'

export interface ShardParts {
  readonly log: Log
  readonly limits: () => ClassicLimits
  readonly consumer: ConsumerParts
}

export type Group = ClassicGroup | ConsumerGroup

/** One append holds so many tombstones, which keeps its batch small. */
const EVENTS_PER_APPEND = 1000

export class GroupShard {
  private readonly state = new GroupState()
  private readonly machine: Machine<GroupState, GroupEvent>
  private readonly live = new Map<string, ClassicGroup>()
  private readonly outbox = new Outbox()
  private readonly alarms: Alarms
  private readonly clock: Clock
  /** Groups of the new protocol. */
  readonly consumers: ConsumerGroups

  constructor(
    eventLog: EventLog<GroupEvent>,
    private readonly parts: ShardParts,
    /** Told once when the shard can't go on. */
    onFailed: (error: unknown) => void,
  ) {
    this.clock = parts.consumer.clock
    this.alarms = new Alarms(this.clock, (groupId) => this.wake(groupId))
    this.consumers = new ConsumerGroups(this, parts.consumer)
    this.machine = new Machine(
      this.state,
      eventLog,
      (state, event, offset) => {
        state.apply(event, offset)
        // a group that changes its protocol is gone in the one and there in the other, within one decision
        if (event.type === 'classic-group' && event.metadata === null) this.live.delete(event.groupId)
        if (event.type === 'consumer-group' && event.group === null) this.consumers.forget(event.groupId)
      },
      (error) => {
        this.drop()
        onFailed(error)
      },
    )
  }

  get phase(): MachinePhase {
    return this.machine.phase
  }

  /** Loads what is remembered, and gives every member a full session from now on. */
  async load(): Promise<void> {
    await this.machine.load()
    if (this.phase !== 'active') return
    const { maxSize } = this.parts.limits()
    for (const [groupId, group] of this.state.groups) {
      if (group.kind === 'consumer') {
        this.consumers.load(group)
        this.setAlarm(groupId)
        continue
      }
      const { members } = group
      if (members.length === 0) continue
      const reason = `it has ${members.length} members, and group.max.size is ${maxSize}`
      if (members.length > maxSize) this.act(groupId, (group, context) => prepareRebalance(group, context, reason))
      else if (this.classic(groupId)) this.setAlarm(groupId)
    }
  }

  /** Whoever waits is told to look for the coordinator again. */
  close(): void {
    this.machine.close()
    this.drop()
  }

  /** The group, of whichever protocol, if there is one. */
  group(groupId: string): Group | undefined {
    return this.consumer(groupId) ?? this.classic(groupId)
  }

  /** The classic group as it lives now, if there is one. */
  classic(groupId: string): ClassicGroup | undefined {
    const present = this.live.get(groupId)
    if (present) return present
    const metadata = this.state.groups.get(groupId)
    if (metadata?.kind !== 'classic') return undefined
    const group = ClassicGroup.from(groupId, metadata, this.clock.monotonic())
    this.live.set(groupId, group)
    return group
  }

  consumer(groupId: string): ConsumerGroup | undefined {
    return this.state.consumerGroup(groupId)
  }

  groups(): Iterable<Group> {
    return [...this.state.groups.keys()].map((groupId) => this.group(groupId)!)
  }

  /** A group that was not there; it is remembered only once an event of it is written. */
  newGroup(groupId: string): ClassicGroup {
    const group = new ClassicGroup(groupId, this.clock.now())
    this.live.set(groupId, group)
    return group
  }

  /** Takes over a group that has just become a classic one, and lets it rebalance, if there is a reason to. */
  adopt(group: ClassicGroup, rebalanceReason: string | undefined): void {
    const { groupId } = group
    if (this.state.groups.get(groupId)?.kind !== 'classic') return
    const context = this.classicContext()
    group.become({ name: 'PreparingRebalance', joinDeadlineMs: Infinity, initial: null }, context.wallMs)
    group.become({ name: 'CompletingRebalance', syncDeadlineMs: Infinity }, context.wallMs)
    group.become({ name: 'Stable', syncDeadlineMs: Infinity }, context.wallMs)
    for (const member of group.members.values()) group.touch(member, context.nowMs)
    this.live.set(groupId, group)
    this.setAlarm(groupId)
    if (rebalanceReason !== undefined) {
      this.act(groupId, (one, now) => prepareRebalance(one, now, rebalanceReason))
    }
  }

  classicContext(): ClassicContext {
    const { clock } = this
    const { log, limits } = this.parts
    return { nowMs: clock.monotonic(), wallMs: clock.now(), limits: limits(), note: (message) => log.debug(message) }
  }

  /** Decides on one group; the answer is given when all that it depends on is committed. */
  decide<Answer>(groupId: string, decision: (state: GroupState) => Decision<GroupEvent, Answer>): Promise<Answer> {
    let events: Events = []
    try {
      const { answer, committed } = this.machine.transact((state) => {
        const decided = decision(state)
        events = decided.events
        return decided
      })
      this.setAlarm(groupId)
      return this.sendWhen(committed).then(() => answer)
    } catch (error) {
      const code = coordinatorError(error)
      for (const request of this.outbox.take()) request.fail(code)
      const isOfGroup = events.some(({ type }) => type === 'classic-group')
      if (error instanceof EventsRefused && isOfGroup) this.abandon(groupId, code)
      return Promise.reject(error as Error)
    }
  }

  private async sendWhen(committed: Promise<void>): Promise<void> {
    const answered = this.outbox.take()
    try {
      await committed
    } catch (error) {
      for (const request of answered) request.fail(coordinatorError(error))
      throw error
    }
    for (const request of answered) request.send()
  }

  query<Answer>(read: (state: GroupState) => Answer): Promise<Answer> {
    return this.machine.query(read)
  }

  /** A request that is answered by some later decision. `decision` gets it, and gives the events. */
  park<Response>(
    groupId: string,
    errorResponse: (code: ErrorCode) => Response,
    decision: (parked: ParkedRequest<Response>, state: GroupState) => Events,
  ): Promise<Response> {
    const request = new ParkedRequest(this.outbox, errorResponse)
    this.decide(groupId, (state) => ({ events: decision(request, state), answer: undefined })).catch((error: unknown) =>
      request.fail(coordinatorError(error)),
    )
    return request.promise
  }

  /** Forgets what has been kept for long enough. */
  async expireOffsets(retentionMs: number): Promise<void> {
    await this.write((state) => {
      const wallMs = this.clock.now()
      return [...this.groups()].flatMap((group) => expired(group, state.offsets, wallMs, retentionMs))
    })
  }

  /** Forgets offsets of topics that are gone. */
  async forgetTopics(topics: ReadonlySet<string>): Promise<void> {
    await this.write((state) => {
      const events: GroupEvent[] = []
      for (const groupId of state.offsets.groupsWith(topics)) {
        for (const { topic, partition } of state.offsets.partitionsOf(groupId)) {
          if (topics.has(topic))
            events.push({ type: 'offset', groupId, topic, partition, committed: null, producer: null })
        }
      }
      return events
    })
  }

  /** What concerns no single group. Tombstones may be many: they go into several appends. */
  async write(decision: (state: GroupState) => Events): Promise<void> {
    const events = this.machine.peek(decision)
    const appends: Promise<void>[] = []
    for (let at = 0; at < events.length; at += EVENTS_PER_APPEND) {
      const slice = events.slice(at, at + EVENTS_PER_APPEND)
      appends.push(this.machine.submit(() => ({ events: slice, answer: undefined })))
    }
    await Promise.all(appends)
  }

  private wake(groupId: string): void {
    if (!this.consumer(groupId)) return this.act(groupId, (group, context) => expire(group, context))
    this.consumers.expire(groupId).catch((error: unknown) => this.couldNotGoOn(groupId, error))
  }

  private couldNotGoOn(groupId: string, error: unknown): void {
    if (!(error instanceof MachineUnavailable)) this.parts.log.error(`group ${groupId} could not go on`, { error })
  }

  /** What a classic group does of itself; there is no request to answer. */
  private act(groupId: string, action: (group: ClassicGroup, context: ClassicContext) => Events): void {
    const group = this.classic(groupId)
    if (!group) return
    this.decide(groupId, () => ({ events: action(group, this.classicContext()), answer: undefined })).catch(
      (error: unknown) => this.couldNotGoOn(groupId, error),
    )
  }

  private setAlarm(groupId: string): void {
    const nextMs = this.consumer(groupId)
      ? this.consumers.nextDeadlineMs(groupId)
      : (this.live.get(groupId)?.nextDeadlineMs ?? Infinity)
    this.alarms.setBy(groupId, nextMs)
  }

  /** Drops what is not written of the group; whoever waits is told the error. */
  private abandon(groupId: string, error: ErrorCode): void {
    const group = this.live.get(groupId)
    if (group) abandon(group, this.classicContext(), error)
    for (const request of this.outbox.take()) request.send()
    this.live.delete(groupId)
    this.alarms.cancel(groupId)
  }

  private drop(): void {
    for (const request of this.outbox.take()) request.fail(ErrorCode.NOT_COORDINATOR)
    for (const groupId of this.live.keys()) this.abandon(groupId, ErrorCode.NOT_COORDINATOR)
    this.consumers.clear()
    this.alarms.cancelAll()
  }
}
