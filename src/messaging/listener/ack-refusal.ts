/** Acknowledging where that makes no sense: the error that says so. */
import { KafkaError } from '../../model/index.js'
import { isManual } from './ack-mode.js'
import type { ListenerSettings } from './listener-settings.js'

export function refuseAck(call: 'ack()' | 'nack()', listener: ListenerSettings): KafkaError {
  return new KafkaError('config', `${call} in listener ${listener.id}: ${whyNot(listener)}`)
}

function whyNot({ transactional, ackMode }: ListenerSettings): string {
  if (transactional !== undefined) {
    return 'it is transactional, its transaction commits the offset when the handler returns'
  }
  return isManual(ackMode)
    ? 'asyncAcks is set, and records may be acknowledged in any order: throw instead, the error handler retries'
    : `its ackMode is ${ackMode}, the container acknowledges by itself: set ackMode MANUAL or MANUAL_IMMEDIATE`
}
