/**
 * Sockets and timers get their turn while handlers are busy: after so much work, not after each delivery, so that records
 * are done with while they are young.
 */
import type { Clock } from '../../base/clock.js'
import { nextTurn } from '../../base/turn.js'

const WORK_MS = 2
const DELIVERIES_MAX = 16

export class TurnTaking {
  private sinceMs = 0
  private deliveries = 0

  constructor(private readonly clock: Clock) {}

  /** After a delivery. */
  pass(): Promise<void> | undefined {
    const nowMs = this.clock.monotonic()
    this.deliveries++
    if (nowMs - this.sinceMs < WORK_MS && this.deliveries < DELIVERIES_MAX) return undefined
    return nextTurn().then(() => {
      this.sinceMs = this.clock.monotonic()
      this.deliveries = 0
    })
  }
}
