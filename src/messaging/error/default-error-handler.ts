/**
 * The error handler used unless another is set, Spring's `DefaultErrorHandler`: tries again with a back-off, and when the
 * attempts are used up, or the error is one that trying again can't mend, hands the record to the recoverer, or drops it
 * with an error log that names it.
 *
 * Unlike Spring's, the default backs off between attempts. A record's first failure is a line at warn. Always: a record
 * leaves here recovered, dropped in plain sight, or still to come; a recoverer that fails is tried again.
 */
import type { ConsumerRecord, Topic } from '../../model/index.js'
import { KafkaError } from '../../model/index.js'
import { configError, factor, list, madeOrCalled, problemsOf } from '../config/rules.js'
import type { Rules } from '../config/rules.js'
import { exponential } from './back-off.js'
import type { BackOff } from './back-off.js'
import { BatchListenerFailedException, failedIndex } from './batch-listener-failed-exception.js'
import { causeChain, errorMessage, errorName } from './cause-chain.js'
import type {
  BatchDecision,
  CommonErrorHandler,
  FailedBatch,
  FailedDelivery,
  FailedRecord,
  RecordDecision,
} from './error-handler.js'
import type { Recoverer, RecovererFunction, RecovererServices } from './recoverer.js'
import type { RetryListener } from './retry-listener.js'

type ErrorClass = abstract new (...args: never[]) => object

/** Of `DefaultErrorHandler`. */
export interface DefaultErrorHandlerOptions {
  /** Deliveries of a record before it is given up, the first one included. Default 10. */
  attempts?: number | undefined
  /** Default `exponential({ initialMs: 100, maxMs: 5_000 })`. May depend on what failed; `undefined` = the default. */
  backOff?: BackOff | ((error: unknown, record: ConsumerRecord<unknown, unknown>) => BackOff | undefined) | undefined
  /** Default: the record is dropped, with an error log line. */
  recoverer?: Recoverer | RecovererFunction | undefined
  /**
   * Errors (and their subclasses) that are given up at once, looked for along the cause chain. Records that can't be read
   * and misuse of this package always are.
   */
  notRetryable?: readonly ErrorClass[] | undefined
  /** When set, only these errors are tried again: an allow list. */
  retryable?: readonly ErrorClass[] | undefined
  /** Hear of each failure and of the end. Default none. */
  retryListeners?: readonly RetryListener[] | undefined
}

const DEFAULT_ATTEMPTS = 10
const DEFAULT_BACK_OFF = exponential({ initialMs: 100, maxMs: 5_000 })
/** A recoverer that fails is not called again sooner than this, whatever the back-off says. */
const RECOVERY_DELAY_MS_MIN = 100

const rules: Rules<DefaultErrorHandlerOptions> = {
  attempts: factor,
  backOff: madeOrCalled('a back-off, such as fixed(1_000)', 'delayMs'),
  recoverer: madeOrCalled('a recoverer, such as deadLetter()', 'recover'),
  notRetryable: list,
  retryable: list,
  retryListeners: list,
}

/**
 * Tries again with a back-off, then recovers or drops with an error line, Spring's `DefaultErrorHandler`. Options
 * that make no sense are a KafkaError of kind `config`.
 */
export class DefaultErrorHandler implements CommonErrorHandler {
  readonly recoverer: Recoverer | undefined
  private readonly attempts: number
  private readonly backOff: Exclude<DefaultErrorHandlerOptions['backOff'], undefined>
  private readonly notRetryable: readonly ErrorClass[]
  private readonly retryable: readonly ErrorClass[] | undefined
  private readonly retryListeners: readonly RetryListener[]

  constructor(options: DefaultErrorHandlerOptions = {}) {
    const problems = problemsOf('', options, rules)
    if (problems.length > 0) throw configError(new.target.name, problems)
    this.attempts = options.attempts ?? DEFAULT_ATTEMPTS
    this.backOff = options.backOff ?? DEFAULT_BACK_OFF
    const { recoverer } = options
    this.recoverer = typeof recoverer === 'function' ? { recover: recoverer } : recoverer
    this.notRetryable = options.notRetryable ?? []
    this.retryable = options.retryable
    this.retryListeners = options.retryListeners ?? []
  }

  bind(services: RecovererServices): void {
    this.recoverer?.bind?.(services)
  }

  topicsFor(source: Topic<unknown, unknown>): readonly Topic<unknown, unknown>[] {
    return this.recoverer?.topicsFor?.(source) ?? []
  }

  async handleRecord(failure: FailedRecord): Promise<RecordDecision> {
    await this.tell(failure, (listener) => listener.failedDelivery?.(failure))
    if (failure.attempt < this.attempts && this.isRetryable(failure.error)) {
      const delayMs = this.delayMs(failure)
      this.logRetry(failure, failure.record.coordinates, delayMs)
      return { action: 'retry', delayMs }
    }
    return this.giveUp(failure)
  }

