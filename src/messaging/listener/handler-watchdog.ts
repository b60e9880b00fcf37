/**
 * Finds handlers that hang: each has `timeoutMs` from when it began. One timer for all partitions of a consumer; beginning
 * and ending cost no more than noting the time.
 */
import type { Clock, Timer } from '../../base/clock.js'

/** One that runs at most one handler at a time. */
export interface Watched {
  /** When its handler began, by the clock's monotonic time; undefined when none is at work. */
  handlerSinceMs: number | undefined
  onHandlerTimeout(): void
}

export class HandlerWatchdog {
  private readonly watched = new Set<Watched>()
  private timer: Timer | undefined

  /** `timeoutMs` 0: handlers may take for ever. */
  constructor(
    private readonly clock: Clock,
    readonly timeoutMs: number,
  ) {}

  watch(watched: Watched): void {
    this.watched.add(watched)
  }

  unwatch(watched: Watched): void {
    this.watched.delete(watched)
  }

  /** Its handler begins. */
  begin(watched: Watched): void {
    if (this.timeoutMs === 0) return
    watched.handlerSinceMs = this.clock.monotonic()
    this.timer ??= this.clock.after(this.timeoutMs, () => this.check())
  }

  close(): void {
    this.timer?.cancel()
    this.timer = undefined
    this.watched.clear()
  }

  private check(): void {
    this.timer = undefined
    const nowMs = this.clock.monotonic()
    let nextMs = Infinity
    for (const watched of this.watched) {
      if (watched.handlerSinceMs === undefined) continue
      const dueMs = watched.handlerSinceMs + this.timeoutMs
      if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs)
      else watched.onHandlerTimeout()
    }
    // one that timed out may have begun its next handler, and armed the timer, already
    if (nextMs !== Infinity) this.timer ??= this.clock.after(nextMs - nowMs, () => this.check())
  }
}
