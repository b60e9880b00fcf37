/** Finds handlers that hang: each has `timeoutMs` from when it began. One timer for all, as all have the same time. */
import type { Clock, Timer } from '../../base/clock.js'

export class HandlerWatchdog {
  /** In order of their beginnings, so the first is due first. */
  private readonly atWork = new Map<() => void, number>()
  private timer: Timer | undefined

  /** `timeoutMs` 0: handlers may take for ever. */
  constructor(
    private readonly clock: Clock,
    readonly timeoutMs: number,
  ) {}

  /** `onTimeout` is called once unless `leave` comes first. */
  enter(onTimeout: () => void): void {
    if (this.timeoutMs === 0) return
    this.atWork.set(onTimeout, this.clock.monotonic() + this.timeoutMs)
    this.timer ??= this.clock.after(this.timeoutMs, () => this.check())
  }

  leave(onTimeout: () => void): void {
    this.atWork.delete(onTimeout)
  }

  close(): void {
    this.timer?.cancel()
    this.timer = undefined
    this.atWork.clear()
  }

  private check(): void {
    this.timer = undefined
    const nowMs = this.clock.monotonic()
    for (const [onTimeout, dueMs] of this.atWork) {
      if (dueMs > nowMs) {
        this.timer = this.clock.after(dueMs - nowMs, () => this.check())
        return
      }
      this.atWork.delete(onTimeout)
      onTimeout()
    }
  }
}
