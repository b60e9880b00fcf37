/** What went wrong in kafkajs, in the words of the port. */
import { topicPartitionName, type TopicPartition } from '../../model/index.js'
import { ErrorCode, protocolError } from '../../protocol/errors.js'
import { DriverError, type DriverErrorKind } from '../port.js'

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

interface KafkajsError extends Error {
  readonly code?: number | string
  readonly retriable?: boolean
  readonly cause?: unknown
}

const KIND_BY_NAME: Readonly<Record<string, DriverErrorKind>> = {
  KafkaJSSASLAuthenticationError: 'auth',
  KafkaJSConnectionError: 'retriable',
  KafkaJSConnectionClosedError: 'retriable',
  KafkaJSRequestTimeoutError: 'retriable',
  KafkaJSBrokerNotFound: 'retriable',
  KafkaJSNoBrokerAvailableError: 'retriable',
  KafkaJSMetadataNotLoaded: 'retriable',
  KafkaJSTopicMetadataNotLoaded: 'retriable',
  KafkaJSGroupCoordinatorNotFound: 'retriable',
  KafkaJSLockTimeout: 'retriable',
  KafkaJSNotImplemented: 'fatal',
}

/** Codes with which Node's TLS refuses a peer: waiting does not help. */
const TLS_REFUSAL = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/

export function toDriverError(error: unknown): DriverError {
  if (error instanceof DriverError) return error
  for (const each of causes(error)) {
    if (each instanceof DriverError) return each
    if (typeof each.code === 'number' && each.code !== -99) {
      const { kind, message, code } = errorOfCode(each.code)
      return new DriverError(kind, message, code, undefined, error)
    }
    if (typeof each.code === 'string' && TLS_REFUSAL.test(each.code)) {
      return new DriverError('auth', each.message, undefined, undefined, error)
    }
    if (each.name === 'KafkaJSServerDoesNotSupportApiKey') {
      const { apiName } = each as { apiName?: string }
      return new DriverError('fatal', `The broker does not serve ${apiName}.`, 'UNSUPPORTED_VERSION', undefined, error)
    }
    const kind = KIND_BY_NAME[each.name]
    if (kind !== undefined) return new DriverError(kind, each.message, undefined, undefined, error)
  }
  const kind = (error as KafkajsError).retriable === true ? 'retriable' : 'fatal'
  return new DriverError(kind, error instanceof Error ? error.message : String(error), undefined, undefined, error)
}

/** The error and what caused it, the innermost first: kafkajs wraps what matters in what it did about it. */
function causes(error: unknown): KafkajsError[] {
  const chain: KafkajsError[] = []
  for (let each = error; each instanceof Error && chain.length < 10; each = (each as KafkajsError).cause) {
    chain.unshift(each)
  }
  return chain
}

/** The protocol's code in an error of kafkajs, when a broker gave one. */
export function codeOf(error: unknown): number | undefined {
  const found = causes(error).find((each) => typeof each.code === 'number')
  return found?.code as number | undefined
}
