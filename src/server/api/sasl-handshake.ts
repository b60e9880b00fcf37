/** Agrees on a SASL mechanism. v0 is followed by bare tokens, v1 by SaslAuthenticate (KIP-152). */
import { ErrorCode } from '../../protocol/errors.js'
import { saslHandshake } from '../../protocol/messages/index.js'
import { handler } from './handler.js'

export const saslHandshakeHandler = handler(saslHandshake, () => ({ mechanism }, { session, apiVersion }) => {
  // a listener without SASL has no such conversation
  if (!session) return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] }
  return session.handshake(mechanism, apiVersion)
})
