import { describe, expect, it } from 'vitest'
import { pbkdf2Sync } from 'node:crypto'
import { seededRandom, type Random } from '../base/random.js'
import { authenticate } from './outbound-sasl.js'
import type { GssapiContext, GssapiService } from './sasl/gssapi.js'
import { SaslRefusal } from './sasl/sasl-server.js'
import { scramHash, scramKeys } from './sasl/scram.js'
import { scramServer } from './sasl/scram-server.js'

const NONCE = 'rOprNGfwEbeRWWbNEkqO'
const random: Random = { ...seededRandom(1), bytes: () => Buffer.from(NONCE, 'base64url') }
const SCRAM = { mechanism: 'SCRAM-SHA-256', username: 'user', password: 'pencil' } as const

/** A broker that plays these answers; what it was sent is kept. */
function playing(...answers: string[]): { sent: string[]; exchange: (message: Buffer) => Promise<Buffer> } {
  const sent: string[] = []
  return {
    sent,
    exchange: async (message) => {
      sent.push(message.toString())
      return Buffer.from(answers.shift() ?? '')
    },
  }
}

const CHALLENGE = `r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`
const VERIFIER = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

describe('SASL', () => {
  it.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
    '%s proves that both sides know the password',
    async (mechanism) => {
      const hash = scramHash(mechanism)
      const salt = Buffer.from('salt')
      const salted = pbkdf2Sync('pencil', salt, 4096, hash === 'sha256' ? 32 : 64, hash)
      const credential = { salt, iterations: 4096, ...scramKeys(hash, salted) }
      const server = scramServer(mechanism, { credential: () => credential }, seededRandom(2))
      const logIn = async (password: string): Promise<void> => {
        const conversation = server.start()
        const exchange = async (message: Buffer): Promise<Buffer> => (await conversation.respond(message)).answer
        await authenticate({ mechanism, username: 'us=er,', password }, exchange, seededRandom(3))
      }
      await logIn('pencil')
      await expect(logIn('crayon')).rejects.toBeInstanceOf(SaslRefusal)
    },
  )

  it('SCRAM trusts no broker that does not know the password, or asks for too little', async () => {
    const refusals = [
      playing(CHALLENGE, VERIFIER.replace('6rr', '7rr')),
      playing(CHALLENGE, 'e=invalid-proof'),
      playing(CHALLENGE.replace('i=4096', 'i=1')),
      playing(CHALLENGE.replace(NONCE, 'another')),
    ]
    for (const { exchange } of refusals) {
      await expect(authenticate(SCRAM, exchange, random)).rejects.toMatchObject({ kind: 'auth' })
    }
  })

  it('SCRAM escapes what would end a name', async () => {
    const broker = playing('')
    await authenticate({ ...SCRAM, username: 'a,b=c' }, broker.exchange, random).catch(() => {})
    expect(broker.sent[0]).toBe(`n,,n=a=2Cb=3Dc,r=${NONCE}`)
  })

  it('leaves a mechanism that it does not know to its caller, and tells what went wrong there', async () => {
    const broker = playing('challenge', '')
    const mechanism = {
      mechanism: 'X-ECHO',
      authenticate: async (exchange: (token: Buffer) => Promise<Buffer>, { host }: { host: string }) => {
        await exchange(Buffer.concat([Buffer.from(`${host}:`), await exchange(Buffer.from('hello'))]))
      },
    }
    await authenticate(mechanism, broker.exchange, random, { host: 'broker', port: 1 })
    expect(broker.sent).toEqual(['hello', 'broker:challenge'])
    const failing = { mechanism: 'X', authenticate: () => Promise.reject(new Error('no ticket')) }
    await expect(authenticate(failing, broker.exchange, random)).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringContaining('no ticket'),
    })
  })

  it('PLAIN and OAUTHBEARER say what they should, and tell why a token was refused', async () => {
    const plain = playing('')
    await authenticate({ mechanism: 'PLAIN', username: 'u', password: 'p' }, plain.exchange, random)
    expect(plain.sent).toEqual(['\0u\0p'])
    const bearer = playing('')
    const token = async (): Promise<string> => 'abc'
    await authenticate({ mechanism: 'OAUTHBEARER', token }, bearer.exchange, random)
    expect(bearer.sent).toEqual(['n,,\x01auth=Bearer abc\x01\x01'])
    const refusing = playing('{"status":"invalid_token"}', '')
    const refused = authenticate({ mechanism: 'OAUTHBEARER', token }, refusing.exchange, random)
    await expect(refused).rejects.toThrow('invalid_token')
  })
})

describe('SASL GSSAPI', () => {
  /** Both sides' tokens are words; `wrapped(…)` is what is protected. Complete after so many steps. */
  const context = (steps: number): GssapiContext => {
    let taken = 0
    return {
      get isComplete() {
        return taken >= steps
      },
      step: async (token) => Buffer.from(taken++ === 0 ? 'ticket' : token!.toString() === 'theirs' ? '' : 'more'),
      unwrap: async (message) => Buffer.from(/^wrapped\((.*)\)$/.exec(message.toString())![1]!, 'hex'),
      wrap: async (message) => Buffer.from(`wrapped(${message.toString('hex')})`),
    }
  }
  const logIn = async (steps: number, ...answers: string[]) => {
    const services: GssapiService[] = []
    const made = (service: GssapiService): GssapiContext => {
      services.push(service)
      return context(steps)
    }
    const broker = playing(...answers)
    const node = { host: 'kafka.example.com', port: 9092 }
    await authenticate({ mechanism: 'GSSAPI', context: made }, broker.exchange, random, node)
    return { sent: broker.sent, services }
  }

  it('exchanges tokens until the context stands, and takes no security layer', async () => {
    const { sent, services } = await logIn(2, 'theirs', 'wrapped(07010000)', '')
    expect(sent).toEqual(['ticket', '', 'wrapped(01000000)'])
    expect(services).toEqual([{ serviceName: 'kafka', host: 'kafka.example.com', principal: undefined }])
  })

  it('takes the offer as the answer to the first token where that was enough, or to the third', async () => {
    expect((await logIn(1, 'wrapped(01000000)', '')).sent).toEqual(['ticket', 'wrapped(01000000)'])
    expect((await logIn(3, 'ask', 'theirs', 'wrapped(01000000)', '')).sent).toEqual([
      'ticket',
      'more',
      '',
      'wrapped(01000000)',
    ])
  })

  it('trusts no broker that insists on a layer, or never ends', async () => {
    await expect(logIn(2, 'theirs', 'wrapped(06010000)')).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringContaining('insists'),
    })
    await expect(logIn(2, 'theirs', 'wrapped(01)')).rejects.toMatchObject({ kind: 'auth' })
    await expect(logIn(99)).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringContaining('no context after 10 steps'),
    })
  })

  it('says what to install where there is no GSS-API', async () => {
    const refused = authenticate({ mechanism: 'GSSAPI' }, playing().exchange, random, { host: 'h', port: 1 })
    await expect(refused).rejects.toThrow(/needs the package 'kerberos' \(npm install kerberos\), or a `context`/)
  })
})
