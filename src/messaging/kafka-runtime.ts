/**
 * The one object that an application holds for a cluster: its template, its listeners, their life. `kafka(config)` makes it;
 * the adapters for NestJS and inversify wire the same object.
 */
import type { ConsumerRecord, Serde, Topic } from '../model/index.js'
import type { KafkaAdmin } from './admin/kafka-admin.js'
import type { Resolvable } from './config/env.js'
import type { Delivered } from './decorators/method-handler.js'
import type { KafkaEventName, KafkaEvents } from './events.js'
import type {
  BatchHandler,
  NamedSource,
  RecordHandler,
  SourceKey,
  SourceValue,
  TypedSource,
} from './listener/handlers.js'
import type { KafkaListenerEndpointRegistry } from './listener/endpoint-registry.js'
import type { TopicsOf } from './listener/listener-declaration.js'
import type {
  AnyListenerOptions,
  BatchListenerOptions,
  ManualListenerOptions,
  RecordListenerOptions,
} from './listener/listener-options.js'
import type { ContainerState, MessageListenerContainer, StopReason } from './listener/message-listener-container.js'
import type { KafkaTemplate } from './template/kafka-template.js'

/** Where a runtime is in its life: a stopped one may start again. */
export type RuntimeState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped'

/** A listener in the form that adapters add it: what a decorator declared, and what to call. */
export interface ListenerEndpoint {
  readonly topics: Resolvable<TopicsOf<TypedSource>>
  readonly options: AnyListenerOptions
  readonly handler: Delivered
  /** For messages and the default id: `Billing.bill`. */
  readonly source: string
}

/** How one listener is, as its container knows it; nothing is asked of the broker. */
export interface ListenerHealth {
  readonly id: string
  readonly state: ContainerState
  /** Runs, or need not. */
  readonly ok: boolean
  /** Of all its consumers. */
  readonly assignedPartitions: number
  readonly stopReason?: StopReason | undefined
  /** What made it stop, or keeps it from running. */
  readonly error?: string | undefined
}

/** How a cluster's listeners are. */
export interface KafkaHealth {
  /** Every listener that should run does, or is on its way. One that you stopped yourself need not. */
  readonly ok: boolean
  readonly state: RuntimeState
  readonly listeners: readonly ListenerHealth[]
}

/**
 * A cluster in an application: template, listeners, their life. Made by `kafka(config)`, or by a container's module.
 */
export interface KafkaRuntime extends AsyncDisposable {
  readonly name: string
  readonly state: RuntimeState
  /** The default template. */
  readonly template: KafkaTemplate
  readonly registry: KafkaListenerEndpointRegistry
  readonly admin: KafkaAdmin

  /** One of the configuration's `templates`; a KafkaError of kind `config` when there is none of that name. */
  templateNamed(name: string): KafkaTemplate

  /** Adds topics to those that are created at start; when already running, `admin.createOrModifyTopics` does it. */
  declareTopics(...topics: readonly Topic<unknown, unknown>[]): void

  /** Every listener gets a container of its own. When the runtime already runs, it is started at once. */
  listen<S extends TypedSource>(
    topics: S | readonly S[],
    options: BatchListenerOptions<SourceKey<S>, SourceValue<S>>,
    handler: BatchHandler<SourceKey<S>, SourceValue<S>>,
  ): MessageListenerContainer
  listen<S extends TypedSource>(
    topics: S | readonly S[],
    options: RecordListenerOptions<SourceKey<S>, SourceValue<S>>,
    handler: RecordHandler<SourceKey<S>, SourceValue<S>>,
  ): MessageListenerContainer
  /** Topics by name: `value` (and `key`) say how they are read. */
  listen<V = string, K = string>(
    topics: string | RegExp | readonly string[],
    options: BatchListenerOptions<K, V> & { value?: Serde<V> | undefined; key?: Serde<K> | undefined },
    handler: (records: ConsumerRecord<K, V>[], ctx: Parameters<BatchHandler<K, V>>[1]) => unknown,
  ): MessageListenerContainer
  listen<V = string, K = string>(
    topics: string | RegExp | readonly string[],
    options: RecordListenerOptions<K, V> & { value?: Serde<V> | undefined; key?: Serde<K> | undefined },
    handler: RecordHandler<K, V>,
  ): MessageListenerContainer

  /** Partitions given by hand: `topicPartitions` say what is listened to. */
  listen<S extends NamedSource>(
    options: BatchListenerOptions<SourceKey<S>, SourceValue<S>> & ManualListenerOptions<S>,
    handler: BatchHandler<SourceKey<S>, SourceValue<S>>,
  ): MessageListenerContainer
  listen<S extends NamedSource>(
    options: RecordListenerOptions<SourceKey<S>, SourceValue<S>> & ManualListenerOptions<S>,
    handler: RecordHandler<SourceKey<S>, SourceValue<S>>,
  ): MessageListenerContainer
  listen<V = string, K = string>(
    options: RecordListenerOptions<K, V> & ManualListenerOptions<string> & { value?: Serde<V>; key?: Serde<K> },
    handler: RecordHandler<K, V>,
  ): MessageListenerContainer

  /** For adapters: as `listen`, untyped. */
  addListener(endpoint: ListenerEndpoint): MessageListenerContainer

  /**
   * What `start` does before listeners run: checks them, and creates declared topics. For applications whose parts send
   * before listeners are to start; `start` does it when it has not been done. When running: for what came since.
   */
  prepare(): Promise<void>
  /**
   * Creates declared topics, then starts every listener whose `autoStartup` is not false.
   * Rejects with one KafkaError of kind `config` that lists all that is wrong with listeners and references.
   */
  start(): Promise<void>
  /**
   * Stops listeners (handlers at work are waited for, at most `timeoutMs`, default each one's `shutdownTimeoutMs`), then
   * flushes and closes templates. Never rejects for what went wrong on the way: that is logged.
   */
  stop(timeoutMs?: number): Promise<void>

  /** Asks nothing of the broker. */
  health(): KafkaHealth
  /** Gives a function that ends the subscription. */
  on<N extends KafkaEventName>(name: N, listener: (event: KafkaEvents[N]) => void): () => void
}
