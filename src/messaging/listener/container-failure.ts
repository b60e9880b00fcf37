/** What failures mean to a container. */
import { DriverError } from '../../client/port.js'
import { kafkaErrorFrom } from '../driver-errors.js'
import type { StopReason } from './message-listener-container.js'

/** Why a driver's error stops a container. */
export function stopReasonOf(error: DriverError): StopReason {
  if (error.kind === 'auth' || error.kind === 'authorization') return 'AUTH'
  return error.kind === 'fenced' ? 'FENCED' : 'ERROR'
}

export function asError(error: unknown, what: string): Error {
  if (error instanceof DriverError) return kafkaErrorFrom(error, what)
  return error instanceof Error ? error : new Error(String(error))
}

/** No waiting mends it. */
export function isHopeless(error: DriverError): boolean {
  return stopReasonOf(error) !== 'ERROR' || error.kind === 'fatal'
}
