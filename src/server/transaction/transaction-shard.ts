/**
 * One partition of `__transaction_state`: the machine with its transactional ids, and the ends of transactions that are
 * on their way. Once it is committed that a transaction ends, its markers are written to every partition it wrote to, for
 * as long as that takes, and then that it has ended; after a restart this goes on where it was.
 */
import { sleep, type Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import { ErrorCode, errorName } from '../../protocol/errors.js'
import { Machine, type EventLog, type MachinePhase } from '../machine/machine.js'
import { applyTransaction, type TransactionEvent, type Transactions } from './events.js'
import { completeEnd } from './end-transaction.js'
import type { Marker, TransactionMarkers } from './markers.js'
import { eachPartition, isAtRest, isEnding, type Transaction } from './transaction.js'

export interface TransactionShardParts {
  readonly clock: Clock
  readonly log: Log
  readonly markers: TransactionMarkers
  /** Leader epoch of the partition: tells an old coordinator's markers from a new one's. */
  readonly coordinatorEpoch: () => number
}

export interface Change {
  readonly error: ErrorCode
  /** Set: the transactional id has become this, whatever the error. */
  readonly transaction?: Transaction
}

/** How long a partition that did not take its marker is left alone. */
const MARKER_RETRY_MS = 100

export class TransactionShard {
  private readonly machine: Machine<Transactions, TransactionEvent>
  private readonly transactions: Transactions = new Map()
  private readonly closing = new AbortController()

  constructor(
    eventLog: EventLog<TransactionEvent>,
    private readonly parts: TransactionShardParts,
    /** Told once when the shard can't go on. */
    onFailed: (error: unknown) => void,
  ) {
    this.machine = new Machine(this.transactions, eventLog, applyTransaction, (error) => {
      this.closing.abort()
      onFailed(error)
    })
  }

  get phase(): MachinePhase {
    return this.machine.phase
  }

  async load(): Promise<void> {
    await this.machine.load()
    if (this.phase !== 'active') return
    for (const [transactionalId, transaction] of this.transactions) {
      if (isEnding(transaction)) this.finish(transactionalId, transaction)
    }
  }

  close(): void {
    this.machine.close()
    this.closing.abort()
  }

  /** Decides on a transactional id; the answer is given when it is committed. */
  async change<C extends Change>(transactionalId: string, decide: (present: Transaction | undefined) => C): Promise<C> {
    const change = await this.machine.submit((transactions) => {
      const answer = decide(transactions.get(transactionalId))
      const { transaction } = answer
      return { events: transaction ? [{ transactionalId, transaction }] : [], answer }
    })
    if (change.transaction && isEnding(change.transaction)) this.finish(transactionalId, change.transaction)
    return change
  }

  query<Answer>(read: (transactions: Transactions) => Answer): Promise<Answer> {
    return this.machine.query(read)
  }

  /** Ids whose transaction is open for longer than its producer allowed. */
  async timedOut(): Promise<readonly string[]> {
    const nowMs = this.parts.clock.now()
    return this.query((transactions) =>
      [...transactions]
        .filter(
          ([, { state, startTimestampMs, timeoutMs }]) => state === 'Ongoing' && startTimestampMs + timeoutMs < nowMs,
        )
        .map(([transactionalId]) => transactionalId),
    )
  }

  /** Forgets ids that have been at rest for so long. */
  async forgetUnused(expirationMs: number): Promise<void> {
    const sinceMs = this.parts.clock.now() - expirationMs
    await this.machine.submit((transactions) => ({
      events: [...transactions]
        .filter(([, transaction]) => isAtRest(transaction) && transaction.lastUpdateTimestampMs <= sinceMs)
        .map(([transactionalId]) => ({ transactionalId, transaction: null })),
      answer: undefined,
    }))
  }

  private finish(transactionalId: string, ending: Transaction): void {
    const { log } = this.parts
    this.writeMarkers(transactionalId, ending).catch((error: unknown) => {
      if (this.phase === 'active') log.error(`the transaction of ${transactionalId} could not be ended`, { error })
    })
  }

  private async writeMarkers(transactionalId: string, ending: Transaction): Promise<void> {
    const { producerId, producerEpoch, state, clientVersion } = ending
    const marker: Marker = {
      producer: { id: producerId, epoch: producerEpoch },
      coordinatorEpoch: this.parts.coordinatorEpoch(),
      outcome: state === 'PrepareCommit' ? 'commit' : 'abort',
      transactionVersion: clientVersion,
    }
    const partitions = [...eachPartition(ending.partitions)]
    await Promise.all(partitions.map(({ topic, partition }) => this.writeMarker(topic, partition, marker)))
    await this.machine.submit((transactions) => {
      // nothing but this follows a Prepare state
      const transaction = completeEnd(transactions.get(transactionalId)!, this.parts.clock.now())
      return { events: [{ transactionalId, transaction }], answer: undefined }
    })
  }

  /** Until the partition has it, or is gone. */
  private async writeMarker(topic: string, partition: number, marker: Marker): Promise<void> {
    for (;;) {
      const error = await this.parts.markers.write(topic, partition, marker)
      switch (error) {
        case ErrorCode.NONE:
        case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
          return
        case ErrorCode.INVALID_PRODUCER_EPOCH:
        case ErrorCode.TRANSACTION_COORDINATOR_FENCED:
          this.parts.log.warn(
            `${topic}-${partition} has heard of a later producer or coordinator; its marker is not needed`,
            {
              error: errorName(error),
            },
          )
          return
        default:
          await sleep(this.parts.clock, MARKER_RETRY_MS, this.closing.signal)
      }
    }
  }
}
