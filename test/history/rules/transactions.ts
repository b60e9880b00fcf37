/** All of a transaction or nothing, and not before its time. */
import { topicPartitionName } from '../../../src/model/index.js'
import { offsetName } from '../indexed.js'
import type { Rule, Violation } from '../violation.js'

/** Nobody under read_committed sees what was aborted, then or at the end. */
export const abortedSeen: Rule = ({ history, sent, ends }) => {
  const out: Violation[] = []
  const look = (value: string, where: string, who: string): void => {
    const transaction = sent.get(value)?.transaction
    if (transaction === undefined || ends.get(transaction)?.outcome !== 'aborted') return
    out.push({ kind: 'aborted record seen', where, what: `${value} of ${transaction}, by ${who}` })
  }
  for (const log of history.logs) {
    for (const { offset, value } of log.committed) look(value, offsetName(log, offset), 'the last reader')
  }
  for (const event of history.events) {
    if (event.type !== 'read' || history.consumers.get(event.consumer)?.isolation !== 'read_committed') continue
    look(event.value, offsetName(event, event.offset), event.consumer)
  }
  return out
}

/** Nobody under read_committed sees a record before the program has asked for the commit. */
export const readBeforeCommit: Rule = ({ history, sent }) => {
  const out: Violation[] = []
  const committing = new Set<string>()
  for (const event of history.events) {
    if (event.type === 'committing') committing.add(event.transaction)
    if (event.type !== 'read' || history.consumers.get(event.consumer)?.isolation !== 'read_committed') continue
    const transaction = sent.get(event.value)?.transaction
    if (transaction === undefined || committing.has(transaction)) continue
    const what = `${event.value} of ${transaction}, by ${event.consumer}`
    out.push({ kind: 'read before commit', where: offsetName(event, event.offset), what })
  }
  return out
}

/** Where nobody knows how a transaction ended, it ended one way for all of its records. */
export const tornTransactions: Rule = ({ sent, results, ends, committedValues }) => {
  const parts = new Map<string, { seen: string[]; unseen: string[] }>()
  for (const { value, transaction, ...at } of sent.values()) {
    if (transaction === undefined || (ends.get(transaction)?.outcome ?? 'unknown') !== 'unknown') continue
    let part = parts.get(transaction)
    if (part === undefined) parts.set(transaction, (part = { seen: [], unseen: [] }))
    const name = `${value} in ${topicPartitionName(at)}`
    if (committedValues.has(value)) part.seen.push(name)
    // what was not acknowledged may not have been in it
    else if (results.get(value)?.outcome === 'acked') part.unseen.push(name)
  }
  return [...parts].flatMap(([transaction, { seen, unseen }]): Violation[] => {
    if (seen.length === 0 || unseen.length === 0) return []
    return [{ kind: 'transaction torn', where: transaction, what: `seen ${seen[0]}, not seen ${unseen[0]}` }]
  })
}
