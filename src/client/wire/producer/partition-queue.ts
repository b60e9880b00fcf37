/**
 * The batches of one partition, in order. Those that were sent once have a sequence and stay in `unfinished` until the
 * broker has told what became of them; a new one is sent only when none of these is to be sent again, and of several that
 * are, the first goes alone. So whatever is lost and repeated, the log has the batches in the order of `send`.
 *
 * When a batch was given up whose fate is not known, or was refused while others followed, the sequence has a hole that the
 * broker will not pass. Then, once nothing is under way, what is left begins anew at 0 under a new epoch (KIP-360).
 */
import type { TopicPartition } from '../../../model/index.js'
import { batch as batchFields } from '../../../protocol/index.js'
import type { PendingBatch } from './pending-batch.js'

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** As many as a broker remembers of a producer. */
const UNFINISHED_MAX = 5

export class PartitionQueue implements TopicPartition {
  readonly waiting: PendingBatch[] = []
  readonly unfinished: PendingBatch[] = []
  onWire = 0
  /** Under which the sequences here count. */
  identity: ProducerIdentity | undefined
  nextSequence = 0
  needsNewEpoch = false

  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly idempotent: boolean,
  ) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.unfinished.length === 0
  }

  /** What may be sent now. */
  next(nowMs: number): PendingBatch | undefined {
    if (this.needsNewEpoch) return undefined
    for (const batch of this.unfinished) {
      if (batch.isOnWire) continue
      return batch === this.unfinished[0] && batch.notBeforeMs <= nowMs ? batch : undefined
    }
    // without sequences, only one at a time keeps order
    if (this.unfinished.length >= (this.idempotent ? UNFINISHED_MAX : 1)) return undefined
    return this.waiting[0]
  }

  /** When `next` may give something that it does not give now for its back-off; Infinity: time changes nothing. */
  get nextAtMs(): number {
    const [first] = this.unfinished
    return first && !first.isOnWire && !this.needsNewEpoch ? first.notBeforeMs : Infinity
  }

  /** The place in the sequence for a batch that is sent for the first time. */
  takeSequence(count: number): number {
    const sequence = this.nextSequence
    this.nextSequence = batchFields.addToSequence(sequence, count)
    return sequence
  }

  sent(batch: PendingBatch): void {
    if (batch === this.waiting[0]) {
      this.waiting.shift()
      this.unfinished.push(batch)
    }
    batch.isOnWire = true
    batch.attempts++
    this.onWire++
  }

  answered(batch: PendingBatch): void {
    batch.isOnWire = false
    this.onWire--
  }

  remove(batch: PendingBatch): void {
    const list = this.unfinished.includes(batch) ? this.unfinished : this.waiting
    const at = list.indexOf(batch)
    if (at >= 0) list.splice(at, 1)
  }

  /** Takes out a batch that is not in the log, or may not be. */
  removeFailed(batch: PendingBatch, certainlyNotWritten: boolean): void {
    const isLast = batch === this.unfinished.at(-1)
    const hadSequence = batch.sequence >= 0
    this.remove(batch)
    if (!hadSequence || !this.idempotent) return
    if (isLast && certainlyNotWritten && batch.attempts === 1) this.nextSequence = batch.sequence
    else this.needsNewEpoch = true
  }

  /** What is left begins at 0 under this identity. */
  restart(identity: ProducerIdentity): void {
    this.identity = identity
    this.needsNewEpoch = false
    this.nextSequence = 0
    const [first] = this.waiting
    for (const batch of first?.bytes ? [...this.unfinished, first] : this.unfinished) {
      batch.renumber(identity.producerId, identity.producerEpoch, this.takeSequence(batch.recordsCount))
    }
  }
}
