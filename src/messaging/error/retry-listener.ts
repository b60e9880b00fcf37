/** Watches retries, Spring's `RetryListener`. What it throws is only logged. */
import type { FailedRecord } from './error-handler.js'

/** Watches retries, Spring's `RetryListener`. What it throws is only logged. */
export interface RetryListener {
  /** An attempt failed, whatever comes of it. Of a batch that failed as a whole, the first record. */
  failedDelivery?(failure: FailedRecord): void | Promise<void>
  recovered?(failure: FailedRecord): void | Promise<void>
  recoveryFailed?(failure: FailedRecord, recoveryError: unknown): void | Promise<void>
}
