/** JSON Web Tokens (RFC 7519) in the compact form: taken apart, and their signature checked. */
import { verify, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto'
import { constants } from 'node:crypto'
import { SaslRefusal } from '../../net/index.js'

export interface JsonWebToken {
  readonly algorithm: string
  readonly keyId: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
  /** What the signature covers. */
  readonly signed: Buffer
  readonly signature: Buffer
}

/** @throws SaslRefusal */
export function parseToken(text: string): JsonWebToken {
  const parts = text.split('.')
  if (parts.length !== 3) throw new SaslRefusal('the token is no JSON Web Token')
  const [header, claims] = [json(parts[0]!), json(parts[1]!)]
  const { alg, kid } = header
  if (typeof alg !== 'string') throw new SaslRefusal('the token names no algorithm')
  return {
    algorithm: alg,
    keyId: typeof kid === 'string' ? kid : undefined,
    claims,
    signed: Buffer.from(`${parts[0]}.${parts[1]}`),
    signature: Buffer.from(parts[2]!, 'base64url'),
  }
}

function json(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // said below
  }
  throw new SaslRefusal("the token can't be read")
}

interface Algorithm {
  readonly keyType: string
  readonly hash: string
  readonly options: Omit<VerifyKeyObjectInput, 'key'>
}

const rsa = (hash: string): Algorithm => ({ keyType: 'rsa', hash, options: {} })
const pss = (hash: string, saltLength: number): Algorithm => ({
  keyType: 'rsa',
  hash,
  options: {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength,
  },
})
const ec = (hash: string): Algorithm => ({ keyType: 'ec', hash, options: { dsaEncoding: 'ieee-p1363' } })

/** Public-key algorithms only: a shared secret has no place in a set of public keys. */
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: pss('sha256', 32),
  PS384: pss('sha384', 48),
  PS512: pss('sha512', 64),
  ES256: ec('sha256'),
  ES384: ec('sha384'),
  ES512: ec('sha512'),
}

/** @throws SaslRefusal */
export function checkSignature(token: JsonWebToken, key: KeyObject): void {
  const algorithm = Object.hasOwn(ALGORITHMS, token.algorithm) ? ALGORITHMS[token.algorithm] : undefined
  if (!algorithm || key.asymmetricKeyType !== algorithm.keyType) {
    throw new SaslRefusal("the token's algorithm is not accepted")
  }
  if (!verify(algorithm.hash, token.signed, { key, ...algorithm.options }, token.signature)) {
    throw new SaslRefusal("the token's signature is not valid")
  }
}
