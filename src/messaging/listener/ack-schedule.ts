/** When a consumer's progress is committed in the modes TIME, COUNT and COUNT_TIME: over all of its partitions, as Spring does. */
import type { Clock, Timer } from '../../base/clock.js'
import { isScheduled } from './ack-mode.js'
import type { ListenerSettings } from './listener-settings.js'

export class AckSchedule {
  private count = 0
  private lastMs: number
  private timer: Timer | undefined

  constructor(
    private readonly clock: Clock,
    /** Infinity: the count does not matter. */
    private readonly ackCount: number,
    /** Infinity: the time does not matter. */
    private readonly ackTimeMs: number,
    private readonly commitAll: () => Promise<void>,
  ) {
    this.lastMs = clock.monotonic()
  }

  /** After each record, or batch of records, that is done; gives the commit when one is due. */
  recordsDone(records: number): Promise<void> | undefined {
    this.count += records
    const waitedMs = this.ackTimeMs === Infinity ? 0 : this.clock.monotonic() - this.lastMs
    if (this.count >= this.ackCount || waitedMs >= this.ackTimeMs) return this.commit()
    if (this.ackTimeMs !== Infinity)
      this.timer ??= this.clock.after(this.ackTimeMs - waitedMs, () => void this.commit())
    return undefined
  }

  /** Nothing waits any more: what is left of a count is not kept back. */
  idle(): Promise<void> | undefined {
    return this.ackCount !== Infinity && this.count > 0 ? this.commit() : undefined
  }

  close(): void {
    this.timer?.cancel()
  }

  private commit(): Promise<void> {
    this.timer?.cancel()
    this.timer = undefined
    this.count = 0
    this.lastMs = this.clock.monotonic()
    return this.commitAll()
  }
}

/** undefined: the mode does not commit by count or time. */
export function ackScheduleOf(
  { ackMode, ackCount, ackTimeMs }: Pick<ListenerSettings, 'ackMode' | 'ackCount' | 'ackTimeMs'>,
  clock: Clock,
  commitAll: () => Promise<void>,
): AckSchedule | undefined {
  if (!isScheduled(ackMode)) return undefined
  return new AckSchedule(
    clock,
    ackMode === 'TIME' ? Infinity : ackCount,
    ackMode === 'COUNT' ? Infinity : ackTimeMs,
    commitAll,
  )
}
