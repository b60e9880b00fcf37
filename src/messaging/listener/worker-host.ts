/** What a partition's worker has of its consumer, and what it runs. */
import type { Log } from '../../base/log.js'
import type { TopicPartition } from '../../model/index.js'
import type { AckSchedule } from './ack-schedule.js'
import type { ConsumerSeekCallback } from './consumer-seek-aware.js'
import type { HandlerWatchdog } from './handler-watchdog.js'
import type { Counts, ListenerSettings } from './listener-settings.js'
import type { StopReason } from './message-listener-container.js'
import type { OffsetCommitter } from './offset-committer.js'
import type { Delivery } from './record-queue.js'
import type { TurnTaking } from './turn-taking.js'

/** Hands a delivery's records to the handler. */
export interface DeliveryRunner {
  /** true: all records are done with. false: the worker ends, and those from the position on come again elsewhere. */
  run(delivery: Delivery): boolean | Promise<boolean>
}

/** What a worker has of its consumer. */
export interface WorkerHost {
  readonly listener: ListenerSettings
  readonly log: Log
  readonly counts: Counts
  readonly committer: OffsetCommitter
  readonly schedule: AckSchedule | undefined
  readonly watchdog: HandlerWatchdog
  readonly turn: TurnTaking
  after(delayMs: number, task: () => void): { cancel(): void }
  pauseFetching(tp: TopicPartition): void
  resumeFetching(tp: TopicPartition): void
  isPaused(tp: TopicPartition): boolean
  /** An error handler asked for it. */
  stopContainer(error: unknown, reason?: StopReason): void
  timedOut(tp: TopicPartition, offset: number): void
  /** A delivery came to its end. */
  workEnded(): void
  /** The next fetch begins there. */
  seek(tp: TopicPartition, to: number | 'earliest'): void
  readonly seekRequests: ConsumerSeekCallback
}
