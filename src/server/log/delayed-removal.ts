/**
 * Removes files and folders some time after they were taken out of use (`file.delete.delay.ms`). They bear a name that
 * says so: what is left of them when the broker stops is removed by the next start.
 */
import type { Clock, Timer } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Disk } from '../disk/disk.js'

export class DelayedRemoval {
  private readonly timers = new Set<Timer>()

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  after(delayMs: number, disk: Disk, paths: readonly string[]): void {
    const timer = this.clock.after(delayMs, () => {
      this.timers.delete(timer)
      for (const path of paths) {
        disk.remove(path).catch((error: unknown) => this.log.warn(`can't remove ${path}: ${(error as Error).message}`))
      }
    })
    this.timers.add(timer)
  }

  /** Removes nothing any more. */
  stop(): void {
    for (const timer of this.timers) timer.cancel()
    this.timers.clear()
  }
}
