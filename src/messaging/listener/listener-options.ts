/** What may be set for one listener; left out, the configuration's `listener` and `consumer` parts decide. */
import type { ConsumerRecord, Serde } from '../../model/index.js'
import type { Resolvable } from '../config/env.js'
import type { Ref } from '../config/reference.js'
import type { AfterRollbackProcessor } from '../error/after-rollback-processor.js'
import type { CommonErrorHandler } from '../error/error-handler.js'
import type { AckMode } from './ack-mode.js'
import type { ConsumerSeekAware } from './consumer-seek-aware.js'
import type { BatchInterceptor, RecordInterceptor } from './interceptors.js'
import type { ListenerAdvice } from './listener-advice.js'
import type { RebalanceListener } from './rebalance-listener.js'
import type { TopicPartitions } from './topic-partition-offset.js'

/**
 * Where a group without a committed offset begins (`auto.offset.reset`); 'none' stops the container instead.
 * `by_duration:PT1H` is the first record not older than an ISO-8601 duration (KIP-1106), else the end.
 */
export type OffsetReset = 'earliest' | 'latest' | 'none' | `by_duration:${string}`

/** What listener options and the configuration's `listener` part have in common. */
export interface ContainerOptions {
  /** Default BATCH. */
  ackMode?: AckMode | undefined
  /** For COUNT and COUNT_TIME: commit once so many records are done. Default 1. */
  ackCount?: number | undefined
  /** For TIME and COUNT_TIME: commit once so much time has passed. Default 5_000. */
  ackTimeMs?: number | undefined
  /** Acks may come in any order and after the handler returned; what is committed never passes one that is missing. Manual modes only. Default false. */
  asyncAcks?: boolean | undefined
  /**
   * Each partition waits for its commits. Default: in BATCH and MANUAL it does not, the next delivery begins meanwhile, and
   * partitions that are busy all the time commit together, every 10 ms; in the other modes it does.
   */
  syncCommits?: boolean | undefined
  /** How often a commit that failed retriably is tried again. Default 3. */
  commitRetries?: number | undefined
  /** Consumers of this listener, each with its share of the partitions. Default 1. */
  concurrency?: Resolvable<number> | undefined
  /** false: registered, and started by `registry.get(id).start()`. Default true. */
  autoStartup?: Resolvable<boolean> | undefined
  /** Default `new DefaultErrorHandler()`. */
  errorHandler?: Ref<CommonErrorHandler> | undefined
  /**
   * Each record (of a batch listener: each delivery) is handled in a transaction: what the handler sends by the template
   * and the offset are committed together, or not at all. true: by the default template's producers, which need
   * `producer.transactionIdPrefix`; a text: by those of the template of that name. It has no ack mode. Default false.
   */
  transactional?: boolean | string | undefined
  /** Of transactional listeners: decides after a rollback. Default: `errorHandler`, else `new DefaultAfterRollbackProcessor()`. */
  afterRollbackProcessor?: Ref<AfterRollbackProcessor> | undefined
  /** Stop the container when another producer has its transactional id. Default false: it goes on under another id. */
  stopContainerWhenFenced?: boolean | undefined
  /** In manual modes: what `discardIf` discards is acknowledged by the container. Default true. */
  ackDiscarded?: boolean | undefined
  /** Default none. */
  rebalanceListener?: Ref<RebalanceListener> | undefined
  /** Around each call of the handler, the first outermost. The configuration's come before a listener's own. Default none. */
  adviceChain?: readonly Ref<ListenerAdvice>[] | undefined
  /** Hears of the listener's partitions and may move them; a class of listeners may be its own. */
  seekAware?: Ref<ConsumerSeekAware> | undefined
  /** A handler that takes longer counts as failed, and its `ctx.signal` aborts. Default 300_000 (`max.poll.interval.ms`); 0 = never. */
  handlerTimeoutMs?: number | undefined
  /** How long stopping waits for the deliveries at work. Default 10_000. */
  shutdownTimeoutMs?: number | undefined
  /** Stop after the record in hand, not after the delivery. Default false. */
  stopImmediate?: boolean | undefined
  /** Refuse to start when a topic does not exist. Default false. */
  missingTopicsFatal?: boolean | undefined
  /** Publish `containerIdle` when nothing came for so long, and again each time so long. Default off. */
  idleEventIntervalMs?: number | undefined
  /** The same for each partition. Default off. */
  idlePartitionEventIntervalMs?: number | undefined
  /** Before the first record, the idle interval is so many times longer. Default 5. */
  idleBeforeDataMultiplier?: number | undefined
  /** Connect again after an authentication or authorization failure, so often. Default off: the container stops. */
  authExceptionRetryIntervalMs?: number | undefined
}

