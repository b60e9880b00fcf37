/** What a producer was told, against what the logs hold. */
import { topicPartitionName } from '../../../src/model/index.js'
import { offsetName } from '../indexed.js'
import type { Rule, Violation } from '../violation.js'

/** Acknowledged is there, where it was said to be; refused is not there. In a transaction its commit decides besides. */
export const lostWrites: Rule = ({ sent, results, ends, valueAt, history, committedValues }) => {
  const out: Violation[] = []
  const anywhere = new Set(history.logs.flatMap(({ all }) => all.map(({ value }) => value)))
  for (const { value, outcome, ...rest } of results.values()) {
    const send = sent.get(value)!
    const where = topicPartitionName(send)
    if (outcome === 'refused' && anywhere.has(value)) out.push({ kind: 'refused write there', where, what: value })
    if (outcome !== 'acked') continue
    const { offset } = rest as { offset: number }
    // -1: written before, where is not known any more
    const isThere = offset < 0 ? anywhere.has(value) : valueAt.get(offsetName(send, offset)) === value
    if (!isThere) {
      const found = anywhere.has(value) ? 'stands elsewhere' : 'is in no log'
      out.push({ kind: 'acknowledged write lost', where: offsetName(send, offset), what: `${value} ${found}` })
    }
  }
  for (const { value, transaction, ...at } of sent.values()) {
    if (transaction === undefined || ends.get(transaction)?.outcome !== 'committed') continue
    if (results.get(value)?.outcome === 'refused' || committedValues.has(value)) continue
    const what = `${value} of the committed transaction ${transaction} is not seen`
    out.push({ kind: 'acknowledged write lost', where: topicPartitionName(at), what })
  }
  return out
}

/** Whoever saw an offset saw the same value there. */
export const offsetsWithTwoValues: Rule = ({ history, sent, valueAt }) => {
  const out: Violation[] = []
  const seen = new Map(valueAt)
  const look = (where: string, value: string, who: string): void => {
    const before = seen.get(where)
    if (before === undefined) seen.set(where, value)
    else if (before !== value) {
      out.push({ kind: 'offset with two values', where, what: `${before}, and by ${who} ${value}` })
    }
  }
  for (const log of history.logs) {
    for (const { offset, value } of log.committed) look(offsetName(log, offset), value, 'read_committed')
    const offsets = new Set<number>()
    for (const { offset } of log.all) {
      if (offsets.has(offset)) {
        out.push({ kind: 'offset with two values', where: offsetName(log, offset), what: 'stands twice in the log' })
      }
      offsets.add(offset)
    }
  }
  for (const event of history.events) {
    if (event.type === 'read') look(offsetName(event, event.offset), event.value, event.consumer)
    else if (event.type === 'result' && event.outcome === 'acked' && event.offset >= 0) {
      look(offsetName(sent.get(event.value)!, event.offset), event.value, 'the acknowledgement')
    }
  }
  return out
}

/** The records of one producer stand in a partition in the order in which they were sent. */
export const outOfOrder: Rule = ({ history, sent }) =>
  history.logs.flatMap((log) => {
    const out: Violation[] = []
    const last = new Map<string, { index: number; value: string }>()
    for (const { offset, value } of log.all.toSorted((a, b) => a.offset - b.offset)) {
      const send = sent.get(value)
      if (send === undefined) continue
      const before = last.get(send.producer)
      if (before && before.index > send.index) {
        out.push({ kind: 'out of order', where: offsetName(log, offset), what: `${value} after ${before.value}` })
      }
      last.set(send.producer, send)
    }
    return out
  })

/** Nothing stands anywhere that nobody sent there. */
export const unsentValues: Rule = ({ history, sent }) => {
  const out: Violation[] = []
  const look = (topic: string, partition: number, offset: number, value: string): void => {
    const send = sent.get(value)
    if (send && send.topic === topic && send.partition === partition) return
    out.push({ kind: 'never sent', where: offsetName({ topic, partition }, offset), what: value })
  }
  for (const { topic, partition, all } of history.logs) {
    for (const { offset, value } of all) look(topic, partition, offset, value)
  }
  for (const event of history.events) {
    if (event.type === 'read') look(event.topic, event.partition, event.offset, event.value)
  }
  return out
}
