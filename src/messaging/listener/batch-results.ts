/** What a batch handler gives back when it tells a result for each record. */
import { KafkaError } from '../../model/index.js'

/** What `Promise.allSettled(records.map(…))` gives. */
export function isSettled(result: unknown): result is readonly PromiseSettledResult<unknown>[] {
  if (!Array.isArray(result) || result.length === 0) return false
  return (result as unknown[]).every(
    (entry) =>
      typeof entry === 'object' &&
      entry !== null &&
      'status' in entry &&
      (entry.status === 'fulfilled' || entry.status === 'rejected'),
  )
}

export function refuseMiscounted(result: unknown, records: number): void {
  if (!isSettled(result) || result.length === records) return
  throw new KafkaError(
    'config',
    `the batch handler gave ${result.length} results for ${records} records: give one for each, in their order`,
  )
}