  async handleBatch(failure: FailedBatch): Promise<BatchDecision> {
    const index = failedIndex(failure.error, failure.records)
    if (index !== undefined) return this.handleFrom(failure, index)
    return this.handleWhole(failure)
  }

  /** One record of the batch failed: those before it are done, those after it come again. */
  private async handleFrom(failure: FailedBatch, index: number): Promise<BatchDecision> {
    const record = failure.records[index]!
    const { error: thrown } = failure
    const error = thrown instanceof BatchListenerFailedException ? (thrown.cause ?? thrown) : thrown
    const decision = await this.handleRecord({ ...failure, error, record })
    if (decision.action === 'retry') return { ...decision, from: index }
    if (decision.action === 'stop') return { ...decision, from: index }
    const recovered = decision.recovered ? 1 : 0
    return { action: 'skip', from: index + 1, recovered, dropped: 1 - recovered }
  }

  /** No one record is to blame: all of them are tried again, and in the end all of them are given up. */
  private async handleWhole(failure: FailedBatch): Promise<BatchDecision> {
    const first = { ...failure, record: failure.records[0]! }
    await this.tell(first, (listener) => listener.failedDelivery?.(first))
    if (failure.attempt < this.attempts && this.isRetryable(failure.error)) {
      const delayMs = this.delayMs(first)
      this.logRetry(
        failure,
        `${first.record.coordinates} and the rest of its batch of ${failure.records.length}`,
        delayMs,
      )
      return { action: 'retry', from: 0, delayMs }
    }
    let recovered = 0
    for (const [index, record] of failure.records.entries()) {
      const decision = await this.giveUp({ ...failure, record })
      if (decision.action === 'retry') return { ...decision, from: index }
      if (decision.action === 'skip' && decision.recovered) recovered++
    }
    const count = failure.records.length
    return { action: 'skip', from: count, recovered, dropped: count - recovered }
  }

  /** One line at warn for what begins to fail, so that a wait of many attempts is not a silent one; then at debug. */
  private logRetry({ attempt, error, log }: FailedDelivery, what: string, delayMs: number): void {
    const line =
      `record ${what} failed in attempt ${attempt} of ${this.attempts}, the next is in ${Math.round(delayMs)} ms: ` +
      `${errorName(error)}: ${errorMessage(error)}`
    if (attempt === 1) log.warn(line)
    else log.debug(line)
  }

  private async giveUp(failure: FailedRecord): Promise<RecordDecision> {
    const { record, error, log, attempt } = failure
    const where = `${record.coordinates} (listener ${failure.listenerId}, group ${failure.groupId})`
    if (this.recoverer === undefined) {
      log.error(
        `record ${where} is skipped after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}: ` +
          `${errorName(error)}: ${errorMessage(error)}`,
        { error },
      )
      return { action: 'skip', recovered: false }
    }
    try {
      await this.recoverer.recover(failure)
    } catch (recoveryError) {
      const delayMs = Math.max(this.delayMs(failure), RECOVERY_DELAY_MS_MIN)
      log.error(
        `the recoverer failed for ${where}, the record comes again in ${delayMs} ms: ${errorMessage(recoveryError)}`,
        { error: recoveryError },
      )
      await this.tell(failure, (listener) => listener.recoveryFailed?.(failure, recoveryError))
      return { action: 'retry', delayMs, restart: true }
    }
    await this.tell(failure, (listener) => listener.recovered?.(failure))
    return { action: 'skip', recovered: true }
  }

  private isRetryable(error: unknown): boolean {
    let allowed = this.retryable === undefined
    for (const link of causeChain(error)) {
      if (KafkaError.is(link) && (link.kind === 'serde' || link.kind === 'config')) return false
      if (this.notRetryable.some((type) => link instanceof type)) return false
      if (this.retryable?.some((type) => link instanceof type)) allowed = true
    }
    return allowed
  }

  private delayMs(failure: FailedRecord): number {
    const { backOff } = this
    const chosen = typeof backOff === 'function' ? backOff(failure.error, failure.record) : backOff
    return (chosen ?? DEFAULT_BACK_OFF).delayMs(failure.attempt)
  }

  /** Retry listeners only watch: what they throw is logged. */
  private async tell(failure: FailedRecord, call: (listener: RetryListener) => void | Promise<void>): Promise<void> {
    for (const listener of this.retryListeners) {
      try {
        await call(listener)
      } catch (error) {
        failure.log.error(`a retry listener failed: ${errorMessage(error)}`, { error })
      }
    }
  }
}
