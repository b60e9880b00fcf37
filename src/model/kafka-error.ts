/** The one error that users of the SDK meet. What went wrong is `kind`, from a closed list; bugs of ours are assertions. */
import type { TopicPartition } from './topic-partition.js'
import type { ProducerRecord } from './record.js'

export type KafkaErrorKind =
  | 'connection'
  | 'timeout'
  | 'auth'
  | 'protocol'
  | 'serde'
  | 'fenced'
  | 'transaction'
  | 'config'
  | 'closed'
  | 'listener'

export interface KafkaErrorDetails {
  /** Whether the same call may succeed later, unchanged. */
  retriable?: boolean | undefined
  cause?: unknown
  /** The protocol error's name, e.g. `NOT_LEADER_OR_FOLLOWER`. */
  code?: string | undefined
  topicPartition?: TopicPartition | undefined
  offset?: number | undefined
  /** The record that could not be sent. */
  record?: ProducerRecord<unknown, unknown> | undefined
}

/** Marks our errors across copies of the package in one process. */
const BRAND = Symbol.for('kts-kafka.error')

export class KafkaError extends Error {
  override readonly name: string = 'KafkaError'
  readonly [BRAND] = true
  readonly retriable: boolean
  readonly code: string | undefined
  readonly topicPartition: TopicPartition | undefined
  readonly offset: number | undefined
  readonly record: ProducerRecord<unknown, unknown> | undefined

  constructor(
    readonly kind: KafkaErrorKind,
    message: string,
    details: KafkaErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.retriable = details.retriable ?? false
    this.code = details.code
    this.topicPartition = details.topicPartition
    this.offset = details.offset
    this.record = details.record
  }

  static is(error: unknown): error is KafkaError {
    return typeof error === 'object' && error !== null && BRAND in error
  }
}
