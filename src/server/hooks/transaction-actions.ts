/** What hooks do to transactions: what time, or another producer, would do to them. */
import type { Clock } from '../../base/clock.js'
import { ErrorCode, errorName } from '../../protocol/errors.js'
import type { Broker } from '../broker.js'
import { hookContext } from './group-conditions.js'
import { waitUntil } from './wait-until.js'

/** There is no such transaction; the message says what there is. */
export class NoSuchTransaction extends Error {
  override readonly name = 'NoSuchTransaction'
}

type Parts = Pick<Broker, 'transactions'>

/**
 * Aborts the open transaction as if it had timed out; resolves when its end markers are written. The producer is fenced.
 *
 * @throws NoSuchTransaction, WaitTimeout
 */
export async function expireTransaction({ transactions }: Parts, transactionalId: string, clock: Clock): Promise<void> {
  const error = await transactions.expire(transactionalId)
  if (error !== ErrorCode.NONE) throw refused(transactionalId, error)
  const isOver = async (): Promise<boolean> => {
    const answer = await transactions.describeTransactions({ transactionalIds: [transactionalId] }, hookContext(0))
    return answer.transactionStates[0]?.transactionState !== 'PrepareAbort'
  }
  await waitUntil(clock, isOver, () => `the end markers of ${transactionalId}`)
}

/**
 * Takes the transactional id over, as a second producer that starts does: what is open is aborted, and the producer that
 * has the id learns with its next request that it is fenced.
 *
 * @throws NoSuchTransaction when nobody has the id; WaitTimeout
 */
export async function fenceProducer({ transactions }: Parts, transactionalId: string, clock: Clock): Promise<void> {
  const known = await transactions.describeTransactions({ transactionalIds: [transactionalId] }, hookContext(0))
  const found = known.transactionStates[0]
  if (found?.errorCode !== ErrorCode.NONE) throw refused(transactionalId, found?.errorCode ?? ErrorCode.NONE)
  const { transactionTimeoutMs } = found
  const asked = { transactionalId, transactionTimeoutMs, producerId: -1, producerEpoch: -1 }
  const isTaken = async (): Promise<boolean> => {
    const answer = await transactions.initProducerId(
      { ...asked, enable2Pc: false, keepPreparedTxn: false },
      hookContext(5),
    )
    if (answer.errorCode === ErrorCode.NONE) return true
    if (answer.errorCode !== ErrorCode.CONCURRENT_TRANSACTIONS) throw refused(transactionalId, answer.errorCode)
    return false
  }
  await waitUntil(clock, isTaken, () => `${transactionalId} to be free`)
}

function refused(transactionalId: string, error: number): NoSuchTransaction {
  if (error === ErrorCode.INVALID_TXN_STATE) {
    return new NoSuchTransaction(`${transactionalId} has no transaction open`)
  }
  // there is no coordinator before the first producer asks for one
  if (error === ErrorCode.TRANSACTIONAL_ID_NOT_FOUND || error === ErrorCode.NOT_COORDINATOR) {
    return new NoSuchTransaction(`no producer has been given the transactional id ${transactionalId}`)
  }
  return new NoSuchTransaction(`nothing can be done to ${transactionalId}: ${errorName(error)}`)
}
