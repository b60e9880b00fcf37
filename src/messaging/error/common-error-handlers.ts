/** Error handlers for those who do not want retries, under Spring's names; see `DefaultErrorHandler` for the usual one. */
import type { Topic } from '../../model/index.js'
import { causeChain, errorMessage, errorName } from './cause-chain.js'
import type { BatchDecision, CommonErrorHandler, FailedBatch, FailedRecord, RecordDecision } from './error-handler.js'
import type { RecovererServices } from './recoverer.js'

/** Stops the container at the first failure, with reason ERROR. Nothing of what failed is committed: it comes again after a restart. */
export class CommonContainerStoppingErrorHandler implements CommonErrorHandler {
  handleRecord(): RecordDecision {
    return { action: 'stop' }
  }

  handleBatch(): BatchDecision {
    return { action: 'stop', from: 0 }
  }
}

/** An error log line for what failed, and on with the next. Of a batch all records count as done, whichever failed. */
export class CommonLoggingErrorHandler implements CommonErrorHandler {
  handleRecord({ record, error, log }: FailedRecord): RecordDecision {
    log.error(`record ${record.coordinates} is skipped: ${errorName(error)}: ${errorMessage(error)}`, { error })
    return { action: 'skip', recovered: false }
  }

  handleBatch({ records, error, log }: FailedBatch): BatchDecision {
    const [first, last] = [records[0]!.coordinates, records.at(-1)!.coordinates]
    log.error(`records ${first} to ${last} are skipped: ${errorName(error)}: ${errorMessage(error)}`, { error })
    return { action: 'skip', from: records.length, recovered: 0, dropped: records.length }
  }
}

type ErrorClass = abstract new (...args: never[]) => object

/**
 * Hands on by the error's class: to the first whose class is found, else to `fallback`. With `causes` (default true) the
 * chain of causes is searched as well. Attempts are counted by the container, whichever handler is asked.
 */
export class CommonDelegatingErrorHandler implements CommonErrorHandler {
  constructor(
    private readonly delegates: readonly (readonly [ErrorClass, CommonErrorHandler])[],
    private readonly fallback: CommonErrorHandler,
    private readonly options: { readonly causes?: boolean | undefined } = {},
  ) {}

  bind(services: RecovererServices): void {
    for (const handler of this.all) handler.bind?.(services)
  }

  topicsFor(source: Topic<unknown, unknown>): readonly Topic<unknown, unknown>[] {
    return this.all.flatMap((handler) => handler.topicsFor?.(source) ?? [])
  }

  handleRecord(failure: FailedRecord): RecordDecision | Promise<RecordDecision> {
    return this.handlerFor(failure.error).handleRecord(failure)
  }

  handleBatch(failure: FailedBatch): BatchDecision | Promise<BatchDecision> {
    return this.handlerFor(failure.error).handleBatch(failure)
  }

  private get all(): readonly CommonErrorHandler[] {
    return [...new Set([...this.delegates.map(([, handler]) => handler), this.fallback])]
  }

  private handlerFor(error: unknown): CommonErrorHandler {
    const links = this.options.causes === false ? [error] : [...causeChain(error)]
    return this.delegates.find(([type]) => links.some((link) => link instanceof type))?.[1] ?? this.fallback
  }
}
