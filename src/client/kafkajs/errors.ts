/** What went wrong in kafkajs, in the words of the port. */
import { errorOfCode } from '../error-of-code.js'
import { DriverError, type DriverErrorKind } from '../port.js'

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
