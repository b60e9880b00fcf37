/** Tells when nothing comes: for a consumer and for each of its partitions, Spring's idle events. */
import type { Clock, Timer } from '../../base/clock.js'
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'

export interface IdleSettings {
  readonly idleEventIntervalMs: number | undefined
  readonly idlePartitionEventIntervalMs: number | undefined
  readonly idleBeforeDataMultiplier: number
}

export interface IdleEvents {
  idle(idleMs: number): void
  noLongerIdle(idleMs: number): void
  partitionIdle(tp: TopicPartition, idleMs: number): void
  partitionNoLongerIdle(tp: TopicPartition, idleMs: number): void
}

/** One thing that may be idle: since when, and whether that was told. */
class Watched {
  private toldMs: number | undefined
  private hadData = false

  constructor(
    private readonly intervalMs: number,
    private readonly beforeDataMultiplier: number,
    private sinceMs: number,
  ) {}

  /** How long it was idle, when that had been told. */
  data(nowMs: number): number | undefined {
    const idleMs = this.toldMs === undefined ? undefined : nowMs - this.sinceMs
    this.sinceMs = nowMs
    this.toldMs = undefined
    this.hadData = true
    return idleMs
  }

  /** How long it is idle, when that is to be told now. */
  due(nowMs: number): number | undefined {
    const waitMs =
      this.hadData || this.toldMs !== undefined ? this.intervalMs : this.intervalMs * this.beforeDataMultiplier
    if (nowMs - (this.toldMs ?? this.sinceMs) < waitMs) return undefined
    this.toldMs = nowMs
    return nowMs - this.sinceMs
  }
}

export class IdleMonitor {
  private readonly consumer: Watched | undefined
  private readonly partitions = new Map<string, { tp: TopicPartition; watched: Watched }>()
  private readonly checkMs: number
  private timer: Timer | undefined

  constructor(
    private readonly clock: Clock,
    private readonly settings: IdleSettings,
    private readonly events: IdleEvents,
  ) {
    const { idleEventIntervalMs, idlePartitionEventIntervalMs, idleBeforeDataMultiplier } = settings
    if (idleEventIntervalMs !== undefined) {
      this.consumer = new Watched(idleEventIntervalMs, idleBeforeDataMultiplier, clock.monotonic())
    }
    this.checkMs = Math.min(idleEventIntervalMs ?? Infinity, idlePartitionEventIntervalMs ?? Infinity) / 10
    if (this.checkMs !== Infinity) this.arm()
  }

  assigned(partitions: readonly TopicPartition[]): void {
    const { idlePartitionEventIntervalMs: intervalMs, idleBeforeDataMultiplier } = this.settings
    if (intervalMs === undefined) return
    for (const tp of partitions) {
      const watched = new Watched(intervalMs, idleBeforeDataMultiplier, this.clock.monotonic())
      this.partitions.set(topicPartitionName(tp), { tp, watched })
    }
  }

  unassigned(partitions: readonly TopicPartition[]): void {
    for (const tp of partitions) this.partitions.delete(topicPartitionName(tp))
  }

  data(tp: TopicPartition): void {
    if (this.checkMs === Infinity) return
    const nowMs = this.clock.monotonic()
    const idleMs = this.consumer?.data(nowMs)
    if (idleMs !== undefined) this.events.noLongerIdle(idleMs)
    const ownMs = this.partitions.get(topicPartitionName(tp))?.watched.data(nowMs)
    if (ownMs !== undefined) this.events.partitionNoLongerIdle(tp, ownMs)
  }

  close(): void {
    this.timer?.cancel()
  }

  private arm(): void {
    this.timer = this.clock.after(this.checkMs, () => {
      const nowMs = this.clock.monotonic()
      const idleMs = this.consumer?.due(nowMs)
      if (idleMs !== undefined) this.events.idle(idleMs)
      for (const { tp, watched } of this.partitions.values()) {
        const ownMs = watched.due(nowMs)
        if (ownMs !== undefined) this.events.partitionIdle(tp, ownMs)
      }
      this.arm()
    })
  }
}
