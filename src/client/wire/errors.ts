/** What went wrong, in the words of the port. */
import { OutboundError, type OutboundErrorKind } from '../../net/index.js'
import { ErrorCode, protocolError } from '../../protocol/index.js'
import { errorOfCode } from '../error-of-code.js'
import { DriverError, type DriverErrorKind } from '../port.js'

export { errorOfCode }

const KIND_OF: Readonly<Record<OutboundErrorKind, DriverErrorKind>> = {
  disconnected: 'retriable',
  timeout: 'timeout',
  unsupportedVersion: 'fatal',
  auth: 'auth',
  malformed: 'retriable',
  closed: 'closed',
}

export function toDriverError(error: unknown): DriverError {
  if (error instanceof DriverError) return error
  if (error instanceof OutboundError) {
    const code = error.kind === 'unsupportedVersion' ? 'UNSUPPORTED_VERSION' : undefined
    return new DriverError(KIND_OF[error.kind], error.message, code, undefined, error)
  }
  const words = error instanceof Error ? error.message : String(error)
  return new DriverError('fatal', words, undefined, undefined, error)
}

/** The same request may succeed later: the connection was lost, or the broker says so. */
export function isRetriable(error: unknown): boolean {
  const { kind } = toDriverError(error)
  return kind === 'retriable' || kind === 'timeout'
}

/** Whether the coordinator has to be looked for again. */
export function isLostCoordinator(code: number): boolean {
  return code === ErrorCode.NOT_COORDINATOR || code === ErrorCode.COORDINATOR_NOT_AVAILABLE
}

export function throwCode(code: number, at?: Parameters<typeof errorOfCode>[1], detail?: string | null): void {
  if (code !== ErrorCode.NONE) throw errorOfCode(code, at, detail)
}

export const isRetriableCode = (code: number): boolean => protocolError(code).retriable
