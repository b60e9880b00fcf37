import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../base/clock.js'
import { BrokerSettings } from '../config/broker-settings.js'
import { ListenerSettings } from '../config/listener-settings.js'
import { tokenValidator } from './token-validator.js'

const NOW_S = 1_700_000_000
const good = { sub: 'alice', exp: NOW_S + 60, iat: NOW_S, iss: 'https://issuer', aud: ['kafka', 'other'] }

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = (key: KeyObject, kid: string): object => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' })

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function token(claims: object, key: KeyObject | undefined, header: object): string {
  const signed = `${part(header)}.${part(claims)}`
  if (!key) return `${signed}.`
  const options = key.asymmetricKeyType === 'ec' ? ({ key, dsaEncoding: 'ieee-p1363' } as const) : key
  return `${signed}.${sign('sha256', Buffer.from(signed), options).toString('base64url')}`
}

function validator(more: Record<string, string> = {}) {
  const configs = { 'sasl.oauthbearer.jwks.endpoint.url': 'file:///keys.json', ...more }
  const settings = new ListenerSettings(new BrokerSettings(new Map(Object.entries(configs))), 'SASL_SSL')
  const clock = virtualClock(NOW_S * 1000)
  const file = { keys: [jwk(rsa.publicKey, 'r')], reads: 0, isThere: true }
  const readFile = (path: string): Buffer | undefined => {
    file.reads++
    return path === '/keys.json' && file.isThere ? Buffer.from(JSON.stringify({ keys: file.keys })) : undefined
  }
  return { validate: tokenValidator({ settings, clock, readFile }), file, clock }
}

const byRsa = (claims: object = good, kid = 'r') => token(claims, rsa.privateKey, { alg: 'RS256', kid })

describe('a signed token', () => {
  it('is taken for its subject, until it expires', async () => {
    expect(await validator().validate(byRsa())).toEqual({ user: 'alice', expiresMs: good.exp * 1000 })
  })

  it.each([
    ['expired', byRsa({ ...good, exp: NOW_S - 31 }), /has expired/],
    ['without an end', byRsa({ sub: 'alice' }), /when it expires/],
    ['not yet valid', byRsa({ ...good, nbf: NOW_S + 31 }), /not valid yet/],
    ['without a subject', byRsa({ exp: good.exp }), /who it is for/],
    ['of a stranger', token(good, stranger.privateKey, { alg: 'RS256', kid: 'r' }), /signature/],
    ['of an unknown key', byRsa(good, 'x'), /key that is not known/],
    ['that is unsigned', token(good, undefined, { alg: 'none', kid: 'r' }), /algorithm/],
    [
      'that takes the public key for a shared secret',
      token(good, rsa.privateKey, { alg: 'HS256', kid: 'r' }),
      /algorithm/,
    ],
    ['that is none', 'abc', /no JSON Web Token/],
  ])('%s is refused', async (_, text, words) => {
    await expect(validator().validate(text)).rejects.toThrow(words)
  })

  it('must be of the issuer and for the audience that are expected', async () => {
    const expecting = (issuer: string, audience: string) =>
      validator({ 'sasl.oauthbearer.expected.issuer': issuer, 'sasl.oauthbearer.expected.audience': audience })
    await expect(expecting('https://issuer', 'kafka').validate(byRsa())).resolves.toMatchObject({ user: 'alice' })
    await expect(expecting('https://other', 'kafka').validate(byRsa())).rejects.toThrow(/another issuer/)
    await expect(expecting('https://issuer', 'mine').validate(byRsa())).rejects.toThrow(/another audience/)
  })

  it('by a new key makes the keys be read again, though not too often', async () => {
    const { validate, file, clock } = validator()
    await validate(byRsa())
    file.keys.push(jwk(ec.publicKey, 'e'))
    const byEc = token(good, ec.privateKey, { alg: 'ES256', kid: 'e' })
    await expect(validate(byEc)).rejects.toThrow(/not known/)
    expect(file.reads).toBe(1)
    await clock.advance(10_001)
    expect(await validate(byEc)).toMatchObject({ user: 'alice' })
    expect(file.reads).toBe(2)
  })
})

describe('keys that can not be read', () => {
  it('let no token in', async () => {
    const { validate, file } = validator({ 'sasl.oauthbearer.jwks.endpoint.url': 'file:///missing.json' })
    await expect(validate(byRsa())).rejects.toThrow(/no key set/)
    await expect(validate(byRsa())).rejects.toThrow(/no key set/)
    expect(file.reads).toBe(2)
  })

  it('leave those that were read before, and are asked for again after a while', async () => {
    const { validate, file, clock } = validator()
    await validate(byRsa())
    file.isThere = false
    await clock.advance(3_600_000)
    const later = { ...good, exp: NOW_S + 7200 }
    expect(await validate(byRsa(later))).toMatchObject({ user: 'alice' })
    expect(await validate(byRsa(later))).toMatchObject({ user: 'alice' })
    expect(file.reads).toBe(2)
    file.isThere = true
    file.keys = [jwk(ec.publicKey, 'e')]
    await clock.advance(10_000)
    await expect(validate(byRsa(later))).rejects.toThrow(/not known/)
  })
})

describe('an unsigned token', () => {
  const unsigned = token(good, undefined, { alg: 'none' })
  const asked = {
    'sasl.oauthbearer.jwks.endpoint.url': '',
    'listener.name.sasl_ssl.oauthbearer.sasl.server.callback.handler.class':
      'org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler',
  }

  it('is taken only where that is asked for', async () => {
    expect(await validator(asked).validate(unsigned)).toMatchObject({ user: 'alice' })
    expect(() => validator({ 'sasl.oauthbearer.jwks.endpoint.url': '' })).toThrow(/no keys to check tokens/)
  })

  it('is the only kind taken there', async () => {
    await expect(validator(asked).validate(byRsa())).rejects.toThrow(/unsigned/)
  })
})
