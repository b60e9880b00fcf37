/** Hooks around handlers, Spring's `RecordInterceptor` and `BatchInterceptor`. Errors of the `after…` hooks are only logged. */
import type { ConsumerRecord } from '../../model/index.js'
import type { BatchContext } from './batch-context.js'
import type { ListenerContext } from './listener-context.js'

/** Around the handler of a record listener, Spring's `RecordInterceptor`. */
export interface RecordInterceptor<K = unknown, V = unknown> {
  /**
   * Before the handler, at each attempt, the record as it came. May give another in its place, by `record.with({ value })`
   * (same topic, partition and offset), or null to skip it: it counts as done, as one that `discardIf` discards.
   */
  intercept?(record: ConsumerRecord<K, V>): ConsumerRecord<K, V> | null | Promise<ConsumerRecord<K, V> | null>
  /** The handler returned. */
  success?(record: ConsumerRecord<K, V>, ctx: ListenerContext<K, V>): void | Promise<void>
  /** The handler threw; the error handler has not seen it yet. */
  failure?(record: ConsumerRecord<K, V>, error: unknown, ctx: ListenerContext<K, V>): void | Promise<void>
  /** Once the record is done with: after the handler, after the error handler when there was an error, after a skip. */
  afterRecord?(record: ConsumerRecord<K, V>): void | Promise<void>
}

/** Around the handler of a batch listener, Spring's `BatchInterceptor`. */
export interface BatchInterceptor<K = unknown, V = unknown> {
  /** As `RecordInterceptor.intercept`, for the records of a delivery. */
  intercept?(records: ConsumerRecord<K, V>[]): ConsumerRecord<K, V>[] | null | Promise<ConsumerRecord<K, V>[] | null>
  /** The handler returned. */
  success?(records: ConsumerRecord<K, V>[], ctx: BatchContext<K, V>): void | Promise<void>
  /** The handler threw; the error handler has not seen it yet. */
  failure?(records: ConsumerRecord<K, V>[], error: unknown, ctx: BatchContext<K, V>): void | Promise<void>
}
