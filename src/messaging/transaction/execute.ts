/** Begin, call, commit; abort when the callback throws. Spring's `executeInTransaction`. */
import { Transaction } from './transaction.js'
import { runInTransaction } from './transaction-scope.js'
import type { TransactionScope } from './transaction-scope.js'
import type { TransactionalProducers } from './transactional-producers.js'

export async function executeInTransaction<T>(
  producers: TransactionalProducers,
  timeoutMs: number | undefined,
  callback: (scope: TransactionScope) => T | PromiseLike<T>,
): Promise<T> {
  const transaction = new Transaction(producers, timeoutMs)
  const scope = { producers, transaction, isLocal: true }
  try {
    await transaction.open()
    const result = await runInTransaction(scope, () => transaction.within(() => callback(scope)))
    await transaction.commit()
    return result
  } catch (error) {
    await transaction.abort()
    throw error
  }
}
