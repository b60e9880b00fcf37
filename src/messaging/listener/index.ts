export * from './ack-mode.js'
export * from './acknowledgment.js'
export * from './batch-context.js'
export * from './consumer-seek-aware.js'
export * from './endpoint-registry.js'
export * from './handlers.js'
export * from './interceptors.js'
export type { ListenerAdvice } from './listener-advice.js'
export * from './listener-context.js'
export * from './listener-declaration.js'
export * from './listener-options.js'
export * from './message-listener-container.js'
export * from './rebalance-listener.js'
export type {
  ComputedOffset,
  InitialOffset,
  PartitionOffset,
  SeekPosition,
  TopicPartitions,
} from './topic-partition-offset.js'
