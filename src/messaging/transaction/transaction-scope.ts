/**
 * Which transaction a send belongs to: that of the async context it is called in. Java binds transactions to threads; here
 * everything that a callback or a handler awaits is in its transaction, and nothing else is, however much runs at once.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Transaction } from './transaction.js'
import type { TransactionalProducers } from './transactional-producers.js'

export interface TransactionScope {
  /** Whose sends join it. */
  readonly producers: TransactionalProducers
  readonly transaction: Transaction
  /** Of `executeInTransaction`; a listener's, or one to take part in, otherwise. */
  readonly isLocal: boolean
}

interface Nested extends TransactionScope {
  readonly outer: Nested | undefined
}

const scopes = new AsyncLocalStorage<Nested>()

export function runInTransaction<T>(scope: TransactionScope, task: () => T): T {
  const { producers, transaction, isLocal } = scope
  return scopes.run({ producers, transaction, isLocal, outer: scopes.getStore() }, task)
}

/** The innermost scope in which these producers have a transaction. */
export function scopeOf(producers: TransactionalProducers): TransactionScope | undefined {
  let scope = scopes.getStore()
  while (scope !== undefined && scope.producers !== producers) scope = scope.outer
  return scope
}
