/** What a client is told when a coordinator's machine did not come to a decision, as Kafka translates it. */
import { ErrorCode } from '../../protocol/errors.js'
import { EventsRefused, MachineUnavailable } from './machine.js'

/** The client has not made the records, so it is no business of it that they are too large. */
const NOT_TO_BE_TOLD: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.INVALID_FETCH_SIZE,
])

export function coordinatorError(error: unknown): ErrorCode {
  if (error instanceof MachineUnavailable) {
    return error.phase === 'loading' ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NOT_COORDINATOR
  }
  if (error instanceof EventsRefused && !NOT_TO_BE_TOLD.has(error.code)) return error.code
  return ErrorCode.UNKNOWN_SERVER_ERROR
}
