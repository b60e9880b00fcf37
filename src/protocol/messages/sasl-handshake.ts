/**
 * Agrees on a SASL mechanism.
 * v0 is followed by raw tokens on the wire, v1 by SaslAuthenticate requests (KIP-152).
 * Never flexible: old clients would not find the version.
 */
import { api, array, int16, string } from '../schema/index.js'

export const saslHandshake = api({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  request: { mechanism: string },
  response: { errorCode: int16, mechanisms: array(string) },
})
