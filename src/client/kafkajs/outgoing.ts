/** Records of the port as kafkajs takes them. */
import type { IHeaders, Message } from 'kafkajs'
import type { RecordHeader } from '../../model/index.js'
import { topicPartitionName } from '../../model/index.js'
import { DriverError, type OutgoingBatch, type OutgoingRecord } from '../port.js'

/** Why kafkajs can't send this batch; undefined when it can. */
export function refusal(batch: OutgoingBatch): DriverError | undefined {
  const { topic, partition, records } = batch
  for (const record of records) {
    for (const header of record.headers) {
      if (header.value !== null) continue
      return new DriverError(
        'fatal',
        `${topicPartitionName(batch)}: header '${header.key}' is null, which the kafkajs driver can't send; give it an empty value.`,
        undefined,
        { topic, partition },
      )
    }
  }
  return undefined
}

export function toMessages(records: readonly OutgoingRecord[]): Message[] {
  const timestampOf = timestamps(records)
  return records.map((record) => ({
    key: record.key,
    value: record.value,
    headers: toHeaders(record.headers),
    timestamp: timestampOf(record.timestampMs),
  }))
}

const NO_HEADERS: IHeaders = {}

/** kafkajs keeps headers in an object: the order among equal keys stays, that between different keys is theirs of first sight. */
function toHeaders(headers: readonly RecordHeader[]): IHeaders {
  if (headers.length === 0) return NO_HEADERS
  const all = new Map<string, Buffer[]>()
  for (const { key, value } of headers) {
    const own = all.get(key)
    if (own) own.push(value!)
    else all.set(key, [value!])
  }
  return Object.fromEntries(all)
}

const DIGITS = 16

/**
 * kafkajs sorts timestamps as text to find the first and last of a batch, and takes 0 for "none given". Numbers of one
 * length, the usual case, sort rightly as they are; others are written as text of equal length.
 */
function timestamps(records: readonly OutgoingRecord[]): (timestampMs: number) => string {
  const first = records[0]?.timestampMs ?? 0
  const digits = digitsOf(first)
  if (records.every(({ timestampMs }) => timestampMs > 0 && digitsOf(timestampMs) === digits)) {
    return asGiven
  }
  return (timestampMs) => String(timestampMs).padStart(DIGITS, '0')
}

/** The types ask for text, but kafkajs computes with what it gets, and a number costs less. */
const asGiven = (timestampMs: number): string => timestampMs as unknown as string

const digitsOf = (n: number): number => (n < 1 ? 1 : Math.floor(Math.log10(n)) + 1)
