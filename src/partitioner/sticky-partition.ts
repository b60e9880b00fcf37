/**
 * Which partition records without a place of their own stick to: the producer's built-in uniform sticky partitioner as in
 * Java's `BuiltInPartitioner` (KIP-794). One for each topic of a producer.
 *
 * It stays on a partition for about a batch's bytes and moves on when no batch there is half filled (or at twice the bytes
 * at the latest), so that batches are full and all partitions get the same. When queues are of unequal length, shorter
 * ones are more likely to be next.
 */
import type { Random } from '../base/random.js'

export class StickyPartition {
  private current = -1
  private producedBytes = 0

  constructor(
    private readonly random: Random,
    private readonly batchSizeBytes: number,
  ) {}

  /** `queueSizes`: batches waiting in each partition; asked for only when a choice is made. */
  choose(partitions: number, queueSizes: () => readonly number[]): number {
    if (this.current < 0 || this.current >= partitions) this.move(partitions, queueSizes())
    return this.current
  }

  /** Accounts for a record appended to the current partition. `batchesFull`: no batch there can take more. */
  appended(bytes: number, batchesFull: boolean): void {
    this.producedBytes += bytes
    const enough = this.producedBytes >= this.batchSizeBytes && batchesFull
    if (enough || this.producedBytes >= this.batchSizeBytes * 2) this.current = -1
  }

  private move(partitions: number, queueSizes: readonly number[]): void {
    this.current = choosePartition(partitions, queueSizes, this.random.below(0x8000_0000))
    this.producedBytes = 0
  }
}

/** `draw` is uniform in [0, 2^31). Equal queues: uniform. Else each partition weighs (longest + 1 - its own length). */
export function choosePartition(partitions: number, queueSizes: readonly number[], draw: number): number {
  const longest = Math.max(0, ...queueSizes)
  if (queueSizes.length !== partitions || queueSizes.every((size) => size === longest)) return draw % partitions
  let total = 0
  for (const size of queueSizes) total += longest + 1 - size
  let left = draw % total
  for (let partition = 0; partition < partitions; partition++) {
    left -= longest + 1 - queueSizes[partition]!
    if (left < 0) return partition
  }
  return partitions - 1
}
