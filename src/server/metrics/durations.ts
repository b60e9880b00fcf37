/**
 * How long things took: a count and buckets that grow by a fourth of a power of two, so that a percentile is right within
 * a fifth, at the cost of one array element per record.
 */
const BUCKETS = 120
/** Upper bound of the first bucket, in milliseconds. */
const LEAST_MS = 0.01
const PER_DOUBLING = 4

export class Durations {
  private readonly buckets = new Float64Array(BUCKETS)
  count = 0
  sumMs = 0

  record(ms: number): void {
    this.count++
    this.sumMs += ms
    const index = ms <= LEAST_MS ? 0 : Math.ceil(Math.log2(ms / LEAST_MS) * PER_DOUBLING)
    this.buckets[Math.min(index, BUCKETS - 1)]!++
  }

  /** Upper bound of the bucket that holds the quantile; 0 when nothing was recorded. */
  quantileMs(quantile: number): number {
    let left = Math.ceil(this.count * quantile)
    if (left === 0) return 0
    for (let i = 0; i < BUCKETS; i++) {
      left -= this.buckets[i]!
      if (left <= 0) return LEAST_MS * 2 ** (i / PER_DOUBLING)
    }
    return LEAST_MS * 2 ** ((BUCKETS - 1) / PER_DOUBLING)
  }
}
