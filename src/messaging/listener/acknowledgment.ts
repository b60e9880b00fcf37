/** Manual acknowledgement, Spring's `Acknowledgment`: what the `@Ack()` parameter and both contexts offer. */
export interface Acknowledgment {
  /**
   * The record (or the whole batch) is done: its offset may be committed. Idempotent; may be called after the handler
   * returned, and out of order when `asyncAcks` is set.
   * Throws a KafkaError of kind `config` unless ackMode is MANUAL or MANUAL_IMMEDIATE.
   */
  acknowledge(): void
}
