export * from './kafka-operations.js'
export * from './kafka-template.js'
export * from './producer-interceptor.js'
export type { RecordAt } from './record-receiver.js'
