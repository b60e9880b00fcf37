/** The checker: what a history shows that a correct broker and correct clients would never show. */
import type { History } from './history.js'
import { indexed } from './indexed.js'
import { duplicateOutputs, missingOutputs, valuesTwice } from './rules/duplicates.js'
import { lostCommits, skippedReads, undelivered, wentBack } from './rules/reading.js'
import { abortedSeen, readBeforeCommit, tornTransactions } from './rules/transactions.js'
import { lostWrites, offsetsWithTwoValues, outOfOrder, unsentValues } from './rules/writing.js'
import type { Rule, Violation } from './violation.js'

const rules: readonly Rule[] = [
  lostWrites,
  offsetsWithTwoValues,
  outOfOrder,
  unsentValues,
  valuesTwice,
  duplicateOutputs,
  missingOutputs,
  abortedSeen,
  readBeforeCommit,
  tornTransactions,
  wentBack,
  skippedReads,
  undelivered,
  lostCommits,
]

/** Empty: nothing is wrong. */
export function check(history: History): Violation[] {
  const facts = indexed(history)
  return rules.flatMap((rule) => rule(facts))
}

/** How often each kind was found, and the first of them, for people. */
export function summary(violations: readonly Violation[], shown = 20): string {
  const counts = new Map<string, number>()
  for (const { kind } of violations) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const lines = violations.slice(0, shown).map(({ kind, where, what }) => `${kind}: ${where}: ${what}`)
  return [...[...counts].map(([kind, count]) => `${count} × ${kind}`), ...lines].join('\n')
}
