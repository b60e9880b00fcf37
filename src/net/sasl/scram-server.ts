/**
 * The server of SCRAM-SHA-256 and -512 (RFC 5802, KIP-84): two steps, one HMAC or a few each, so that a peer costs little.
 * An unknown user is answered like a known one, with a salt that stays the same, and refused at the end.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Random } from '../../base/random.js'
import { SaslRefusal, type SaslConversation, type SaslMechanism, type SaslStep } from './sasl-server.js'
import {
  digest,
  hmac,
  scramAttributes,
  scramHash,
  unescapeName,
  xor,
  type ScramCredential,
  type ScramHash,
  type ScramMechanismName,
} from './scram.js'

const FIRST = /^(([ny]),(?:a=([^,]*))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s
const FINAL = /^(c=([^,]+),r=([^,]+)(?:,[^p][^,]*)*),p=([^,]+)$/
const WRONG = 'authentication failed: user or password is wrong'
const ITERATIONS_OF_NOBODY = 4096

export interface ScramUsers {
  credential(mechanism: ScramMechanismName, user: string): ScramCredential | undefined
}

export function scramServer(name: ScramMechanismName, users: ScramUsers, random: Random): SaslMechanism {
  const hash = scramHash(name)
  const secret = random.bytes(32)
  // unknown users must look the same each time they are asked for
  const nobody = (user: string): ScramCredential => ({
    salt: hmac(hash, secret, user).subarray(0, 26),
    iterations: ITERATIONS_OF_NOBODY,
    storedKey: Buffer.alloc(0),
    serverKey: Buffer.alloc(0),
  })
  return {
    name,
    start: () =>
      new ScramConversation(hash, random.bytes(24).toString('base64url'), (user) => {
        return users.credential(name, user) ?? nobody(user)
      }),
  }
}

interface Challenge {
  readonly user: string
  readonly credential: ScramCredential
  readonly nonce: string
  readonly gs2Header: string
  /** Client's first message and the challenge, as the proof covers them. */
  readonly transcript: string
}

class ScramConversation implements SaslConversation {
  private challenge: Challenge | undefined

  constructor(
    private readonly hash: ScramHash,
    private readonly serverNonce: string,
    private readonly credentialOf: (user: string) => ScramCredential,
  ) {}

  respond(token: Buffer): SaslStep {
    const message = token.toString('utf8')
    return this.challenge ? this.finish(message, this.challenge) : this.begin(message)
  }

  private begin(message: string): SaslStep {
    const match = FIRST.exec(message)
    if (!match) throw new SaslRefusal("the first SCRAM message can't be read")
    const [, gs2Header = '', , authorizationId = '', bare = '', name = '', clientNonce = ''] = match
    const user = unescapeName(name)
    if (authorizationId !== '' && unescapeName(authorizationId) !== user) {
      throw new SaslRefusal('the authorization id must be the user, or be left out')
    }
    if (scramAttributes(bare).has('t')) throw new SaslRefusal('delegation tokens are not served')
    const credential = this.credentialOf(user)
    const nonce = clientNonce + this.serverNonce
    const answer = `r=${nonce},s=${credential.salt.toString('base64')},i=${credential.iterations}`
    this.challenge = { user, credential, nonce, gs2Header, transcript: `${bare},${answer}` }
    return { answer: Buffer.from(answer) }
  }

  private finish(message: string, { user, credential, nonce, gs2Header, transcript }: Challenge): SaslStep {
    const match = FINAL.exec(message)
    if (!match) throw new SaslRefusal("the last SCRAM message can't be read")
    const [, withoutProof = '', channelBinding = '', givenNonce = '', proof = ''] = match
    // whole and exact: a nonce that only ends so could be another conversation's (CVE-2024-56128)
    if (givenNonce !== nonce || Buffer.from(channelBinding, 'base64').toString() !== gs2Header) {
      throw new SaslRefusal('the last SCRAM message does not belong to the first')
    }
    const signed = `${transcript},${withoutProof}`
    const signature = hmac(this.hash, credential.storedKey, signed)
    const given = Buffer.from(proof, 'base64')
    if (given.length !== signature.length) throw new SaslRefusal(WRONG)
    const key = digest(this.hash, xor(given, signature))
    if (key.length !== credential.storedKey.length || !timingSafeEqual(key, credential.storedKey)) {
      throw new SaslRefusal(WRONG)
    }
    const verifier = hmac(this.hash, credential.serverKey, signed).toString('base64')
    return { answer: Buffer.from(`v=${verifier}`), identity: { user } }
  }
}
