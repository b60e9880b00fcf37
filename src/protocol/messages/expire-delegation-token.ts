/** Sets when a delegation token ends; a negative period ends it at once (KIP-48). */
import { api, bytes, int16, int32, int64 } from '../schema/index.js'

export const expireDelegationToken = api({
  key: 40,
  name: 'ExpireDelegationToken',
  versions: [1, 2],
  flexible: 2,
  request: { hmac: bytes, expiryTimePeriodMs: int64 },
  response: {
    errorCode: int16,
    expiryTimestampMs: int64,
    throttleTimeMs: int32.default(0),
  },
})
