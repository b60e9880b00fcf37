/**
 * What a batch from a client has to pass before it gets offsets: small rules in Kafka's order, of which the first that
 * refuses decides the error. Only the last rule looks at records, and it makes no object for any of them.
 *
 * Rules see a batch with its header whole; `oneBatch` has made sure of that.
 */
import { MalformedError } from '../../base/bytes.js'
import { ErrorCode } from '../../protocol/errors.js'
import {
  batch,
  CorruptBatchError,
  RecordCursor,
  sizeOfBatch,
  UnsupportedMagicError,
} from '../../protocol/records/index.js'
import { AppendError } from '../replica/partitions.js'
import type { LogConfig } from './log-config.js'

export interface Candidate {
  readonly bytes: Buffer
  readonly config: LogConfig
  readonly nowMs: number
  /** Found by the rule that looks at records: their largest timestamp, -1 when none has one. */
  maxTimestamp: number
  /** Found likewise: offsets inside a compressed batch do not rise by one, so it has to be built anew. */
  offsetsHaveGaps: boolean
}

export interface Validator {
  readonly name: string
  readonly check: (candidate: Candidate) => void
}

const { INVALID_RECORD, INVALID_TIMESTAMP, CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE } = ErrorCode

/**
 * The one batch that a produce request may carry for a partition, without what follows it cut off.
 *
 * @throws AppendError
 */
export function oneBatch(records: Buffer | null): Buffer {
  if (records === null) throw new AppendError(INVALID_RECORD, 'there are no records')
  try {
    const size = sizeOfBatch(records, 0)
    if (size === 0) throw new AppendError(INVALID_RECORD, 'there is no whole record batch')
    if (sizeOfBatch(records, size) > 0) throw new AppendError(INVALID_RECORD, 'there is more than one record batch')
    return size === records.length ? records : records.subarray(0, size)
  } catch (error) {
    if (error instanceof UnsupportedMagicError && error.magic >= 0 && error.magic < batch.MAGIC) {
      throw new AppendError(INVALID_RECORD, error.message)
    }
    if (error instanceof CorruptBatchError) throw new AppendError(CORRUPT_MESSAGE, error.message)
    throw error
  }
}

const rule = (name: string, check: Validator['check']): Validator => ({ name, check })

const refuse = (code: ErrorCode, message: string): never => {
  throw new AppendError(code, message)
}

export const validators: readonly Validator[] = [
  rule('base offset is 0', ({ bytes }) => {
    const offset = batch.baseOffset(bytes, 0)
    if (offset !== 0) refuse(INVALID_RECORD, `the base offset of a batch to be written is 0, not ${offset}`)
  }),

  rule('size within max.message.bytes', ({ bytes, config }) => {
    if (bytes.length > config.maxMessageBytes) {
      refuse(MESSAGE_TOO_LARGE, `a batch of ${bytes.length} bytes exceeds max.message.bytes=${config.maxMessageBytes}`)
    }
  }),

  rule('checksum', ({ bytes }) => {
    if (!batch.hasValidCrc(bytes, 0)) refuse(CORRUPT_MESSAGE, `the batch's checksum is wrong`)
  }),

  rule('count and offsets agree', ({ bytes }) => {
    const count = batch.recordsCount(bytes, 0)
    const offsets = batch.lastOffsetDelta(bytes, 0) + 1
    if (offsets <= 0) refuse(INVALID_RECORD, `the batch ends before it begins: last offset delta ${offsets - 1}`)
    if (count <= 0) refuse(INVALID_RECORD, `the batch claims ${count} records`)
    if (count !== offsets) refuse(INVALID_RECORD, `the batch claims ${count} records, but spans ${offsets} offsets`)
  }),

  rule('no control batch', ({ bytes }) => {
    if (batch.isControl(bytes, 0)) refuse(INVALID_RECORD, 'clients may not write control batches')
  }),

  rule('a producer id comes with a sequence', ({ bytes }) => {
    const sequence = batch.baseSequence(bytes, 0)
    if (batch.hasProducerId(bytes, 0) && sequence < 0) {
      refuse(INVALID_RECORD, `producer ${batch.producerId(bytes, 0)} wrote without a sequence (${sequence})`)
    }
  }),

  rule('records', checkRecords),

  rule('fits into a segment', ({ bytes, config }) => {
    if (bytes.length > config.segmentBytes) {
      refuse(RECORD_LIST_TOO_LARGE, `a batch of ${bytes.length} bytes exceeds segment.bytes=${config.segmentBytes}`)
    }
  }),
]

/** Keys where the topic is compacted, timestamps within the topic's bounds; each record that breaks one is named. */
function checkRecords(candidate: Candidate): void {
  const { bytes, config, nowMs } = candidate
  const compressed = batch.codecId(bytes, 0) !== 0
  const bounded = config.timestampType === 'CreateTime'
  const earliest = nowMs - config.timestampBeforeMaxMs
  const latest = nowMs + config.timestampAfterMaxMs
  const errors: RecordError[] = []
  if (batch.timestampType(bytes, 0) === 'LogAppendTime')
    errors.push(...eachRecord(bytes, 'LogAppendTime is for brokers'))
  let maxTimestamp = -1
  let index = 0
  try {
    const cursor = new RecordCursor(bytes, 0)
    while (cursor.next()) {
      const timestamp = cursor.timestampMs
      if (config.compact && !cursor.hasKey) {
        errors.push({
          code: INVALID_RECORD,
          batchIndex: index,
          message: 'a compacted topic takes no record without a key',
        })
      } else if (bounded && timestamp !== batch.NO_TIMESTAMP && (timestamp < earliest || timestamp > latest)) {
        const message = `timestamp ${timestamp} is out of the bounds of ${earliest} to ${latest}`
        errors.push({ code: INVALID_TIMESTAMP, batchIndex: index, message })
      }
      if (timestamp > maxTimestamp) maxTimestamp = timestamp
      if (compressed && cursor.offsetDelta !== index) candidate.offsetsHaveGaps = true
      index++
    }
  } catch (error) {
    if (error instanceof MalformedError) refuse(INVALID_RECORD, error.message)
    throw error
  }
  if (errors.length > 0) throw recordsRefused(errors)
  candidate.maxTimestamp = maxTimestamp
}

interface RecordError {
  readonly code: ErrorCode
  readonly batchIndex: number
  readonly message: string
}

function eachRecord(bytes: Buffer, message: string): RecordError[] {
  const count = batch.recordsCount(bytes, 0)
  return Array.from({ length: count }, (_, batchIndex) => ({ code: INVALID_TIMESTAMP, batchIndex, message }))
}

function recordsRefused(errors: readonly RecordError[]): AppendError {
  const badTime = errors.some((error) => error.code === INVALID_TIMESTAMP)
  const first = errors[0]!
  return new AppendError(
    badTime ? INVALID_TIMESTAMP : INVALID_RECORD,
    `${errors.length} of the records are refused; record ${first.batchIndex}: ${first.message}`,
    errors,
  )
}
