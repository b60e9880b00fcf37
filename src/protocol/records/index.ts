export * as batch from './batch.js'
export { BATCH_HEADER_BYTES, LENGTH_OVERHEAD, type BatchHeader, type TimestampType } from './batch.js'
export * from './batches.js'
