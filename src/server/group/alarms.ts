/**
 * Wakes things, by name, when the earliest of their deadlines is due. A deadline that moves away, as a session does with
 * every heartbeat, costs nothing: the alarm goes off at the old time, and is set anew for what is then the earliest.
 */
import type { Clock, Timer } from '../../base/clock.js'

export class Alarms {
  private readonly timers = new Map<string, { readonly dueMs: number; readonly timer: Timer }>()

  constructor(
    private readonly clock: Clock,
    private readonly onDue: (name: string) => void,
  ) {}

  /** `dueMs` is on the clock's monotonic time. Infinity: no alarm is needed; one that is set stays. */
  setBy(name: string, dueMs: number): void {
    if (dueMs === Infinity) return
    const set = this.timers.get(name)
    if (set && set.dueMs <= dueMs) return
    set?.timer.cancel()
    const timer = this.clock.after(Math.max(dueMs - this.clock.monotonic(), 0), () => {
      this.timers.delete(name)
      this.onDue(name)
    })
    this.timers.set(name, { dueMs, timer })
  }

  cancel(name: string): void {
    this.timers.get(name)?.timer.cancel()
    this.timers.delete(name)
  }

  cancelAll(): void {
    for (const { timer } of this.timers.values()) timer.cancel()
    this.timers.clear()
  }
}
