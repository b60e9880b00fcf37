/** A broker's answer, in the words of the port. */
import { topicPartitionName, type TopicPartition } from '../model/index.js'
import { ErrorCode, protocolError } from '../protocol/errors.js'
import { DriverError, type DriverErrorKind } from './port.js'

const KIND_BY_CODE: Partial<Record<number, DriverErrorKind>> = {
  [ErrorCode.OFFSET_OUT_OF_RANGE]: 'offsetOutOfRange',
  [ErrorCode.CORRUPT_MESSAGE]: 'corrupt',
  [ErrorCode.INVALID_RECORD]: 'corrupt',
  [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]: 'unknownTopic',
  [ErrorCode.UNKNOWN_TOPIC_ID]: 'unknownTopic',
  [ErrorCode.MESSAGE_TOO_LARGE]: 'tooLarge',
  [ErrorCode.RECORD_LIST_TOO_LARGE]: 'tooLarge',
  [ErrorCode.ILLEGAL_GENERATION]: 'fenced',
  [ErrorCode.UNKNOWN_MEMBER_ID]: 'fenced',
  [ErrorCode.INVALID_PRODUCER_EPOCH]: 'fenced',
  [ErrorCode.FENCED_INSTANCE_ID]: 'fenced',
  [ErrorCode.PRODUCER_FENCED]: 'fenced',
  [ErrorCode.REBALANCE_IN_PROGRESS]: 'retriable',
  [ErrorCode.SASL_AUTHENTICATION_FAILED]: 'auth',
  [ErrorCode.UNSUPPORTED_SASL_MECHANISM]: 'auth',
}

/** A broker's answer as an error; `detail` is the broker's own message, where it gave one. */
export function errorOfCode(code: number, at?: TopicPartition | string, detail?: string | null): DriverError {
  const row = protocolError(code)
  const kind = KIND_BY_CODE[code] ?? (row.authorization ? 'authorization' : row.retriable ? 'retriable' : 'fatal')
  const where = at === undefined ? '' : `${typeof at === 'string' ? at : topicPartitionName(at)}: `
  const name = row.code === code ? row.name : `error ${code}`
  return new DriverError(
    kind,
    `${where}${detail || row.message} (${name})`,
    name,
    typeof at === 'object' ? at : undefined,
  )
}
