/**
 * A decision on a group of the new protocol while it is made: the group as the log has it, and what the decision has
 * added so far. Nothing is changed before the events are applied.
 */
import type { ErrorCode } from '../../../protocol/errors.js'
import { coordinatorError } from '../../machine/coordinator-error.js'
import type { ConsumerGroup, Member } from './consumer-group.js'
import type { ConsumerGroupEvent } from './events.js'
import type { Regexes, Topics } from './subscription.js'

/** Ends a decision with an error; nothing of it is written. */
export class GroupRefusal extends Error {
  override readonly name = 'GroupRefusal'
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message)
  }
}

/** The code of a decision that was refused, or that the machine did not come to. */
export function refusalCode(error: unknown): ErrorCode {
  return error instanceof GroupRefusal ? error.code : coordinatorError(error)
}

export interface ConsumerSettings {
  /** `group.consumer.max.size` */
  readonly maxSize: number
  readonly heartbeatIntervalMs: number
  readonly sessionTimeoutMs: number
  /** The least time between two targets. */
  readonly assignmentIntervalMs: number
  /** By name; the first is used where nobody asks for one. */
  readonly assignors: readonly string[]
}

export interface ConsumerContext {
  /** Since the epoch. */
  readonly wallMs: number
  readonly settings: ConsumerSettings
  readonly topics: Topics
  /** The topics that the group knows of may be out of date. */
  readonly metadataMayDiffer: boolean
  readonly newMemberId: () => string
  /** For the broker's log. */
  readonly note: (message: string) => void
}

export class ConsumerDecision {
  readonly events: ConsumerGroupEvent[] = []
  readonly regexes: Map<string, ReturnType<Regexes['get']> & object>
  epoch: number
  metadataHash: number

  constructor(
    readonly group: ConsumerGroup,
    readonly context: ConsumerContext,
  ) {
    this.regexes = new Map(group.regexes)
    this.epoch = group.epoch
    this.metadataHash = group.metadataHash
  }

  get groupId(): string {
    return this.group.groupId
  }

  /** The members as they will be: with `member` in its place, without `without`. */
  members(member: Member | undefined, without?: string): Member[] {
    const out = [...this.group.members.values()].filter(
      ({ memberId }) => memberId !== member?.memberId && memberId !== without,
    )
    if (member) out.push(member)
    return out
  }

  add(...events: readonly ConsumerGroupEvent[]): void {
    this.events.push(...events)
  }

  bumpEpoch(metadataHash: number, reason: string): void {
    this.epoch++
    this.metadataHash = metadataHash
    this.context.note(`group ${this.groupId} comes to epoch ${this.epoch}: ${reason}`)
    const group = { epoch: this.epoch, metadataHash }
    this.add({ type: 'consumer-group', groupId: this.groupId, group })
  }
}
