/**
 * What happens when a handler fails, Spring's `CommonErrorHandler`: the container asks, the error handler decides, the
 * container carries it out. It keeps no state of its own: the container counts attempts.
 */
import type { Log } from '../../base/log.js'
import type { ConsumerRecord, Topic } from '../../model/index.js'
import type { RecovererServices } from './recoverer.js'

/** What failed, and how often. */
export interface FailedDelivery {
  /** As the handler threw it, or a `DeserializationError` when the record could not be read. */
  readonly error: unknown
  /** 1 for the first failure. */
  readonly attempt: number
  readonly listenerId: string
  readonly groupId: string
  /** Aborts when the partition or the container goes away. */
  readonly signal: AbortSignal
  readonly log: Log
}

/** A record that failed. */
export interface FailedRecord extends FailedDelivery {
  readonly record: ConsumerRecord<unknown, unknown>
}

/** A batch that failed: as a whole, unless the error names a record. */
export interface FailedBatch extends FailedDelivery {
  readonly records: readonly ConsumerRecord<unknown, unknown>[]
}

/** What is to become of a record that failed. */
export type RecordDecision =
  /** Deliver it again, so many ms from now; only its own partition waits. `restart`: count its attempts from 1 again. */
  | { readonly action: 'retry'; readonly delayMs: number; readonly restart?: boolean | undefined }
  /** Dealt with: its offset may be committed. `recovered`: by a recoverer, else it was dropped. */
  | { readonly action: 'skip'; readonly recovered: boolean }
  /** Stop the container and commit nothing of it: the record comes again after a restart. */
  | { readonly action: 'stop' }

/** Indexes are places in `records`; those before `from` are done. */
export type BatchDecision =
  | {
      readonly action: 'retry'
      readonly from: number
      readonly delayMs: number
      readonly restart?: boolean | undefined
    }
  /** The rest, from `from` on, is delivered as a batch of its own. `recovered`: how many were dealt with by a recoverer. */
  | { readonly action: 'skip'; readonly from: number; readonly recovered: number; readonly dropped: number }
  | { readonly action: 'stop'; readonly from: number }

/** Decides what becomes of what failed, Spring's `CommonErrorHandler`. One that fails itself is asked again later. */
export interface CommonErrorHandler {
  /** Called by the container before it starts: what the handler's recoverer may need of it. */
  bind?(services: RecovererServices): void
  /** Topics that it writes to for records of `source`; created at start as declared topics are. */
  topicsFor?(source: Topic<unknown, unknown>): readonly Topic<unknown, unknown>[]
  /** A record failed, or could not be read. */
  handleRecord(failure: FailedRecord): RecordDecision | Promise<RecordDecision>
  /** A batch handler threw. */
  handleBatch(failure: FailedBatch): BatchDecision | Promise<BatchDecision>
}
