import { readFileSync } from 'node:fs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { ErrorCode, errorName, protocolError, protocolErrors } from './errors.js'

interface Fact {
  code: number
  name: string
  retriable: boolean
  refreshesMetadata: boolean
  authorization: boolean
}

const facts = JSON.parse(readFileSync(new URL('../../test/facts/errors.json', import.meta.url), 'utf8')) as Fact[]

describe('protocol errors', () => {
  it('are those of Kafka 4.3.1, with what its client makes of them', () => {
    expect(protocolErrors.map(({ message: _, ...row }) => row)).toEqual(
      facts.map(({ code, name, retriable, refreshesMetadata, authorization }) => ({
        name,
        code,
        retriable,
        refreshesMetadata,
        authorization,
      })),
    )
  })

  it('each have words of their own', () => {
    expect(new Set(protocolErrors.map((error) => error.message)).size).toBe(protocolErrors.length)
  })

  it('are found by name, typed, and by code', () => {
    expectTypeOf(ErrorCode.NOT_COORDINATOR).toEqualTypeOf<16>()
    expect(protocolError(ErrorCode.NOT_COORDINATOR).name).toBe('NOT_COORDINATOR')
    expect(protocolError(999).name).toBe('UNKNOWN_SERVER_ERROR')
    expect([errorName(16), errorName(999)]).toEqual(['NOT_COORDINATOR', 'error 999'])
  })
})
