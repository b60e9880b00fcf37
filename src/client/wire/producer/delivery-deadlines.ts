/** Tells when a batch's `delivery.timeout.ms` is over. All have the same time, so the order of `send` is that of deadlines. */
import type { Clock } from '../../../base/clock.js'
import { Alarm } from '../alarm.js'
import type { PendingBatch } from './pending-batch.js'

export class DeliveryDeadlines {
  private readonly batches: PendingBatch[] = []
  private readonly alarm: Alarm

  constructor(
    private readonly clock: Clock,
    /** Called once for each batch that has no result by its deadline. */
    private readonly late: (batch: PendingBatch) => void,
  ) {
    this.alarm = new Alarm(clock, () => this.expire())
  }

  watch(batch: PendingBatch): void {
    this.batches.push(batch)
    if (this.batches.length === 1) this.alarm.at(batch.deadlineMs)
    // what has a result is let go of, so that a long time-out does not hold it in memory
    else while (this.batches[0]!.isSettled) this.batches.shift()
  }

  stop(): void {
    this.alarm.cancel()
    this.batches.length = 0
  }

  private expire(): void {
    const nowMs = this.clock.monotonic()
    for (;;) {
      const [first] = this.batches
      if (first === undefined) return
      if (!first.isSettled && first.deadlineMs > nowMs) return this.alarm.at(first.deadlineMs)
      this.batches.shift()
      if (!first.isSettled) this.late(first)
    }
  }
}
