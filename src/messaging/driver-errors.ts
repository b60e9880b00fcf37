/** From a driver's error to the one that users meet. */
import type { DriverError, DriverErrorKind } from '../client/port.js'
import { KafkaError } from '../model/index.js'
import type { KafkaErrorDetails, KafkaErrorKind } from '../model/index.js'

const KINDS: Readonly<Record<DriverErrorKind, KafkaErrorKind>> = {
  retriable: 'connection',
  fenced: 'fenced',
  auth: 'auth',
  authorization: 'auth',
  unknownTopic: 'protocol',
  offsetOutOfRange: 'protocol',
  tooLarge: 'protocol',
  corrupt: 'protocol',
  timeout: 'timeout',
  closed: 'closed',
  fatal: 'protocol',
}

/** `what` says what could not be done; the driver's words follow. */
export function kafkaErrorFrom(error: DriverError, what: string, details: KafkaErrorDetails = {}): KafkaError {
  const isAborted = error.code === 'TRANSACTION_ABORTED'
  return new KafkaError(isAborted ? 'transaction' : KINDS[error.kind], `${what}: ${error.message}`, {
    retriable: !isAborted && (error.kind === 'retriable' || error.kind === 'timeout' || error.kind === 'unknownTopic'),
    code: error.code,
    topicPartition: error.topicPartition,
    cause: error,
    ...details,
  })
}
