/** Sees every record before it is serialized and after its fate is known. What it throws is logged, and the record goes on. */
import type { ProducerRecord, RecordMetadata } from '../../model/index.js'

/** Around every send of a template, as Kafka's `ProducerInterceptor`, and made by the container. */
export interface ProducerInterceptor {
  /** May give another record in its place. */
  onSend?(record: ProducerRecord<unknown, unknown>): ProducerRecord<unknown, unknown>
  /** Exactly one of metadata and error. */
  onAcknowledgement?(
    record: ProducerRecord<unknown, unknown>,
    metadata: RecordMetadata | undefined,
    error: Error | undefined,
  ): void
}
