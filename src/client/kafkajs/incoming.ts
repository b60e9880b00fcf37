/** Records of kafkajs as the port has them. */
import type { IHeaders } from 'kafkajs'
import type { RecordHeader } from '../../model/index.js'
import type { IncomingRecord } from '../port.js'
import type { KafkajsMessage } from './vendor.js'

const LOG_APPEND_TIME = 1
const NONE: readonly RecordHeader[] = []

export function toRecord(message: KafkajsMessage): IncomingRecord {
  const { batchContext } = message
  return {
    offset: Number(message.offset),
    key: message.key,
    value: message.value,
    headers: message.headers === undefined ? NONE : toHeaders(message.headers),
    timestampMs: Number(message.timestamp),
    timestampType: batchContext?.timestampType === LOG_APPEND_TIME ? 'LogAppendTime' : 'CreateTime',
    leaderEpoch: batchContext?.partitionLeaderEpoch,
  }
}

function toHeaders(headers: IHeaders): readonly RecordHeader[] {
  let list: RecordHeader[] | undefined
  // kafkajs makes this object for every record, and it is mostly empty: nothing is made for that
  for (const key in headers) {
    const value = headers[key]
    list ??= []
    if (Array.isArray(value)) for (const each of value) list.push({ key, value: each as Buffer })
    else list.push({ key, value: (value as Buffer | undefined) ?? null })
  }
  return list ?? NONE
}
