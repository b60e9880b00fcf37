/**
 * Carries one SASL token each way after SaslHandshake v1 (KIP-152).
 * v1 session lifetime, for re-authentication (KIP-368).
 */
import { api, bytes, int16, int64, string } from '../schema/index.js'

export const saslAuthenticate = api({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexible: 2,
  request: { authBytes: bytes },
  response: {
    errorCode: int16,
    errorMessage: string.nullable(),
    authBytes: bytes,
    sessionLifetimeMs: int64.since(1).ignorable(),
  },
})
