/**
 * Sockets and timers get their turn while handlers are busy: after so much work, not after each delivery, so that records
 * are done with while they are young.
 */
import type { Clock } from '../../base/clock.js'
import { nextTurn } from '../../base/turn.js'

const WORK_MS = 3
const DELIVERIES_MAX = 32

export class TurnTaking {
  private sinceMs = -Infinity
  private deliveries = 0
  /** The turn that some wait for; until then nobody begins anew. */
  private next: Promise<void> | undefined

  constructor(private readonly clock: Clock) {}

  /** Before the first of some deliveries: work of long ago does not count. */
  begin(): void {
    if (this.next === undefined && this.clock.monotonic() - this.sinceMs >= WORK_MS) this.restart()
  }

  /** After a delivery that others follow. */
  pass(): Promise<void> | undefined {
    this.deliveries++
    if (this.next === undefined) {
      if (this.clock.monotonic() - this.sinceMs < WORK_MS && this.deliveries < DELIVERIES_MAX) return undefined
      this.next = nextTurn().then(() => this.restart())
    }
    return this.next
  }

  private restart(): void {
    this.next = undefined
    this.sinceMs = this.clock.monotonic()
    this.deliveries = 0
  }
}
