/**
 * What a partition knows of the producers that wrote to it: their epoch, the sequence numbers of their last five batches,
 * and whether a transaction is open. It tells duplicates from new batches and gaps from order (KIP-98, KIP-360), and it
 * tells the first offset that is not decided yet.
 *
 * `check` never changes anything; `update` is told of every batch that enters the log, while appending and while loading.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { AppendError, type FirstWrite, type Verification } from '../replica/partitions.js'
import type { ProducerSnapshotEntry } from './producer-snapshot.js'
import { Verifications } from './verifications.js'

/** A batch of an idempotent producer. */
export interface ProducerBatch {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1 in control batches. */
  readonly baseSequence: number
  readonly baseOffset: number
  /** Of the last record from the first. */
  readonly lastOffsetDelta: number
  readonly maxTimestamp: number
  readonly isTransactional: boolean
}

/** A batch that is in the log, as it is remembered. */
export interface RememberedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly lastOffset: number
  readonly offsetDelta: number
  readonly timestamp: number
}

interface Producer {
  producerEpoch: number
  coordinatorEpoch: number
  lastTimestamp: number
  currentTxnFirstOffset: number
  /** At most five, oldest first. */
  batches: RememberedBatch[]
}

interface EndedTransaction {
  readonly firstOffset: number
  /** Of the marker that ended it. */
  readonly lastOffset: number
}

const BATCHES_REMEMBERED = 5
const SEQUENCES = 2 ** 31
const EPOCH_MAX = 32_767

/** Sequence numbers wrap from 2147483647 to 0. */
export const sequenceAfter = (sequence: number, count: number): number => (sequence + count) % SEQUENCES
const sequenceBefore = (sequence: number, count: number): number => (sequence - count + SEQUENCES) % SEQUENCES

function duplicateIn(known: Producer, { producerEpoch, baseSequence, lastOffsetDelta }: ProducerBatch) {
  if (producerEpoch !== known.producerEpoch) return undefined
  const lastSequence = sequenceAfter(baseSequence, lastOffsetDelta)
  return known.batches.find((one) => one.firstSequence === baseSequence && one.lastSequence === lastSequence)
}

export class ProducerState {
  private readonly producers = new Map<number, Producer>()
  /** First offset of each open transaction, by producer, in the order in which they were begun. */
  private readonly open = new Map<number, number>()
  /** Transactions whose end is not below the high watermark yet, as far as `settle` was told of it. */
  private ended: EndedTransaction[] = []
  /** Of producers that are about to begin a transaction here. */
  readonly verifications = new Verifications()

  get size(): number {
    return this.producers.size
  }

  /**
   * The batch as remembered when it is in the log already; undefined when it may be appended.
   *
   * @throws AppendError INVALID_PRODUCER_EPOCH for a fenced producer, OUT_OF_ORDER_SEQUENCE_NUMBER for a gap,
   *   INVALID_TXN_STATE for a batch outside the transaction that is open
   */
  check(batch: ProducerBatch): RememberedBatch | undefined {
    const { producerId, producerEpoch, baseSequence, isTransactional } = batch
    const known = this.producers.get(producerId)
    const duplicate = known && duplicateIn(known, batch)
    if (duplicate !== undefined) return duplicate
    this.checkEpoch(producerId, producerEpoch)
    this.verifications.checkSequence(producerId, baseSequence, known !== undefined && known.batches.length > 0)
    // a producer of whom nothing is left, or who is new here, may begin with any sequence
    if (known === undefined) return undefined
    const isNewEpoch = producerEpoch > known.producerEpoch
    const last = isNewEpoch ? undefined : known.batches.at(-1)?.lastSequence
    const expected = last === undefined ? 0 : sequenceAfter(last, 1)
    if (baseSequence !== expected) {
      throw new AppendError(
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        isNewEpoch
          ? `producer ${producerId} begins epoch ${producerEpoch} with sequence ${baseSequence}, not 0`
          : `producer ${producerId} wrote sequence ${baseSequence}, but ${expected} is due`,
      )
    }
    if (known.currentTxnFirstOffset >= 0 && !isTransactional) {
      throw new AppendError(
        ErrorCode.INVALID_TXN_STATE,
        `producer ${producerId} wrote outside its transaction, which is open since ${known.currentTxnFirstOffset}`,
      )
    }
    return undefined
  }

