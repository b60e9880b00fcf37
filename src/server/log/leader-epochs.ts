/**
 * Which leader epoch began at which offset (KIP-101). Epochs and start offsets both rise; an epoch that wrote nothing gives
 * way to the next. Kept in `leader-epoch-checkpoint`; what the last one misses is in the batches themselves.
 */
import { formatEpochs, type EpochStart } from './text-checkpoint.js'

export class LeaderEpochs {
  private starts: EpochStart[]
  /** Whether the file is behind. */
  dirty = false

  constructor(starts: readonly EpochStart[] = []) {
    this.starts = [...starts]
  }

  get entries(): readonly EpochStart[] {
    return this.starts
  }

  /** As the file has it. */
  format(): Buffer {
    return formatEpochs(this.starts)
  }

  get latest(): EpochStart | undefined {
    return this.starts.at(-1)
  }

  get earliest(): EpochStart | undefined {
    return this.starts[0]
  }

  assign(epoch: number, startOffset: number): void {
    const last = this.latest
    if (last && last.epoch === epoch && last.startOffset <= startOffset) return
    this.starts = this.starts.filter((entry) => entry.epoch < epoch && entry.startOffset < startOffset)
    this.starts.push({ epoch, startOffset })
    this.dirty = true
  }

  /** The epoch that an offset was written in. */
  epochOf(offset: number): number | undefined {
    return this.starts.findLast((entry) => entry.startOffset <= offset)?.epoch
  }

  /**
   * The last epoch up to the one asked for that wrote something, and the offset at which it ended; undefined when the
   * epoch is newer than all that is known here.
   */
  endOf(epoch: number, logEndOffset: number): { epoch: number; endOffset: number } | undefined {
    const latest = this.latest
    if (latest === undefined || epoch < 0 || epoch > latest.epoch) return undefined
    if (epoch === latest.epoch) return { epoch, endOffset: logEndOffset }
    const next = this.starts.findIndex((entry) => entry.epoch > epoch)
    const found = this.starts[next - 1]
    return { epoch: found?.epoch ?? epoch, endOffset: this.starts[next]!.startOffset }
  }

  /** Forgets epochs that began at or after the end of a log that was cut. */
  truncateEnd(endOffset: number): void {
    if (!this.starts.some((entry) => entry.startOffset >= endOffset)) return
    this.starts = this.starts.filter((entry) => entry.startOffset < endOffset)
    this.dirty = true
  }

  /** Forgets epochs that ended before the log's start; the one under way there begins at the start. */
  truncateStart(startOffset: number): void {
    const current = this.starts.findLastIndex((entry) => entry.startOffset <= startOffset)
    if (current < 0 || this.starts[current]!.startOffset === startOffset) {
      if (current <= 0) return
      this.starts = this.starts.slice(current)
    } else {
      this.starts = [{ epoch: this.starts[current]!.epoch, startOffset }, ...this.starts.slice(current + 1)]
    }
    this.dirty = true
  }
}
