/** PLAIN (RFC 4616): user and password in one token, in the clear; for connections that something else encrypts. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { SaslRefusal, type SaslMechanism, type SaslStep } from './sasl-server.js'

/** Same words for an unknown user and a wrong password: neither is given away. */
const WRONG = 'authentication failed: user or password is wrong'

/** @param passwordOf undefined: there is no such user */
export function plainServer(passwordOf: (user: string) => string | undefined): SaslMechanism {
  return {
    name: 'PLAIN',
    start: () => ({ respond: (token) => check(token, passwordOf) }),
  }
}

function check(token: Buffer, passwordOf: (user: string) => string | undefined): SaslStep {
  const parts = token.toString('utf8').split('\0')
  const [authorizationId = '', user = '', password = ''] = parts
  if (parts.length !== 3) throw new SaslRefusal('a PLAIN token must be [authorization id] NUL user NUL password')
  if (user === '' || password === '') throw new SaslRefusal('a PLAIN token must have a user and a password')
  const known = passwordOf(user)
  if (!sameText(known ?? '', password) || known === undefined) throw new SaslRefusal(WRONG)
  if (authorizationId !== '' && authorizationId !== user) {
    throw new SaslRefusal('the authorization id must be the user, or be left out')
  }
  return { answer: Buffer.alloc(0), identity: { user } }
}

/** Takes the same time wherever the texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
