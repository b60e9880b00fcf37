/** Small numbers that requests and answers carry, by their names. Kafka keeps them with its classes, not in its layouts. */

/** What a reader sees of transactions. */
export const IsolationLevel = { readUncommitted: 0, readCommitted: 1 } as const

/** Asked for in ListOffsets instead of a time. */
export const OffsetSpec = {
  latest: -1,
  earliest: -2,
  maxTimestamp: -3,
  /** KIP-405 */
  earliestLocal: -4,
  /** KIP-1005 */
  latestTiered: -5,
  /** KIP-1023 */
  earliestPendingUpload: -6,
} as const

/** Stands for the id of a replica in requests of those who are none. */
export const CONSUMER_REPLICA_ID = -1
