/** What the consumer and its membership in a group say to each other, whichever protocol the group speaks. */
import type { TopicPartition } from '../../../model/index.js'
import type { DriverError, GroupMetadata } from '../../port.js'

export interface Membership {
  /** As what the coordinator knows this member now; undefined: it is none. */
  readonly identity: GroupMetadata | undefined
  /** A rebalance is under way: what is fenced now may be right in a moment. */
  readonly isRebalancing: boolean
  /** Goes on until `leave`. */
  start(): void
  /** The subscription, or what is known of its topics, has changed. */
  rejoin(why: string): void
  /** Stops taking part, but stays alive; `leave` follows. */
  stop(): void
  /** Leaves the group; never rejects. */
  leave(timeoutMs: number): Promise<void>
}

export interface MembershipListener {
  /** Awaited: all, or these, are given up, at most so long. */
  revoke(partitions: readonly TopicPartition[], withinMs: number): Promise<void>
  lose(): void
  /** `added` are new; what else there is stays. */
  assigned(added: readonly TopicPartition[], epoch: number, memberId: string): void
  rebalancing(): void
  trouble(error: DriverError, retryInMs: number): void
  fine(): void
  failed(error: DriverError): void
}

/** No waiting mends these. */
const HOPELESS: ReadonlySet<string | undefined> = new Set([
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'UNSUPPORTED_VERSION',
  'FENCED_INSTANCE_ID',
  'UNSUPPORTED_ASSIGNOR',
  'INVALID_REGULAR_EXPRESSION',
  'INVALID_REQUEST',
])

export function isHopeless(error: DriverError): boolean {
  return error.kind === 'auth' || error.kind === 'authorization' || HOPELESS.has(error.code)
}
