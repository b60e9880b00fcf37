/**
 * The batches of one partition, in order. Those that were sent once have a sequence and stay in `unfinished` until the
 * broker has told what became of them; a new one is sent only when none of these is to be sent again, and of several that
 * are, the first goes alone. So whatever is lost and repeated, the log has the batches in the order of `send`.
 *
 * A batch that ends without being in the log leaves a hole in the sequence, which the broker will not pass:
 *
 *   none ─ refused: not in the log, nor is what followed it ────────────────────────→ certain ─ new epoch (KIP-360) → none
 *     └─── given up: nobody knows ─→ unknown ─ the next one is out of order ───────→ certain
 *                                       └───── the next one is written ─→ none
 *
 * With a certain hole, what is left begins anew at 0 once nothing is under way. With an unknown one, what was sent before is
 * sent again as it was: it may be in the log already, and under a new epoch it would be there twice.
 */
import type { TopicPartition } from '../../../model/index.js'
import { batch as batchFields } from '../../../protocol/index.js'
import type { PendingBatch } from './pending-batch.js'

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export type Hole = 'none' | 'unknown' | 'certain'

/**
 * As many batches as a broker remembers of a producer. From the first that is not acknowledged on, no more are sent: a
 * broker that has forgotten it takes its repetition for out of order.
 */
export const REMEMBERED_MAX = 5

export class PartitionQueue implements TopicPartition {
  readonly waiting: PendingBatch[] = []
  readonly unfinished: PendingBatch[] = []
  onWire = 0
  /** Under which the sequences here count. */
  identity: ProducerIdentity | undefined
  /** Of the last record that was acknowledged; -1: none was. */
  lastAckedOffset = -1
  /** With a certain hole: the broker knows nothing of us any more, and no new epoch is needed. */
  keepsEpoch = false
  /** As which the partition's leader has taken a batch of ours. */
  private knownProducerId: number | undefined
  private sequenceHole: Hole = 'none'
  /** Sequence of the next new batch, and of the first record that is not acknowledged. */
  private nextSequence = 0
  private unackedSequence = 0
  /** Batches counted as they are first sent. */
  private nextOrdinal = 0
  private ackedOrdinal = -1

  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly idempotent: boolean,
  ) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.unfinished.length === 0
  }

  get hole(): Hole {
    return this.sequenceHole
  }

  /** All that has no result, in order. */
  get batches(): PendingBatch[] {
    return [...this.unfinished, ...this.waiting]
  }

  /** What may be sent now. */
  next(nowMs: number): PendingBatch | undefined {
    if (this.sequenceHole === 'certain') return undefined
    for (const batch of this.unfinished) {
      if (batch.isOnWire) continue
      return batch === this.unfinished[0] && batch.notBeforeMs <= nowMs ? batch : undefined
    }
    if (this.sequenceHole === 'unknown') return undefined
    const [first] = this.unfinished
    if (first && this.nextOrdinal - first.ordinal >= this.unfinishedMax) return undefined
    return this.waiting[0]
  }

  /**
   * Without sequences, only one at a time keeps order. Nor do they keep it before the broker knows the producer: then it
   * takes a batch of any sequence, so that the second one would pass a first one that was refused.
   */
  private get unfinishedMax(): number {
    return this.idempotent && this.knownProducerId === this.identity?.producerId ? REMEMBERED_MAX : 1
  }

  /** When `next` may give something that it does not give now for its back-off; Infinity: time changes nothing. */
  get nextAtMs(): number {
    const [first] = this.unfinished
    return first && !first.isOnWire && this.sequenceHole !== 'certain' ? first.notBeforeMs : Infinity
  }

  /** Where a batch that is sent for the first time has its place. */
  get newSequence(): number {
    return this.nextSequence
  }

  takeSequence(count: number): number {
    const sequence = this.nextSequence
    this.nextSequence = batchFields.addToSequence(sequence, count)
    return sequence
  }

  sent(batch: PendingBatch): void {
    if (batch === this.waiting[0]) {
      this.waiting.shift()
      this.unfinished.push(batch)
      batch.ordinal = this.nextOrdinal++
    }
    batch.isOnWire = true
    batch.attempts++
    this.onWire++
  }

  answered(batch: PendingBatch): void {
    batch.isOnWire = false
    this.onWire--
  }

  /** In the log. @param baseOffset -1: where is not known any more */
  acknowledge(batch: PendingBatch, baseOffset: number): void {
    if (baseOffset >= 0) this.lastAckedOffset = baseOffset + batch.recordsCount - 1
    if (batch.sequence >= 0) {
      this.unackedSequence = batchFields.addToSequence(batch.sequence, batch.recordsCount)
      this.knownProducerId = this.identity?.producerId
    }
    this.ackedOrdinal = Math.max(this.ackedOrdinal, batch.ordinal)
    this.takeOut(batch)
    this.resolve()
  }

  /** Whether one that was sent after it is in the log. */
  isPassed(batch: PendingBatch): boolean {
    return batch.ordinal < this.ackedOrdinal
  }

  /** Not in the log, or nobody knows. */
  giveUp(batch: PendingBatch, certainlyNotWritten: boolean): void {
    this.takeOut(batch)
    if (!this.idempotent || batch.sequence < 0) return
    // an attempt before this one may have been written
    if (certainlyNotWritten && batch.attempts <= 1) this.sequenceHole = 'certain'
    else if (this.sequenceHole === 'none') this.sequenceHole = 'unknown'
    this.resolve()
  }

  /** The broker has shown that it will not pass. */
  findHole(keepsEpoch = false): void {
    this.sequenceHole = 'certain'
    this.keepsEpoch = keepsEpoch
  }

  /** The parts take the place of the whole. */
  replace(whole: PendingBatch, parts: readonly PendingBatch[]): void {
    for (const part of parts) part.ordinal = whole.ordinal
    this.unfinished.splice(this.unfinished.indexOf(whole), 1, ...parts)
  }

  /** What is left begins at 0 under this identity. */
  restart(identity: ProducerIdentity): void {
    this.identity = identity
    this.sequenceHole = 'none'
    this.keepsEpoch = false
    this.nextSequence = this.unackedSequence = this.nextOrdinal = 0
    this.ackedOrdinal = -1
    for (const batch of this.unfinished) batch.ordinal = this.nextOrdinal++
    for (const batch of this.batches) {
      if (batch.bytes === undefined) continue
      batch.renumber(identity.producerId, identity.producerEpoch, this.takeSequence(batch.recordsCount))
    }
  }

  private takeOut(batch: PendingBatch): void {
    const list = this.unfinished.includes(batch) ? this.unfinished : this.waiting
    const at = list.indexOf(batch)
    if (at >= 0) list.splice(at, 1)
  }

  /** Once all that was sent has ended, the last acknowledgement tells whether what was given up is in the log. */
  private resolve(): void {
    if (this.sequenceHole !== 'unknown' || this.unfinished.length > 0) return
    this.sequenceHole = this.unackedSequence === this.nextSequence ? 'none' : 'certain'
  }
}
