/**
 * The client's side of SASL, mechanism by mechanism: what is sent first, and what is answered to each message of the
 * broker's. PLAIN (RFC 4616), SCRAM-SHA-256 and -512 (RFC 5802, KIP-84), OAUTHBEARER (RFC 7628, KIP-255), GSSAPI (RFC 4752).
 * Others are the caller's to hold.
 */
import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '../base/random.js'
import { OutboundError } from './outbound-error.js'
import { gssapi, type GssapiContext, type GssapiService } from './sasl/gssapi.js'
import { kerberosContext } from './sasl/kerberos.js'
import { digest, escapeName, hmac, scramAttributes, scramHash, xor, type ScramHash } from './sasl/scram.js'

export type OutboundSaslOptions =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: string
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => Promise<string> }
  | GssapiOptions
  | {
      /** Any other. */
      readonly mechanism: string
      readonly authenticate: (
        exchange: SaslExchange,
        broker: { readonly host: string; readonly port: number },
      ) => Promise<void>
    }

export interface GssapiOptions {
  readonly mechanism: 'GSSAPI'
  /** `sasl.kerberos.service.name`: the first part of the brokers' principals. Default 'kafka'. */
  readonly serviceName?: string | undefined
  /** As whom; default: whoever the credentials at hand are of. */
  readonly principal?: string | undefined
  /** GSS-API, for each time that a broker is to know us. Default: that of the package `kerberos`, to be installed beside. */
  readonly context?: ((service: GssapiService) => GssapiContext | Promise<GssapiContext>) | undefined
}

/** Sends one message of the conversation, and gives what the broker answers. */
export type SaslExchange = (message: Buffer) => Promise<Buffer>

/** @throws OutboundError 'auth' when the broker can't prove that it knows the password */
export async function authenticate(
  options: OutboundSaslOptions,
  exchange: SaslExchange,
  random: Random,
  broker: { readonly host: string; readonly port: number } = { host: '', port: 0 },
): Promise<void> {
  if ('authenticate' in options) return holdConversation(options, exchange, broker)
  switch (options.mechanism) {
    case 'PLAIN':
      await exchange(Buffer.from(`\0${options.username}\0${options.password}`))
      return
    case 'OAUTHBEARER': {
      const token = await options.token()
      const refusal = await exchange(Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`))
      // a refused token is answered with a reason, and ends with a message of one byte
      if (refusal.length > 0) {
        await exchange(Buffer.from('\x01'))
        throw new OutboundError('auth', `the broker refused the token: ${refusal.toString()}`)
      }
      return
    }
    case 'GSSAPI':
      return holdConversation(gssapiConversation(options), exchange, broker)
    default:
      await scram(scramHash(options.mechanism), options, exchange, random)
  }
}

type Conversation = Extract<OutboundSaslOptions, { authenticate: unknown }>

function gssapiConversation({ serviceName = 'kafka', principal, context }: GssapiOptions): Conversation {
  return {
    mechanism: 'GSSAPI',
    async authenticate(exchange, { host }) {
      const service = { serviceName, host, principal }
      await gssapi(await (context ?? kerberosContext)(service), exchange)
    },
  }
}

async function holdConversation(
  options: Conversation,
  exchange: SaslExchange,
  broker: { readonly host: string; readonly port: number },
): Promise<void> {
  try {
    await options.authenticate(exchange, broker)
  } catch (error) {
    if (error instanceof OutboundError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new OutboundError('auth', `SASL ${options.mechanism} with ${broker.host}:${broker.port}: ${reason}`, error)
  }
}

const MIN_ITERATIONS = 4096
const derive = promisify(pbkdf2)

async function scram(
  hash: ScramHash,
  { username, password }: { username: string; password: string },
  exchange: SaslExchange,
  random: Random,
): Promise<void> {
  const nonce = random.bytes(24).toString('base64url')
  const firstBare = `n=${escapeName(username)},r=${nonce}`
  const serverFirst = (await exchange(Buffer.from(`n,,${firstBare}`))).toString()
  const given = scramAttributes(serverFirst)
  const [fullNonce, salt, iterations] = [given.get('r') ?? '', given.get('s') ?? '', Number(given.get('i'))]
  if (!fullNonce.startsWith(nonce) || fullNonce.length === nonce.length || salt === '') {
    throw new OutboundError('auth', `the broker's SCRAM challenge is not valid`)
  }
  if (!(iterations >= MIN_ITERATIONS)) {
    throw new OutboundError(
      'auth',
      `the broker asks for ${iterations} SCRAM iterations; at least ${MIN_ITERATIONS} are due`,
    )
  }
  const bytes = hash === 'sha256' ? 32 : 64
  const salted = await derive(password.normalize('NFKC'), Buffer.from(salt, 'base64'), iterations, bytes, hash)
  const clientKey = hmac(hash, salted, 'Client Key')
  const finalBare = `c=biws,r=${fullNonce}`
  const transcript = `${firstBare},${serverFirst},${finalBare}`
  const signature = hmac(hash, digest(hash, clientKey), transcript)
  const proof = xor(clientKey, signature)
  const serverFinal = scramAttributes(
    (await exchange(Buffer.from(`${finalBare},p=${proof.toString('base64')}`))).toString(),
  )
  const error = serverFinal.get('e')
  if (error !== undefined) throw new OutboundError('auth', `the broker refused ${username}: ${error}`)
  const expected = hmac(hash, hmac(hash, salted, 'Server Key'), transcript)
  const told = Buffer.from(serverFinal.get('v') ?? '', 'base64')
  if (told.length !== expected.length || !timingSafeEqual(told, expected)) {
    throw new OutboundError('auth', 'the broker did not prove that it knows the password')
  }
}
