/** What the transaction coordinator remembers: an event is what a transactional id has become, one record of `__transaction_state`. */
import {
  encodeCoordinatorKey,
  encodeCoordinatorValue,
  openCoordinatorKey,
  openCoordinatorValue,
  transactionLogKey,
  transactionLogValue,
} from '../../protocol/stored/index.js'
import type { EventCodec, EventRecord } from '../machine/partition-event-log.js'
import type { Transaction, TransactionState, TransactionVersion } from './transaction.js'

export interface TransactionEvent {
  readonly transactionalId: string
  /** null: forgotten. */
  readonly transaction: Transaction | null
}

export type Transactions = Map<string, Transaction>

export function applyTransaction(transactions: Transactions, { transactionalId, transaction }: TransactionEvent): void {
  if (transaction === null) transactions.delete(transactionalId)
  else transactions.set(transactionalId, transaction)
}

const KEY_TYPE = 0

/** By the number in a record. */
const STATES: readonly TransactionState[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
]

/** `serverVersion`: below `transaction.version` 1 records are written without tagged fields. */
export function transactionEventCodec(serverVersion: () => TransactionVersion): EventCodec<TransactionEvent> {
  return {
    write: ({ transactionalId, transaction }) => ({
      kind: 'data',
      producer: null,
      key: encodeCoordinatorKey(KEY_TYPE, transactionLogKey, { transactionalId }),
      value: transaction && writeTransaction(transaction, serverVersion() === 0 ? 0 : 1),
    }),
    read,
  }
}

function writeTransaction(transaction: Transaction, version: 0 | 1): Buffer {
  const { partitions } = transaction
  const tagged = {
    previousProducerId: transaction.previousProducerId,
    nextProducerId: transaction.nextProducerId,
    clientTransactionVersion: transaction.clientVersion,
  }
  return encodeCoordinatorValue(
    transactionLogValue,
    {
      producerId: transaction.producerId,
      producerEpoch: transaction.producerEpoch,
      transactionTimeoutMs: transaction.timeoutMs,
      transactionStatus: STATES.indexOf(transaction.state),
      transactionPartitions:
        transaction.state === 'Empty'
          ? null
          : [...partitions].map(([topic, numbers]) => ({ topic, partitionIds: [...numbers] })),
      transactionLastUpdateTimestampMs: transaction.lastUpdateTimestampMs,
      transactionStartTimestampMs: transaction.startTimestampMs,
      ...(version > 0 && tagged),
    },
    version,
  )
}

function read(record: EventRecord): TransactionEvent | undefined {
  if (record.kind !== 'data') return undefined
  const { type, body } = openCoordinatorKey(record.key)
  if (type !== KEY_TYPE) return undefined
  const { transactionalId } = transactionLogKey.read(body, 0)
  return { transactionalId, transaction: record.value && readTransaction(record.value) }
}

function readTransaction(value: Buffer): Transaction | null {
  const { version, body } = openCoordinatorValue(value)
  const stored = transactionLogValue.read(body, version)
  const state = STATES[stored.transactionStatus]
  // Kafka's Dead is on its way to a tombstone
  if (state === undefined) return null
  return {
    state,
    producerId: stored.producerId,
    producerEpoch: stored.producerEpoch,
    lastProducerEpoch: -1,
    previousProducerId: stored.previousProducerId,
    nextProducerId: stored.nextProducerId,
    timeoutMs: stored.transactionTimeoutMs,
    partitions: new Map(
      (stored.transactionPartitions ?? []).map(({ topic, partitionIds }) => [topic, new Set(partitionIds)]),
    ),
    startTimestampMs: stored.transactionStartTimestampMs,
    lastUpdateTimestampMs: stored.transactionLastUpdateTimestampMs,
    clientVersion: stored.clientTransactionVersion as TransactionVersion,
  }
}
