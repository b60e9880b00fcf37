/** What became of a batch, record by record where they fared differently. */
import { ErrorCode } from '../../../protocol/index.js'
import { errorOfCode } from '../../error-of-code.js'
import { DriverError, type BatchResult, type RecordResult } from '../../port.js'

const NOT_KNOWN = -1

/** Refused for some of its records (KIP-467): these are told why, the others that they stood beside them. */
export function refusedForRecords(
  error: DriverError,
  code: number,
  recordsCount: number,
  told: readonly { batchIndex: number; batchIndexErrorMessage: string | null }[],
): BatchResult {
  if (told.length === 0) return { error }
  const at = error.topicPartition
  const reasons = new Map(told.map(({ batchIndex, batchIndexErrorMessage }) => [batchIndex, batchIndexErrorMessage]))
  const beside = new DriverError(
    'corrupt',
    'not written, because other records of its batch were refused',
    'INVALID_RECORD',
    at,
    error,
  )
  // a single one is why the batch was refused; of several, the code stands for the batch as a whole
  const recordCode = told.length === 1 ? code : ErrorCode.INVALID_RECORD
  const records = Array.from({ length: recordsCount }, (_, i): RecordResult => {
    if (!reasons.has(i)) return { error: beside }
    return { error: errorOfCode(recordCode, at, reasons.get(i) || error.message) }
  })
  return { error, records }
}

/** Of a batch that was sent in parts. */
export function joinResults(
  parts: readonly { readonly recordsCount: number }[],
  results: readonly BatchResult[],
): BatchResult {
  const failed = results.find(({ error }) => error !== undefined)
  const records = results.flatMap((result, i) => recordsOf(result, parts[i]!.recordsCount))
  if (failed?.error) return { error: failed.error, records }
  const { baseOffset, logAppendTimeMs } = results[0] as Extract<BatchResult, { baseOffset: number }>
  return logAppendTimeMs === undefined ? { baseOffset, records } : { baseOffset, logAppendTimeMs, records }
}

function recordsOf(result: BatchResult, count: number): readonly RecordResult[] {
  if (result.records) return result.records
  return Array.from({ length: count }, (_, i): RecordResult => {
    if (result.error) return { error: result.error }
    const { baseOffset, logAppendTimeMs } = result
    const offset = baseOffset < 0 ? NOT_KNOWN : baseOffset + i
    return logAppendTimeMs === undefined ? { offset } : { offset, logAppendTimeMs }
  })
}
