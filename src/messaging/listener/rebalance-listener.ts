/** What the application may do when partitions come and go, Spring's `ConsumerAwareRebalanceListener`. Awaited. */
import type { TopicPartition } from '../../model/index.js'

/**
 * Hears of partitions that come and go, Spring's `ConsumerAwareRebalanceListener`. Awaited; what it throws is logged.
 */
export interface RebalanceListener {
  /** Before the first record of these partitions. */
  onPartitionsAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>
  /** Work in hand is finished, its offsets are not yet committed. */
  onPartitionsRevokedBeforeCommit?(partitions: readonly TopicPartition[]): void | Promise<void>
  /** Their offsets are committed; another member may have them next. */
  onPartitionsRevokedAfterCommit?(partitions: readonly TopicPartition[]): void | Promise<void>
  /** They are gone already, nothing was committed. The revoked callbacks are not called for them. */
  onPartitionsLost?(partitions: readonly TopicPartition[]): void | Promise<void>
}