  /**
   * Checks what a coordinator appends in a producer's name; `markerOf` is the coordinator's epoch in an end marker.
   *
   * @throws AppendError INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED
   */
  checkCoordinated(producerId: number, producerEpoch: number, markerOf: number | undefined): void {
    this.checkEpoch(producerId, producerEpoch)
    const known = this.producers.get(producerId)?.coordinatorEpoch ?? -1
    if (markerOf === undefined || markerOf >= known) return
    throw new AppendError(
      ErrorCode.TRANSACTION_COORDINATOR_FENCED,
      `the coordinator of producer ${producerId} has epoch ${known} by now, and wrote with ${markerOf}`,
    )
  }

  /**
   * Checks an end marker beyond what every coordinator's batch is: from transaction version 2 on a marker raises the epoch
   * (KIP-890). One that comes again finds its epoch taken by itself and nothing open, and may be written again.
   *
   * @throws AppendError INVALID_PRODUCER_EPOCH
   */
  checkEndMarker(producerId: number, producerEpoch: number, transactionVersion: number): void {
    const known = this.producers.get(producerId)
    if (transactionVersion < 2 || known === undefined || producerEpoch > known.producerEpoch) return
    const isAgain = known.currentTxnFirstOffset < 0 || producerEpoch === EPOCH_MAX
    if (producerEpoch === known.producerEpoch && isAgain) return
    throw new AppendError(
      ErrorCode.INVALID_PRODUCER_EPOCH,
      `producer ${producerId} has epoch ${known.producerEpoch} by now: a marker of ${producerEpoch} does not raise it`,
    )
  }

  /**
   * What a write has to show later, when its producer's transaction is not open here yet: that the coordinator was asked
   * meanwhile (KIP-890). undefined: it is open, and nobody has to be asked.
   *
   * @throws AppendError INVALID_PRODUCER_EPOCH
   */
  verification(write: FirstWrite, nowMs: number): Verification | undefined {
    const { producerId, producerEpoch } = write
    this.checkEpoch(producerId, producerEpoch)
    if (this.hasOpenTransaction(producerId, producerEpoch)) return undefined
    return this.verifications.begin(write, nowMs)
  }

  /** Whether the transaction is open, or was not ended while the coordinator was asked. */
  isVerified(producerId: number, producerEpoch: number, verification: Verification | undefined): boolean {
    return (
      this.hasOpenTransaction(producerId, producerEpoch) ||
      (verification !== undefined && this.verifications.of(producerId) === verification)
    )
  }

  private hasOpenTransaction(producerId: number, producerEpoch: number): boolean {
    const known = this.producers.get(producerId)
    return known !== undefined && known.currentTxnFirstOffset >= 0 && known.producerEpoch === producerEpoch
  }

  private checkEpoch(producerId: number, producerEpoch: number): void {
    const known = this.producers.get(producerId)
    if (known === undefined || producerEpoch >= known.producerEpoch) return
    throw new AppendError(
      ErrorCode.INVALID_PRODUCER_EPOCH,
      `producer ${producerId} has epoch ${known.producerEpoch} by now, and wrote with ${producerEpoch}`,
    )
  }

  /** A data batch is in the log now. */
  update(batch: ProducerBatch): void {
    const producer = this.producer(batch.producerId, batch.producerEpoch)
    const lastOffset = batch.baseOffset + batch.lastOffsetDelta
    if (producer.batches.length === BATCHES_REMEMBERED) producer.batches.shift()
    producer.batches.push({
      firstSequence: batch.baseSequence,
      // coordinators write in a producer's name without sequences
      lastSequence: batch.baseSequence < 0 ? -1 : sequenceAfter(batch.baseSequence, batch.lastOffsetDelta),
      lastOffset,
      offsetDelta: batch.lastOffsetDelta,
      timestamp: batch.maxTimestamp,
    })
    producer.lastTimestamp = batch.maxTimestamp
    if (batch.isTransactional && producer.currentTxnFirstOffset < 0) {
      producer.currentTxnFirstOffset = batch.baseOffset
      this.open.set(batch.producerId, batch.baseOffset)
      this.verifications.end(batch.producerId)
    }
  }

