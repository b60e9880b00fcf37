/** The forms that a listener's function takes. */
import type { ConsumerRecord, Serde, Topic } from '../../model/index.js'
import type { BatchContext } from './batch-context.js'
import type { ListenerContext } from './listener-context.js'

/** Resolving (or returning) means done; throwing hands the record to the error handler. */
export type RecordHandler<K = string, V = unknown> = (value: V, ctx: ListenerContext<K, V>) => unknown

/**
 * Resolving means that all are done, throwing that the batch failed: a `BatchListenerFailedException` says from where.
 * Returning `Promise.allSettled(records.map(…))` gives a result for each record: only the rejected ones fail.
 */
export type BatchHandler<K = string, V = unknown> = (
  records: ConsumerRecord<K, V>[],
  ctx: BatchContext<K, V>,
) => unknown

/** A topic or topic pattern whatever its types are. */
export interface TypedSource {
  readonly key: Serde<unknown> | undefined
  readonly value: Serde<unknown>
}
/** A topic whatever its types are. */
export type NamedSource = Topic<unknown, unknown>
/** The key type of a topic or topic pattern. */
export type SourceKey<S> = S extends { readonly key: Serde<infer K> | undefined } ? K : never
/** The value type of a topic or topic pattern; of several, their union. */
export type SourceValue<S> = S extends { readonly value: Serde<infer V> } ? V : never
