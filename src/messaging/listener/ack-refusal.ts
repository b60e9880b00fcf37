/** Acknowledging where that makes no sense: the error that says so. */
import { KafkaError } from '../../model/index.js'
import { isManual } from './ack-mode.js'
import type { ListenerSettings } from './listener-settings.js'

export function refuseAck(what: 'ack()' | 'nack()', listener: ListenerSettings): KafkaError {
  const why = isManual(listener.ackMode)
    ? 'asyncAcks is set, and records may be acknowledged in any order: throw instead, the error handler retries'
    : `its ackMode is ${listener.ackMode}, the container acknowledges by itself: set ackMode MANUAL or MANUAL_IMMEDIATE`
  return new KafkaError('config', `${what} in listener ${listener.id}: ${why}`)
}