  /** A marker that ends a transaction is in the log now. Gives the transaction's first offset, if it wrote anything. */
  endTransaction(batch: ProducerBatch, coordinatorEpoch: number): number | undefined {
    const producer = this.producer(batch.producerId, batch.producerEpoch)
    const firstOffset = producer.currentTxnFirstOffset
    producer.coordinatorEpoch = coordinatorEpoch
    producer.lastTimestamp = batch.maxTimestamp
    producer.currentTxnFirstOffset = -1
    this.open.delete(batch.producerId)
    this.verifications.end(batch.producerId)
    if (firstOffset < 0) return undefined
    this.ended.push({ firstOffset, lastOffset: batch.baseOffset })
    return firstOffset
  }

  /** First offset of a transaction that is open, or whose end is not below the high watermark; undefined: there is none. */
  get firstUnstableOffset(): number | undefined {
    let first = this.firstOpenOffset
    for (const { firstOffset } of this.ended) if (first === undefined || firstOffset < first) first = firstOffset
    return first
  }

  /** Compaction has left no more of a marker than the epoch that it raised. */
  noteEpoch({ producerId, producerEpoch }: ProducerBatch): void {
    this.producer(producerId, producerEpoch)
  }

  get firstOpenOffset(): number | undefined {
    for (const offset of this.open.values()) return offset
    return undefined
  }

  /** The high watermark moved: transactions that ended below it are decided for every reader. */
  settle(highWatermark: number): void {
    if (this.ended.length === 0) return
    this.ended = this.ended.filter((transaction) => transaction.lastOffset >= highWatermark)
  }

  /** Forgets producers that have been silent for long and have no open transaction. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [id, producer] of this.producers) {
      if (producer.currentTxnFirstOffset < 0 && nowMs - producer.lastTimestamp >= expirationMs)
        this.producers.delete(id)
    }
    this.verifications.expire(nowMs, expirationMs)
  }

  /**
   * Whether a producer that may still write is known by this batch: its last one, for the sequence, or, where an end of a
   * transaction has raised its epoch since, the marker that did. Compaction keeps such a batch's header.
   */
  isLastOf({ producerId, producerEpoch, baseOffset, lastOffsetDelta }: ProducerBatch, isControl: boolean): boolean {
    const known = this.producers.get(producerId)
    if (known === undefined) return false
    const last = known.batches.at(-1)
    if (last !== undefined) return last.lastOffset === baseOffset + lastOffsetDelta
    return isControl && producerEpoch === known.producerEpoch
  }

  snapshot(): ProducerSnapshotEntry[] {
    return [...this.producers].map(([producerId, producer]) => {
      const last = producer.batches.at(-1)
      return {
        producerId,
        producerEpoch: producer.producerEpoch,
        lastSequence: last?.lastSequence ?? -1,
        lastOffset: last?.lastOffset ?? -1,
        offsetDelta: last?.offsetDelta ?? 0,
        timestamp: producer.lastTimestamp,
        coordinatorEpoch: producer.coordinatorEpoch,
        currentTxnFirstOffset: producer.currentTxnFirstOffset,
      }
    })
  }

  restore(entries: readonly ProducerSnapshotEntry[]): void {
    this.producers.clear()
    this.open.clear()
    this.ended = []
    for (const entry of entries) {
      const { lastSequence, offsetDelta, lastOffset, timestamp } = entry
      const firstSequence = sequenceBefore(lastSequence, offsetDelta)
      this.producers.set(entry.producerId, {
        producerEpoch: entry.producerEpoch,
        coordinatorEpoch: entry.coordinatorEpoch,
        lastTimestamp: timestamp,
        currentTxnFirstOffset: entry.currentTxnFirstOffset,
        batches: lastOffset < 0 ? [] : [{ firstSequence, lastSequence, lastOffset, offsetDelta, timestamp }],
      })
    }
    const open = entries.filter((entry) => entry.currentTxnFirstOffset >= 0)
    open.sort((a, b) => a.currentTxnFirstOffset - b.currentTxnFirstOffset)
    for (const entry of open) this.open.set(entry.producerId, entry.currentTxnFirstOffset)
  }

  private producer(producerId: number, producerEpoch: number): Producer {
    let producer = this.producers.get(producerId)
    if (producer === undefined) {
      producer = {
        producerEpoch,
        coordinatorEpoch: -1,
        lastTimestamp: -1,
        currentTxnFirstOffset: -1,
        batches: [],
      }
      this.producers.set(producerId, producer)
    } else if (producerEpoch > producer.producerEpoch) {
      producer.producerEpoch = producerEpoch
      producer.batches = []
    }
    return producer
  }
}
