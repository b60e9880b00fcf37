/** Moving a listener's positions: the words of Spring's `ConsumerSeekAware`. */
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'

/**
 * Where to: an offset, 0 or more, or what is computed from the current one (the next to be handled). A function that throws,
 * or gives no such offset, is an error log line, and nothing moves.
 */
export type SeekTo = number | ((current: number) => number)

/**
 * Moves partitions that are assigned; others are passed over with a warning. The record (or batch) in hand is finished and
 * committed first, nothing fetched before is delivered after. Nothing is committed by seeking itself. What is no whole
 * number is refused: a KafkaError of kind `config`.
 */
export interface ConsumerSeekCallback {
  /** To an offset. */
  seek(topic: string, partition: number, offset: SeekTo): void
  /** Of these, or of all that are assigned. */
  seekToBeginning(partitions?: readonly TopicPartition[]): void
  seekToEnd(partitions?: readonly TopicPartition[]): void
  /** `toCurrent`: from the current position; else negative from the end, positive from the beginning. */
  seekRelative(topic: string, partition: number, offset: number, toCurrent: boolean): void
  /** To the first record that is as late; where there is none, nothing moves. */
  seekToTimestamp(timestampMs: number, partitions?: readonly TopicPartition[]): void
}

/** A callback of one of a listener's consumers. */
export interface ConsumerCallback extends ConsumerSeekCallback {
  readonly listenerId: string
  readonly groupId: string
}

/** What hears of a listener's partitions and may move them, by the option `seekAware`. Awaited where it gives a promise. */
export interface ConsumerSeekAware {
  /** Before a consumer starts; one for each of `concurrency`. */
  registerSeekCallback?(callback: ConsumerCallback): void
  /** The consumer has stopped. */
  unregisterSeekCallback?(callback: ConsumerCallback): void
  /** Before the first record of these, with the offsets where they are to begin; seeks take effect at once. */
  onPartitionsAssigned?(
    partitions: readonly (TopicPartition & { readonly offset: number })[],
    callback: ConsumerCallback,
  ): void | Promise<void>
  /** They are no longer this consumer's. */
  onPartitionsRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>
  /** With `idleEventIntervalMs`. */
  onIdleContainer?(partitions: readonly TopicPartition[], callback: ConsumerCallback): void
}

/** Keeps who has which partition now, so that they can be moved from anywhere. */
export abstract class AbstractConsumerSeekAware implements ConsumerSeekAware {
  private readonly callbacks = new Map<string, { readonly tp: TopicPartition; readonly callback: ConsumerCallback }>()

  onPartitionsAssigned(
    partitions: readonly (TopicPartition & { readonly offset: number })[],
    callback: ConsumerCallback,
  ): void | Promise<void> {
    for (const { topic, partition } of partitions) {
      this.callbacks.set(topicPartitionName({ topic, partition }), { tp: { topic, partition }, callback })
    }
  }

  onPartitionsRevoked(partitions: readonly TopicPartition[]): void | Promise<void> {
    for (const tp of partitions) this.callbacks.delete(topicPartitionName(tp))
  }

  /** undefined: no consumer of the listener has it now. */
  seekCallbackFor(tp: TopicPartition): ConsumerCallback | undefined {
    return this.callbacks.get(topicPartitionName(tp))?.callback
  }

  seekToBeginning(): void {
    for (const { tp, callback } of this.callbacks.values()) callback.seekToBeginning([tp])
  }

  seekToEnd(): void {
    for (const { tp, callback } of this.callbacks.values()) callback.seekToEnd([tp])
  }

  seekToTimestamp(timestampMs: number): void {
    for (const { tp, callback } of this.callbacks.values()) callback.seekToTimestamp(timestampMs, [tp])
  }
}

/** What contexts have, to move their own partition: it goes on there once the handler has returned. */
export interface Seeking extends TopicPartition {
  /** All of this consumer's partitions. */
  readonly consumer: ConsumerSeekCallback
  seek(offset: SeekTo): void
  seekToBeginning(): void
  seekToEnd(): void
  /** `offset` records on (or back) from the record in hand, `toCurrent`, or else from the end (or the beginning). */
  seekRelative(offset: number, toCurrent: boolean): void
  /** The first record of that time or later; else the end. Milliseconds since the epoch. */
  seekToTimestamp(timestampMs: number): void
}
