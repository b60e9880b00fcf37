import { pbkdf2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/random.js'
import { authenticate, type OutboundSaslOptions } from '../outbound-sasl.js'
import { oauthBearerServer } from './oauthbearer-server.js'
import { plainServer } from './plain-server.js'
import { SaslRefusal, type SaslIdentity, type SaslMechanism } from './sasl-server.js'
import { scramServer } from './scram-server.js'
import { scramHash, scramKeys, type ScramMechanismName } from './scram.js'

/** Our client against our server: who it is taken for. */
async function converse(server: SaslMechanism, client: OutboundSaslOptions): Promise<SaslIdentity | undefined> {
  const conversation = server.start()
  let identity: SaslIdentity | undefined
  await authenticate(
    client,
    async (message) => {
      const step = await conversation.respond(message)
      identity = step.identity
      return step.answer
    },
    seededRandom(3),
  )
  return identity
}

describe('PLAIN', () => {
  const server = plainServer((user) => (user === 'alice' ? 'secret' : undefined))
  const say = (text: string) => server.start().respond(Buffer.from(text))

  it('takes the right password', async () => {
    expect(await converse(server, { mechanism: 'PLAIN', username: 'alice', password: 'secret' })).toEqual({
      user: 'alice',
    })
  })

  it('refuses a wrong password and an unknown user in the same words', () => {
    const refusal = /user or password is wrong/
    expect(() => say('\0alice\0wrong')).toThrow(refusal)
    expect(() => say('\0bob\0secret')).toThrow(refusal)
  })

  it.each(['\0alice', 'alice\0secret', '\0\0secret', '\0alice\0', '\0alice\0secret\0more', 'bob\0alice\0secret'])(
    'refuses %j',
    (token) => expect(() => say(token)).toThrow(SaslRefusal),
  )
})

describe.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('%s', (mechanism) => {
  const server = scramServer(mechanism, { credential: (_, user) => credentialOf(mechanism, user) }, seededRandom(1))

  it('takes the right password, whatever the name', async () => {
    for (const username of ['alice', 'a=b,c']) {
      expect(await converse(server, { mechanism, username, password: `${username}-secret` })).toEqual({
        user: username,
      })
    }
  })

  it('refuses a wrong password, and an unknown user only at the end', async () => {
    for (const username of ['alice', 'nobody']) {
      await expect(converse(server, { mechanism, username, password: 'wrong' })).rejects.toThrow(
        /user or password is wrong/,
      )
    }
  })

  it('shows an unknown user the same salt each time', () => {
    const salt = () => /s=([^,]+)/.exec(begin(server, 'n,,n=nobody,r=abc').answer)?.[1]
    expect(salt()).toBe(salt())
  })

  it.each([
    ['that has the client part twice', (nonce: string) => `abc${nonce}`],
    ['of another conversation', () => 'abcdef'],
  ])('refuses a nonce %s', (_, wrong) => {
    const { conversation, answer } = begin(server, 'n,,n=alice,r=abc')
    const nonce = /r=([^,]+)/.exec(answer)![1]!
    const last = Buffer.from(`c=biws,r=${wrong(nonce)},p=AAAA`)
    expect(() => conversation.respond(last)).toThrow(/does not belong/)
  })

  it.each(['', 'x', 'p=tls-unique,,n=alice,r=a', 'n,a=bob,n=alice,r=a', 'n,,n=alice', 'n,,n=alice,r=a,t=true'])(
    'refuses %j',
    (message) => expect(() => server.start().respond(Buffer.from(message))).toThrow(SaslRefusal),
  )
})

function begin(server: SaslMechanism, message: string) {
  const conversation = server.start()
  const step = conversation.respond(Buffer.from(message)) as { answer: Buffer }
  return { conversation, answer: step.answer.toString() }
}

function credentialOf(mechanism: ScramMechanismName, user: string) {
  if (user === 'nobody') return undefined
  const hash = scramHash(mechanism)
  const salt = Buffer.from('salt')
  const salted = pbkdf2Sync(`${user}-secret`, salt, 4096, hash === 'sha256' ? 32 : 64, hash)
  return { salt, iterations: 4096, ...scramKeys(hash, salted) }
}

describe('OAUTHBEARER', () => {
  const server = oauthBearerServer(async (token) => {
    if (token !== 'good') throw new SaslRefusal('the token has expired')
    return { user: 'alice', expiresMs: 5000 }
  })

  it('takes a good token', async () => {
    const token = async (): Promise<string> => 'good'
    expect(await converse(server, { mechanism: 'OAUTHBEARER', token })).toEqual({ user: 'alice', expiresMs: 5000 })
  })

  it('tells why a token is refused, once that is acknowledged', async () => {
    const token = async (): Promise<string> => 'bad'
    await expect(converse(server, { mechanism: 'OAUTHBEARER', token })).rejects.toThrow(/has expired/)
  })

  it('refuses to act for someone else', async () => {
    const conversation = server.start()
    await conversation.respond(Buffer.from('n,a=bob,\x01auth=Bearer good\x01\x01'))
    await expect(conversation.respond(Buffer.from('\x01'))).rejects.toThrow(/authorization id/)
  })
})
