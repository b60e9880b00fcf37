/** A history, with what its rules look up. */
import { topicPartitionName, type TopicPartition } from '../../src/model/index.js'
import type { Ended, FinalLog, History, Result, Sent } from './history.js'

export interface SentFacts extends Sent {
  /** Place among all sends. */
  readonly index: number
}

export interface Indexed {
  readonly history: History
  readonly sent: ReadonlyMap<string, SentFacts>
  readonly results: ReadonlyMap<string, Result>
  readonly ends: ReadonlyMap<string, Ended>
  /** By the partition's name. */
  readonly logs: ReadonlyMap<string, FinalLog>
  /** By partition and offset, as the final log has it. */
  readonly valueAt: ReadonlyMap<string, string>
  /** Values in the final logs, as read_committed shows them. */
  readonly committedValues: ReadonlySet<string>
}

export const offsetName = (tp: TopicPartition, offset: number): string => `${topicPartitionName(tp)}@${offset}`

export function indexed(history: History): Indexed {
  const sent = new Map<string, SentFacts>()
  const results = new Map<string, Result>()
  const ends = new Map<string, Ended>()
  for (const event of history.events) {
    if (event.type === 'send') {
      if (sent.has(event.value)) throw new Error(`the program sent '${event.value}' twice: the history tells nothing`)
      sent.set(event.value, Object.assign({ index: sent.size }, event))
    } else if (event.type === 'result') results.set(event.value, event)
    else if (event.type === 'ended') ends.set(event.transaction, event)
  }
  const logs = new Map(history.logs.map((log) => [topicPartitionName(log), log]))
  const valueAt = new Map<string, string>()
  const committedValues = new Set<string>()
  for (const log of history.logs) {
    for (const { offset, value } of log.all) valueAt.set(offsetName(log, offset), value)
    for (const { value } of log.committed) committedValues.add(value)
  }
  return { history, sent, results, ends, logs, valueAt, committedValues }
}
