/** A log's segments in order of their base offsets; the last one is active, the only one that grows. There always is one. */
import { assert } from '../../base/assert.js'
import type { Segment } from './segment.js'

export class Segments {
  constructor(private readonly sorted: Segment[]) {
    assert(sorted.length > 0, 'a log has a segment')
  }

  get active(): Segment {
    return this.sorted.at(-1)!
  }

  get first(): Segment {
    return this.sorted[0]!
  }

  get count(): number {
    return this.sorted.length
  }

  all(): readonly Segment[] {
    return this.sorted
  }

  /** Where the segment at `index` ends: the base of the next one; undefined for the active one. */
  endOf(index: number): number | undefined {
    return this.sorted[index + 1]?.baseOffset
  }

  /** Index of the segment that an offset belongs to: the last one that begins at or before it. */
  indexOf(offset: number): number {
    let low = 0
    let high = this.sorted.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.sorted[middle]!.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  at(index: number): Segment | undefined {
    return this.sorted[index]
  }

  push(segment: Segment): void {
    assert(segment.baseOffset > this.active.baseOffset, 'segments are added at the end')
    this.sorted.push(segment)
  }

  /** Takes out the oldest `count`; the active one stays. */
  shift(count: number): Segment[] {
    assert(count < this.sorted.length, 'the active segment stays')
    return this.sorted.splice(0, count)
  }

  /** Puts one segment in the place of some that follow one another. */
  replace(index: number, count: number, by: readonly Segment[]): Segment[] {
    return this.sorted.splice(index, count, ...by)
  }
}
