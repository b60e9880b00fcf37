/**
 * What happens after the transaction of a transactional listener was rolled back, Spring's `AfterRollbackProcessor`. It
 * decides as an error handler does: again, given up, or stop. It is called in a transaction of its own, which begins with
 * the first record that it sends: what it recovers is committed together with the offset, or not at all.
 *
 * It is not asked when the producer was fenced, and not when the group was: then the records are another's, or come again.
 */
import type { CommonErrorHandler } from './error-handler.js'
import { DefaultErrorHandler } from './default-error-handler.js'
import type { DefaultErrorHandlerOptions } from './default-error-handler.js'

/** Of a batch, all of it comes again: `from` of a decision to retry has no meaning. */
export type AfterRollbackProcessor = CommonErrorHandler

/** As of `DefaultErrorHandler`. */
export type DefaultAfterRollbackProcessorOptions = DefaultErrorHandlerOptions

/** As `DefaultErrorHandler`, and by the same options; recovery is always committed with the offset (Spring's `commitRecovered`). */
export class DefaultAfterRollbackProcessor extends DefaultErrorHandler {}
