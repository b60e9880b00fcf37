/** Records of kafkajs as the port has them. */
import type { IHeaders } from 'kafkajs'
import { ConsumerRecord } from '../../model/index.js'
import type { RecordHeader, TopicPartition } from '../../model/index.js'
import type { IncomingRecord } from '../port.js'
import type { KafkajsMessage } from './vendor.js'

const LOG_APPEND_TIME = 1
const NONE: readonly RecordHeader[] = []

export function toRecord({ topic, partition }: TopicPartition, message: KafkajsMessage): IncomingRecord {
  const { batchContext } = message
  return new ConsumerRecord(
    topic,
    partition,
    Number(message.offset),
    null,
    null,
    message.headers === undefined ? NONE : toHeaders(message.headers),
    Number(message.timestamp),
    batchContext?.timestampType === LOG_APPEND_TIME ? 'LogAppendTime' : 'CreateTime',
    batchContext?.partitionLeaderEpoch,
    message.key,
    message.value,
  )
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
