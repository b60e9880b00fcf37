/** Begin, call, commit; abort when the callback throws. And to take part in one that runs already. */
import { KafkaError } from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import { Transaction } from './transaction.js'
import { runInTransaction } from './transaction-scope.js'
import type { TransactionScope } from './transaction-scope.js'
import type { TransactionalProducers } from './transactional-producers.js'

export async function executeInTransaction<T>(
  producers: TransactionalProducers,
  how: { readonly timeoutMs: number | undefined; readonly isLocal: boolean },
  callback: (scope: TransactionScope) => T | PromiseLike<T>,
): Promise<T> {
  const transaction = new Transaction(producers, how.timeoutMs)
  const scope = { producers, transaction, isLocal: how.isLocal }
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

/** What the task throws leaves the transaction to be rolled back, whether or not whoever began it hears of that. */
export async function participate<T>({ transaction }: TransactionScope, task: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    const words = `rolled back, since what took part in it failed: ${errorMessage(error)}`
    transaction.rollBackOnly(new KafkaError('transaction', words, { code: 'UNEXPECTED_ROLLBACK', cause: error }))
    throw error
  }
}
