/** The serde contract. Makers live in `kts-kafka/serde`; anyone may write another. */
import type { Headers } from './headers.js'

export interface SerdeContext {
  readonly topic: string
  readonly isKey: boolean
  /** The record's headers: a serializer may add to them, a deserializer reads them. */
  readonly headers: Headers
}

export interface Serializer<T> {
  /** null is a tombstone and never reaches a serializer. May be async (a schema registry, say). */
  serialize(value: T, context: SerdeContext): Uint8Array | Promise<Uint8Array>
}

export interface Deserializer<T> {
  /** `data` is a view that may be kept. null never reaches a deserializer. */
  deserialize(data: Buffer, context: SerdeContext): T | Promise<T>
}

export interface Serde<T> extends Serializer<T>, Deserializer<T> {
  /** For messages: 'json', 'string', 'avro(com.example.Order)'. */
  readonly name: string
  /** Headers that this serde owns; they are not copied when a record is re-published in another form. */
  close?(): void | Promise<void>
}
