/** A key or value that could not be read, with the bytes as they came: an error, or a value where `orError` allows it. */
import { KafkaError } from '../model/index.js'
import type { SerdeContext } from '../model/index.js'

export class DeserializationError extends KafkaError {
  override readonly name = 'DeserializationError'
  readonly isKey: boolean

  constructor(
    /** The bytes that could not be read. */
    readonly data: Buffer,
    context: SerdeContext,
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super('serde', `the ${context.isKey ? 'key' : 'value'} of a record of ${context.topic} can't be read: ${reason}`, {
      cause,
    })
    this.isKey = context.isKey
  }
}
