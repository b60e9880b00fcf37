/** A listener's container as the application sees it: Spring's `MessageListenerContainer`. */
import type { TopicPartition } from '../../model/index.js'
import type { ConsumerSeekCallback } from './consumer-seek-aware.js'

/** Where a container is in its life: a stopped one may start again. */
export type ContainerState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped'

/** Why a container is stopped. All but NORMAL are worth an alarm: `isInExpectedState` is false. */
export type StopReason = 'NORMAL' | 'ABNORMAL' | 'ERROR' | 'FENCED' | 'AUTH' | 'NO_OFFSET'

/** Counted since the container was made. */
export interface ContainerMetrics {
  /** Records that reached this container. */
  readonly received: number
  /** Records whose handler returned. */
  readonly handled: number
  /** Attempts that failed. */
  readonly failed: number
  /** Attempts after the first. */
  readonly retried: number
  /** Records dealt with by a recoverer, e.g. dead-lettered. */
  readonly recovered: number
  /** Records that were given up and dropped. */
  readonly dropped: number
  /** Records passed over by `discardIf` or an interceptor. */
  readonly discarded: number
  /** Commits that the broker took. */
  readonly commits: number
  readonly commitFailures: number
}

/** How far one of a container's partitions is. */
export interface ContainerPosition extends TopicPartition {
  /** The next offset to be handled; undefined while that is not known. */
  readonly position: number | undefined
  /** The group's offset, as far as this container knows it; undefined: none. */
  readonly committed: number | undefined
  /** So many offsets are to be handled still, as the last fetch told; undefined: none did. */
  readonly lag: number | undefined
}

/** A listener at work, Spring's `MessageListenerContainer`: start, stop, pause, seek, and how it is. */
export interface MessageListenerContainer extends ConsumerSeekCallback {
  /** The registry's name for it. */
  readonly id: string
  /** '' of partitions given by hand without a group. */
  readonly groupId: string
  /** Topic names, or the pattern. */
  readonly topics: readonly string[] | RegExp
  readonly state: ContainerState
  /** Started, or on its way to that. */
  readonly isRunning: boolean
  /** false when it stopped because something went wrong. */
  readonly isInExpectedState: boolean
  /** undefined until it has stopped. */
  readonly stopReason: StopReason | undefined
  /** What made it stop, or keeps it from running. */
  readonly lastError: Error | undefined
  /** Whether the runtime starts it. */
  readonly autoStartup: boolean
  /** Of all its consumers. */
  readonly assignedPartitions: readonly TopicPartition[]
  readonly metrics: ContainerMetrics
  /** Of all assigned partitions. Asks nothing of the broker. */
  positions(): readonly ContainerPosition[]

  /** Resolves when its consumers are connected; see `startup` for a broker that is down. Again: no effect. */
  start(): Promise<void>
  /** Handlers at work are waited for, at most `timeoutMs` (default `shutdownTimeoutMs`); offsets are committed; the group is left. */
  stop(timeoutMs?: number): Promise<void>

  /** No new deliveries until `resume`; membership goes on. Holds across rebalances and restarts. */
  pause(): void
  /** Ends a `pause`. */
  resume(): void
  readonly isPauseRequested: boolean
  /** Asked for, and no handler is at work any more. */
  readonly isPaused: boolean
  /** No new deliveries of this one until `resumePartition`; holds across rebalances. */
  pausePartition(partition: TopicPartition): void
  resumePartition(partition: TopicPartition): void
  isPartitionPauseRequested(partition: TopicPartition): boolean

  /** Resolves when it has at least so many partitions (default 1); rejects with a KafkaError 'timeout' (default 60 s). */
  untilAssigned(partitions?: number, timeoutMs?: number): Promise<void>
}
