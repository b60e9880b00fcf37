/**
 * What manual acknowledgements allow to be committed. Always: the position never passes a record that was handed to the
 * handler and is not acknowledged (or, without async acks, one that a later acknowledgement did not cover); gaps between
 * offsets (transaction markers, compaction) are not records and never hold it up.
 */
export interface AckWatermark {
  /** The next offset to commit; undefined: nothing is acknowledged yet. */
  readonly position: number | undefined
  /** Handed over and not yet acknowledged; 0 where that is not counted. */
  readonly outstanding: number
  /** A record is handed to the handler. */
  handed(offset: number): void
  /** The handler acknowledged it. */
  ack(offset: number): void
  /** The container is done with it by itself: skipped, recovered. */
  settle(offset: number): void
  /** A delivery ended with all its records handed over: nothing more is to be seen before `position`. */
  reached(position: number): void
}

/** Acknowledgements come in order and count for all before them, Spring's `Acknowledgment` without async acks. */
export class CumulativeAcks implements AckWatermark {
  readonly outstanding = 0
  position: number | undefined
  private lastHanded = -1
  /** No record before it waits to be acknowledged. */
  private waitingFrom: number | undefined

  handed(offset: number): void {
    this.lastHanded = Math.max(this.lastHanded, offset)
    this.waitingFrom ??= offset
  }

  ack(offset: number): void {
    if (this.position !== undefined && offset < this.position) return
    this.position = offset + 1
    this.waitingFrom = offset >= this.lastHanded ? undefined : offset + 1
  }

  settle(offset: number): void {
    if (this.waitingFrom === undefined || this.waitingFrom >= offset) this.ack(offset)
  }

  reached(position: number): void {
    if (this.waitingFrom === undefined) this.position = position
  }
}

/** Acknowledgements come in any order, each for its own record. */
export class AsyncAcks implements AckWatermark {
  position: number | undefined
  /** Handed over and not yet passed, ascending; `from` is the first that counts. */
  private offsets: number[] = []
  private from = 0
  private readonly acked = new Set<number>()
  private reachedPosition: number | undefined

  get outstanding(): number {
    return this.offsets.length - this.from - this.acked.size
  }

  handed(offset: number): void {
    // a record handed over again, after a retry, waits already
    if (this.offsets.length > this.from && offset <= this.offsets.at(-1)!) return
    this.offsets.push(offset)
    this.reachedPosition = undefined
  }

  ack(offset: number): void {
    if (!this.isWaiting(offset)) return
    this.acked.add(offset)
    this.advance()
  }

  settle(offset: number): void {
    this.ack(offset)
  }

  reached(position: number): void {
    this.reachedPosition = position
    this.advance()
  }

  private isWaiting(offset: number): boolean {
    let low = this.from
    let high = this.offsets.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.offsets[middle]! < offset) low = middle + 1
      else high = middle
    }
    return this.offsets[low] === offset
  }

  private advance(): void {
    while (this.from < this.offsets.length && this.acked.delete(this.offsets[this.from]!)) {
      this.position = this.offsets[this.from]! + 1
      this.from++
    }
    if (this.from === this.offsets.length) {
      this.offsets = []
      this.from = 0
      this.position = this.reachedPosition ?? this.position
    } else if (this.from > 1_000) {
      this.offsets = this.offsets.slice(this.from)
      this.from = 0
    }
  }
}