/** Settings of the consumers underneath that one listener may have its own of. */
export interface ListenerConsumerOptions {
  /** Most records of one delivery (`max.poll.records`). Default 500. */
  maxPollRecords?: number | undefined
  /** Default 'latest', as Kafka's. */
  autoOffsetReset?: OffsetReset | undefined
  /** 'read_committed' shows nothing of transactions that are open or were aborted. Default 'read_uncommitted', as Kafka's. */
  isolationLevel?: 'read_uncommitted' | 'read_committed' | undefined
  /** Makes the listener's consumers static members; with concurrency, `-0`, `-1`, … follow. */
  groupInstanceId?: string | undefined
  /** 'consumer' is that of KIP-848, in which the broker deals the partitions out. Default 'classic'. */
  groupProtocol?: 'classic' | 'consumer' | undefined
  /** Of groupProtocol 'consumer': the broker's assignor, 'uniform' or 'range'. Default: the broker's choice. */
  groupRemoteAssignor?: string | undefined
  /** Prefix of the client ids; `-0`, `-1`, … follow. */
  clientIdPrefix?: string | undefined
  /** Raw Kafka consumer settings by their own names, e.g. `{ 'fetch.min.bytes': '1024' }`. */
  properties?: Readonly<Record<string, string>> | undefined
}

/** Of `@KafkaListener` and `listen`, records or batches. */
export interface ListenerOptions<K = unknown, V = unknown> extends ContainerOptions, ListenerConsumerOptions {
  /** The registry's name for it; never the group. Default `<class>.<method>#<n>`, or the topics' names. */
  id?: string | undefined
  /** The consumer group. Left out: `consumer.groupId`; none at all is a start error, unless there are `topicPartitions`. */
  groupId?: Resolvable<string> | undefined
  /**
   * Exactly these partitions, instead of what a group deals out: nothing rebalances, and each start begins where it is told.
   * The group may then be left out: nothing is committed. A function of the environment is read when the listener is added.
   */
  topicPartitions?: Resolvable<readonly TopicPartitions[]> | undefined
  /** For topics given by name. Default: the declared topic of that name, else `consumer.key`. */
  key?: Serde<K> | undefined
  /** For topics given by name. Default: the declared topic of that name, else `consumer.value`. */
  value?: Serde<V> | undefined
  /** Records for which this is true are passed over (Spring's `RecordFilterStrategy`). */
  discardIf?(record: ConsumerRecord<K, V>): boolean
  /** Which of several configured clusters, by its `name`. */
  cluster?: string | undefined
}

/** The handler takes one record at a time. */
export interface RecordListenerOptions<K = unknown, V = unknown> extends ListenerOptions<K, V> {
  /** One record at a time, which is the default. */
  batch?: false | undefined
  /** After those of the configuration's `listener.recordInterceptors`, in order. */
  interceptors?: readonly Ref<RecordInterceptor>[] | undefined
}

/** The handler takes the records of a delivery, as a list. */
export interface BatchListenerOptions<K = unknown, V = unknown> extends ListenerOptions<K, V> {
  /** The handler takes all records of a delivery at once. */
  batch: true
  /** After those of the configuration's `listener.batchInterceptors`, in order. */
  interceptors?: readonly Ref<BatchInterceptor>[] | undefined
}

/** For listeners that say by their options alone what they listen to. */
export interface ManualListenerOptions<S> {
  topicPartitions: Resolvable<readonly TopicPartitions<S>[]>
}

/** Of either kind of listener. */
export type AnyListenerOptions = RecordListenerOptions | BatchListenerOptions
