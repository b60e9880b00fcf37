/** Waits between attempts as Java's clients have them: doubling, with jitter of a fifth. */
import type { Random } from '../base/random.js'

export interface BackOff {
  /** How long to wait before the next attempt. */
  next(): number
  reset(): void
}

export function backOff(initialMs: number, maxMs: number, random: Random): BackOff {
  let attempts = 0
  return {
    next() {
      const plainMs = Math.min(initialMs * 2 ** attempts++, maxMs)
      return Math.round(plainMs * (0.8 + 0.4 * random.next()))
    },
    reset() {
      attempts = 0
    },
  }
}
