import { describe, expect, it } from 'vitest'
import { DriverError } from '../port.js'
import { errorOfCode } from '../error-of-code.js'
import { codeOf, toDriverError } from './errors.js'
import { loadKafkajs } from './vendor.js'

describe('errors of kafkajs in the words of the port', () => {
  it('a code of the protocol gives kind, modern name and place', () => {
    const error = errorOfCode(6, { topic: 'orders', partition: 3 })
    expect(error).toMatchObject({ kind: 'retriable', code: 'NOT_LEADER_OR_FOLLOWER', topicPartition: { partition: 3 } })
    expect(error.message).toMatch(/^orders-3: .* \(NOT_LEADER_OR_FOLLOWER\)$/)
    expect(errorOfCode(10).kind).toBe('tooLarge')
    expect(errorOfCode(22).kind).toBe('fenced')
    expect(errorOfCode(29).kind).toBe('authorization')
    expect(errorOfCode(37, 't', 'must grow')).toMatchObject({
      kind: 'fatal',
      message: 't: must grow (INVALID_PARTITIONS)',
    })
    expect(errorOfCode(9_999)).toMatchObject({ kind: 'fatal', code: 'error 9999' })
  })

  it('finds what matters inside what kafkajs wrapped around it', async () => {
    const { KafkaJSProtocolError, KafkaJSNumberOfRetriesExceeded, KafkaJSNonRetriableError } = await loadKafkajs()
    const inner = new KafkaJSProtocolError({ type: 'X', code: 25, message: 'unknown member' } as unknown as Error)
    const wrapped = new KafkaJSNumberOfRetriesExceeded(inner, { retryCount: 5, retryTime: 1 } as never)
    expect(toDriverError(wrapped)).toMatchObject({ kind: 'fenced', code: 'UNKNOWN_MEMBER_ID' })
    expect(codeOf(wrapped)).toBe(25)
    const own = new DriverError('auth', 'no')
    const around = Object.assign(new KafkaJSNonRetriableError(own.message), { cause: own })
    expect(toDriverError(around)).toBe(own)
  })

  it('a lost connection may come back, a refused certificate or password does not', async () => {
    const { KafkaJSConnectionError, KafkaJSSASLAuthenticationError } = await loadKafkajs()
    expect(toDriverError(new KafkaJSConnectionError('refused', { code: 'ECONNREFUSED' })).kind).toBe('retriable')
    expect(toDriverError(new KafkaJSConnectionError('tls', { code: 'SELF_SIGNED_CERT_IN_CHAIN' })).kind).toBe('auth')
    expect(
      toDriverError(new (KafkaJSSASLAuthenticationError as new (message: string) => Error)('wrong password')).kind,
    ).toBe('auth')
    expect(toDriverError(new TypeError('a bug')).kind).toBe('fatal')
    expect(toDriverError('text')).toMatchObject({ kind: 'fatal', message: 'text' })
  })
})
