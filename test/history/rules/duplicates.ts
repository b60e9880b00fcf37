/** Once means once. */
import { offsetName } from '../indexed.js'
import type { Rule, Violation } from '../violation.js'

/** An idempotent producer's value stands once. */
export const valuesTwice: Rule = ({ history }) => {
  const out: Violation[] = []
  const places = new Map<string, string>()
  for (const log of history.logs) {
    for (const { offset, value } of log.all) {
      const where = offsetName(log, offset)
      const before = places.get(value)
      if (before !== undefined) out.push({ kind: 'written twice', where, what: `${value}, also at ${before}` })
      else places.set(value, where)
    }
  }
  return out
}

/** Of one input there is one committed output at most. */
export const duplicateOutputs: Rule = ({ history, sent }) => {
  const out: Violation[] = []
  for (const { to } of history.transforms) {
    const outputs = new Map<string, string>()
    for (const log of history.logs) {
      if (log.topic !== to) continue
      for (const { offset, value } of log.committed) {
        const about = sent.get(value)?.about
        if (about === undefined) continue
        const where = offsetName(log, offset)
        const before = outputs.get(about)
        if (before !== undefined)
          out.push({ kind: 'output twice', where, what: `${value} of ${about}, also ${before}` })
        else outputs.set(about, `${value} at ${where}`)
      }
    }
  }
  return out
}

/** Of each committed input there is a committed output. */
export const missingOutputs: Rule = ({ history, sent, committedValues }) => {
  const done = new Set<string>()
  for (const { value, about } of sent.values()) if (about !== undefined && committedValues.has(value)) done.add(about)
  return history.transforms.flatMap(({ from, to }) =>
    history.logs
      .filter(({ topic }) => topic === from)
      .flatMap((log) =>
        log.committed
          .filter(({ value }) => !done.has(value))
          .map(({ offset, value }): Violation => {
            return { kind: 'output missing', where: offsetName(log, offset), what: `nothing of ${value} in ${to}` }
          }),
      ),
  )
}
