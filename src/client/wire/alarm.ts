/** One timer for the earliest of many moments. What rings too early looks again, and sets the next. */
import type { Clock, Timer } from '../../base/clock.js'

export class Alarm {
  private timer: Timer | undefined
  private dueMs = Infinity

  constructor(
    private readonly clock: Clock,
    private readonly ring: () => void,
  ) {}

  /** Rings at this time of `clock.monotonic()`, or earlier when that was asked for before. */
  at(dueMs: number): void {
    if (dueMs >= this.dueMs) return
    this.timer?.cancel()
    this.dueMs = dueMs
    this.timer = this.clock.after(Math.max(dueMs - this.clock.monotonic(), 1), () => {
      this.dueMs = Infinity
      this.ring()
    })
  }

  cancel(): void {
    this.timer?.cancel()
    this.dueMs = Infinity
  }
}
