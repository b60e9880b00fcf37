/**
 * What the clients of a run did and were told, in the order in which it happened in the one process that they ran in, and
 * what stood in the logs at the end. Values are unique: each is sent once by the program, whatever the client repeats.
 */
import type { TopicPartition } from '../../src/model/index.js'

export type Isolation = 'read_uncommitted' | 'read_committed'

export interface Sent extends TopicPartition {
  readonly type: 'send'
  readonly producer: string
  readonly value: string
  readonly transaction?: string | undefined
  /** The input record, by its value, that this one was made of: exactly one such output is to be seen. */
  readonly about?: string | undefined
}

/** `unknown`: it may be in the log, then or later. `refused`: it never left. */
export type Result = { readonly type: 'result'; readonly value: string } & (
  | { readonly outcome: 'acked'; readonly offset: number }
  | { readonly outcome: 'unknown' | 'refused' }
)

/** The program asks for the commit. */
export interface Committing {
  readonly type: 'committing'
  readonly transaction: string
}

/** `aborted`: an abort was asked for, or no commit ever was. */
export interface Ended {
  readonly type: 'ended'
  readonly transaction: string
  readonly outcome: 'committed' | 'aborted' | 'unknown'
  /** Where a group goes on, by this transaction. */
  readonly offsets?: readonly GroupOffset[] | undefined
}

export interface GroupOffset extends TopicPartition {
  readonly group: string
  /** The next one to read. */
  readonly offset: number
}

/** An acknowledged commit of a group. */
export interface Committed extends GroupOffset {
  readonly type: 'commit'
}

/** The consumer begins anew: at this offset, or where its group is. */
export interface Positioned extends TopicPartition {
  readonly type: 'position'
  readonly consumer: string
  readonly offset?: number | undefined
}

export interface Read extends TopicPartition {
  readonly type: 'read'
  readonly consumer: string
  readonly offset: number
  readonly value: string
}

export type HistoryEvent = Sent | Result | Committing | Ended | Committed | Positioned | Read

export interface ConsumerFacts {
  /** undefined: of no group. */
  readonly group?: string | undefined
  readonly isolation: Isolation
}

export interface LogRecord {
  readonly offset: number
  readonly value: string
}

/** A partition from its beginning to its end, read when all was quiet. */
export interface FinalLog extends TopicPartition {
  readonly all: readonly LogRecord[]
  /** As read_committed shows it. */
  readonly committed: readonly LogRecord[]
}

export interface History {
  readonly events: readonly HistoryEvent[]
  readonly consumers: ReadonlyMap<string, ConsumerFacts>
  readonly logs: readonly FinalLog[]
  /** Groups that were to read these topics to the end. */
  readonly readers: readonly { readonly group: string; readonly topic: string; readonly isolation: Isolation }[]
  /** Each committed record of `from` has exactly one committed output in `to`. */
  readonly transforms: readonly { readonly from: string; readonly to: string }[]
}
