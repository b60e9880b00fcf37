/**
 * Producers that are about to write to a partition in a transaction that is not open there yet: their coordinator is being
 * asked whether the partition is part of it (KIP-890). A verification ends when the transaction begins here, and when one
 * ends here: an answer that comes after an end marker opens nothing.
 *
 * It also keeps the order of what is on its way: nothing goes before the lowest sequence that was asked for.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { AppendError, type FirstWrite, type Verification } from '../replica/partitions.js'

interface Pending extends Verification {
  producerEpoch: number
  lowestSequence: number
  /** The producer gets a new epoch, and with it sequence 0, with each transaction. */
  readonly bumpsEpoch: boolean
  readonly beganMs: number
}

export class Verifications {
  private readonly pending = new Map<number, Pending>()

  begin({ producerId, producerEpoch, baseSequence, bumpsEpoch }: FirstWrite, nowMs: number): Verification {
    const known = this.pending.get(producerId)
    if (known === undefined) {
      const fresh = { producerEpoch, lowestSequence: baseSequence, bumpsEpoch, beganMs: nowMs }
      this.pending.set(producerId, fresh)
      return fresh
    }
    const isNewEpoch = producerEpoch > known.producerEpoch
    if (isNewEpoch || (producerEpoch === known.producerEpoch && baseSequence < known.lowestSequence)) {
      known.producerEpoch = producerEpoch
      known.lowestSequence = baseSequence
    }
    return known
  }

  of(producerId: number): Verification | undefined {
    return this.pending.get(producerId)
  }

  /**
   * `hasBatches`: the partition remembers batches of the producer, after which the sequences go on.
   *
   * @throws AppendError OUT_OF_ORDER_SEQUENCE_NUMBER
   */
  checkSequence(producerId: number, baseSequence: number, hasBatches: boolean): void {
    const known = this.pending.get(producerId)
    if (known === undefined) return
    const due = known.bumpsEpoch && !hasBatches ? 0 : known.lowestSequence
    if (baseSequence <= due) return
    throw new AppendError(
      ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
      `producer ${producerId} begins its transaction here with sequence ${baseSequence}, but ${due} is due`,
    )
  }

  end(producerId: number): void {
    this.pending.delete(producerId)
  }

  expire(nowMs: number, expirationMs: number): void {
    for (const [id, { beganMs }] of this.pending) if (nowMs - beganMs >= expirationMs) this.pending.delete(id)
  }
}
