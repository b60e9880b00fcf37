/**
 * A clock that can be moved on while it runs: everything that waits for a time within the step is done at once, in order.
 * Built on another clock, by which it goes meanwhile.
 */
import type { Clock, Timer } from '../../base/clock.js'
import { nextTurn } from '../../base/turn.js'

export interface AdjustableClock extends Clock {
  /** Moves time on; resolves when all timers that fell due have run. */
  advance(ms: number): Promise<void>
}

interface Due {
  readonly dueMs: number
  readonly task: () => void
  timer: Timer
}

export function adjustableClock(base: Clock): AdjustableClock {
  let aheadMs = 0
  const waiting = new Set<Due>()
  const monotonic = (): number => base.monotonic() + aheadMs
  const arm = (due: Due): Timer =>
    base.after(Math.max(due.dueMs - monotonic(), 0), () => {
      if (waiting.delete(due)) due.task()
    })

  return {
    now: () => base.now() + aheadMs,
    monotonic,
    after(delayMs, task) {
      const due: Due = { dueMs: monotonic() + Math.max(delayMs, 0), task, timer: { cancel() {} } }
      waiting.add(due)
      due.timer = arm(due)
      return {
        cancel() {
          waiting.delete(due)
          due.timer.cancel()
        },
      }
    },
    async advance(ms) {
      const untilMs = monotonic() + ms
      for (;;) {
        const next = earliest(waiting, untilMs)
        if (!next) break
        aheadMs += Math.max(next.dueMs - monotonic(), 0)
        waiting.delete(next)
        next.timer.cancel()
        next.task()
        await nextTurn()
      }
      aheadMs += Math.max(untilMs - monotonic(), 0)
      for (const due of waiting) {
        due.timer.cancel()
        due.timer = arm(due)
      }
    },
  }
}

function earliest(waiting: ReadonlySet<Due>, untilMs: number): Due | undefined {
  let found: Due | undefined
  for (const due of waiting) if (due.dueMs <= untilMs && (!found || due.dueMs < found.dueMs)) found = due
  return found
}
