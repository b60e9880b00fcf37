/** What is done with a record that is given up, Spring's `ConsumerRecordRecoverer`. */
import type { Topic } from '../../model/index.js'
import type { KafkaTemplate } from '../template/kafka-template.js'
import type { FailedRecord } from './error-handler.js'

/** What is done with a record that is given up, Spring's `ConsumerRecordRecoverer`. */
export interface Recoverer {
  /**
   * Resolving means that the record is dealt with and may be committed. Rejecting means that it is not: the record is
   * delivered again after the back-off, its attempts counted anew, and nothing is lost.
   */
  recover(failure: FailedRecord): void | Promise<void>
  /** Called by the container when it starts: what a recoverer may need of it. */
  bind?(services: RecovererServices): void
  /** Topics that this recoverer writes to for records of `source`; created at start as declared topics are. */
  topicsFor?(source: Topic<unknown, unknown>): readonly Topic<unknown, unknown>[]
}

/** What a recoverer is given before its listener starts. */
export interface RecovererServices {
  readonly template: KafkaTemplate
}

/** A recoverer that is only a function. */
export type RecovererFunction = (failure: FailedRecord) => void | Promise<void>
