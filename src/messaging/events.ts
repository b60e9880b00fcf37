/** What containers tell about themselves while they run, Spring's application events of listener containers. */
import type { TopicPartition } from '../model/index.js'
import { isThenable } from './listener/thenable.js'
import type { StopReason } from './listener/message-listener-container.js'

interface OfConsumer {
  readonly listenerId: string
  readonly groupId: string
  /** Which of the listener's `concurrency` consumers, from 0. */
  readonly consumer: number
}

/** By name, what each event tells: `k.on(name, listener)`. Times are in milliseconds. */
export interface KafkaEvents {
  /** Before it connects. */
  consumerStarting: OfConsumer
  /** It is connected; partitions come by `partitionsAssigned`. */
  consumerStarted: OfConsumer
  /** Its first connection could not be made; it is tried again where `startup` says so. */
  consumerFailedToStart: OfConsumer & { readonly error: Error }
  /** Nothing came for `idleMs`. */
  containerIdle: OfConsumer & { readonly idleMs: number; readonly partitions: readonly TopicPartition[] }
  /** Something came after `containerIdle`. */
  containerNoLongerIdle: OfConsumer & { readonly idleMs: number }
  /** Nothing came of this partition for `idleMs`. */
  partitionIdle: OfConsumer & TopicPartition & { readonly idleMs: number }
  /** Something came after `partitionIdle`. */
  partitionNoLongerIdle: OfConsumer & TopicPartition & { readonly idleMs: number }
  /** A pause that was asked for is in effect. */
  consumerPaused: OfConsumer
  consumerResumed: OfConsumer
  partitionPaused: OfConsumer & TopicPartition
  partitionResumed: OfConsumer & TopicPartition
  /** They are about to be handled. */
  partitionsAssigned: OfConsumer & { readonly partitions: readonly TopicPartition[] }
  /** Their work is finished and committed. */
  partitionsRevoked: OfConsumer & { readonly partitions: readonly TopicPartition[] }
  /** They are gone; nothing of them was committed. */
  partitionsLost: OfConsumer & { readonly partitions: readonly TopicPartition[] }
  /** A handler passed its `handlerTimeoutMs`. */
  handlerTimedOut: OfConsumer & TopicPartition & { readonly offset: number }
  /** Lost its connection or membership and goes on trying. */
  consumerRecovering: OfConsumer & { readonly error: Error; readonly retryInMs: number }
  consumerStopping: OfConsumer
  consumerStopped: OfConsumer & { readonly reason: StopReason }
  /** All its consumers have. */
  containerStopped: { readonly listenerId: string; readonly groupId: string; readonly reason: StopReason }
}

/** Names of events. */
export type KafkaEventName = keyof KafkaEvents

export class EventHub {
  private readonly listeners = new Map<KafkaEventName, Set<(event: never) => void>>()

  constructor(private readonly onFailure: (error: unknown, name: KafkaEventName) => void) {}

  /** Gives a function that ends the subscription. */
  on<N extends KafkaEventName>(name: N, listener: (event: KafkaEvents[N]) => void): () => void {
    let set = this.listeners.get(name)
    if (set === undefined) this.listeners.set(name, (set = new Set()))
    set.add(listener)
    return () => void set.delete(listener)
  }

  /** What a listener throws, or rejects with, is logged; it never reaches who emits. */
  emit<N extends KafkaEventName>(name: N, event: KafkaEvents[N]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        const result = (listener as (event: KafkaEvents[N]) => unknown)(event)
        if (isThenable(result)) result.then(undefined, (error: unknown) => this.onFailure(error, name))
      } catch (error) {
        this.onFailure(error, name)
      }
    }
  }
}
