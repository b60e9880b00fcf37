/**
 * What the coordinator knows of a transactional id: who may write under it, and how far its transaction is.
 *
 *   Empty ──add──▶ Ongoing ──end──▶ PrepareCommit ──markers written──▶ CompleteCommit ──add──▶ Ongoing …
 *     ▲               └─────end───▶ PrepareAbort  ──markers written──▶ CompleteAbort
 *     └── a producer takes the id over: from Empty and both Complete states; from Ongoing only through PrepareAbort
 *
 * Once a Prepare state is committed, the outcome is decided: nothing but writing the markers can follow. From transaction
 * version 2 on (KIP-890) every end raises the producer's epoch, so that what is left of the transaction on its way to a
 * partition is fenced there; an abort may then also follow from Empty and Complete states, to raise the epoch.
 */
import { assert } from '../../base/assert.js'

export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'

/** Kafka's transaction versions: 0 is the protocol as it was before KIP-890. */
export type TransactionVersion = 0 | 1 | 2

/** By topic. */
export type TransactionPartitions = ReadonlyMap<string, ReadonlySet<number>>

/** Immutable: each change makes another one. */
export interface Transaction {
  readonly state: TransactionState
  readonly producerId: number
  /** -1 = nobody has been given the id yet. */
  readonly producerEpoch: number
  /** The epoch before, for a producer that repeats a call whose answer it lost; -1 = none. Not kept in the log. */
  readonly lastProducerEpoch: number
  /** The producer id before; -1 = none. */
  readonly previousProducerId: number
  /** The id that takes over when the markers are written, because the epochs of this one are used up; -1 = none. */
  readonly nextProducerId: number
  readonly timeoutMs: number
  readonly partitions: TransactionPartitions
  /** -1 = no transaction was ever begun under this holder. */
  readonly startTimestampMs: number
  readonly lastUpdateTimestampMs: number
  /** What the client that changed it last speaks. */
  readonly clientVersion: TransactionVersion
}

export const NO_PARTITIONS: TransactionPartitions = new Map()

const mayBecome: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  Empty: ['Empty', 'Ongoing', 'PrepareAbort'],
  Ongoing: ['Ongoing', 'PrepareCommit', 'PrepareAbort'],
  PrepareCommit: ['CompleteCommit'],
  PrepareAbort: ['CompleteAbort'],
  CompleteCommit: ['Empty', 'Ongoing', 'PrepareAbort'],
  CompleteAbort: ['Empty', 'Ongoing', 'PrepareAbort'],
}

export function newTransaction(producerId: number, timeoutMs: number, nowMs: number): Transaction {
  return {
    state: 'Empty',
    producerId,
    producerEpoch: -1,
    lastProducerEpoch: -1,
    previousProducerId: -1,
    nextProducerId: -1,
    timeoutMs,
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
    lastUpdateTimestampMs: nowMs,
    clientVersion: 0,
  }
}

/** The transaction in its next state; the one place where the state changes. */
export function moved(from: Transaction, state: TransactionState, changes: Partial<Transaction>): Transaction {
  assert(mayBecome[from.state].includes(state), `a transaction can't become ${state} from ${from.state}`)
  return { ...from, previousProducerId: from.producerId, ...changes, state }
}

/** The last epoch is kept for fencing, so that it can always be raised once more. */
export function isEpochExhausted(epoch: number): boolean {
  return epoch >= EPOCH_MAX - 1
}

export const EPOCH_MAX = 32_767

export function isEnding(transaction: Transaction): boolean {
  return transaction.state === 'PrepareCommit' || transaction.state === 'PrepareAbort'
}

/** Nothing is open: the id may be taken over, and forgotten when it is not used for long. */
export function isAtRest(transaction: Transaction): boolean {
  return !isEnding(transaction) && transaction.state !== 'Ongoing'
}

export function* eachPartition(
  partitions: TransactionPartitions,
): Generator<{ readonly topic: string; readonly partition: number }> {
  for (const [topic, numbers] of partitions) for (const partition of numbers) yield { topic, partition }
}

export function holds(partitions: TransactionPartitions, topic: string, partition: number): boolean {
  return partitions.get(topic)?.has(partition) ?? false
}

export function union(a: TransactionPartitions, b: TransactionPartitions): TransactionPartitions {
  const all = new Map<string, ReadonlySet<number>>(a)
  for (const [topic, numbers] of b) all.set(topic, new Set([...(all.get(topic) ?? []), ...numbers]))
  return all
}
