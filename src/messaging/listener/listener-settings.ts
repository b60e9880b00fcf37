/** A listener with everything decided: options, configuration and defaults put together, references resolved. */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { AdminPort, ConsumerOptions, ConsumerPort, Subscription } from '../../client/port.js'
import type { ConsumerRecord } from '../../model/index.js'
import type { Delivered } from '../decorators/method-handler.js'
import type { CommonErrorHandler } from '../error/error-handler.js'
import type { EventHub } from '../events.js'
import type { TransactionalProducers } from '../transaction/transactional-producers.js'
import type { ConsumerSeekAware } from './consumer-seek-aware.js'
import type { AckMode } from './ack-mode.js'
import type { BatchInterceptor, RecordInterceptor } from './interceptors.js'
import type { OffsetReset } from './listener-options.js'
import type { RebalanceListener } from './rebalance-listener.js'
import type { TopicSerdes } from './record-reader.js'
import type { ManualAssignment } from './topic-partition-offset.js'

export interface ListenerSettings {
  readonly id: string
  readonly groupId: string
  /** For messages: `Billing.bill`. */
  readonly source: string
  readonly subscription: Subscription
  readonly manual: ManualAssignment | undefined
  readonly handler: Delivered
  readonly batch: boolean
  readonly concurrency: number
  readonly ackMode: AckMode
  readonly ackCount: number
  readonly ackTimeMs: number
  readonly asyncAcks: boolean
  readonly syncCommits: boolean
  readonly commitRetries: number
  /** The template whose transactions it takes part in. */
  readonly transactional: string | undefined
  readonly stopContainerWhenFenced: boolean
  readonly errorHandler: CommonErrorHandler
  readonly discardIf: ((record: ConsumerRecord<unknown, unknown>) => boolean) | undefined
  readonly ackDiscarded: boolean
  readonly recordInterceptors: readonly RecordInterceptor[]
  readonly batchInterceptors: readonly BatchInterceptor[]
  readonly rebalanceListener: RebalanceListener
  readonly seekAware: ConsumerSeekAware
  readonly handlerTimeoutMs: number
  readonly shutdownTimeoutMs: number
  readonly stopImmediate: boolean
  readonly missingTopicsFatal: boolean
  readonly idleEventIntervalMs: number | undefined
  readonly idlePartitionEventIntervalMs: number | undefined
  readonly idleBeforeDataMultiplier: number
  readonly authExceptionRetryIntervalMs: number | undefined
  readonly maxPollRecords: number
  readonly queuedBytesMax: number
  readonly autoOffsetReset: OffsetReset
  readonly consumer: ConsumerOptions
  readonly clientIdPrefix: string
  serdesFor(topic: string): TopicSerdes
}

/** What the runtime lends to containers. */
export interface ContainerServices {
  readonly clock: Clock
  readonly log: Log
  readonly events: EventHub
  readonly startup: 'wait' | 'fail' | 'background'
  consumer(options: ConsumerOptions): Promise<ConsumerPort>
  admin(): Promise<AdminPort>
  /** Of a template that has a `transactionIdPrefix`. */
  transactions(template: string): TransactionalProducers
}

/** Counters of a container, written where things happen. */
export interface Counts {
  received: number
  handled: number
  failed: number
  retried: number
  recovered: number
  dropped: number
  discarded: number
  commits: number
  commitFailures: number
}

export const noCounts = (): Counts => ({
  received: 0,
  handled: 0,
  failed: 0,
  retried: 0,
  recovered: 0,
  dropped: 0,
  discarded: 0,
  commits: 0,
  commitFailures: 0,
})
