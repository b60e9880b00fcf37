/** Carries a SASL token each way. v1 tells how long the session lasts (KIP-368). */
import { ErrorCode } from '../../protocol/errors.js'
import { saslAuthenticate } from '../../protocol/messages/index.js'
import { handler } from './handler.js'

export const saslAuthenticateHandler = handler(saslAuthenticate, () => ({ authBytes }, { session }) => {
  if (session) return session.authenticate(authBytes)
  const errorMessage = 'this listener does not authenticate by SASL'
  return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, errorMessage, authBytes: Buffer.alloc(0) }
})
