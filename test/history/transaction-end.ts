/** Ends a transaction and writes down how, as far as that can be known. */
import type { TransactionPort } from '../../src/client/port.js'
import type { GroupOffset } from './history.js'
import type { Recorder } from './recorder.js'

/** @throws what the abort failed with: the producer is of no use any more. */
export async function abort(recorder: Recorder, transactions: TransactionPort, transaction: string): Promise<void> {
  // no commit was ever asked for: it is aborted, sooner or later
  recorder.add({ type: 'ended', transaction, outcome: 'aborted' })
  await transactions.abort()
}

/** @throws what the commit failed with, twice: nobody knows how it ended. */
export async function commit(
  recorder: Recorder,
  transactions: TransactionPort,
  transaction: string,
  offsets?: readonly GroupOffset[],
): Promise<void> {
  recorder.add({ type: 'committing', transaction })
  try {
    await transactions.commit().catch((error: unknown) => {
      recorder.error('commit, first', error)
      return transactions.commit()
    })
  } catch (error) {
    recorder.add({ type: 'ended', transaction, outcome: 'unknown' })
    throw error
  }
  recorder.add({ type: 'ended', transaction, outcome: 'committed', offsets })
}
