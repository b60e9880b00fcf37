/** Prolongs a delegation token, within its maximum lifetime (KIP-48). */
import { api, bytes, int16, int32, int64 } from '../schema/index.js'

export const renewDelegationToken = api({
  key: 39,
  name: 'RenewDelegationToken',
  versions: [1, 2],
  flexible: 2,
  request: { hmac: bytes, renewPeriodMs: int64 },
  response: {
    errorCode: int16,
    expiryTimestampMs: int64,
    throttleTimeMs: int32.default(0),
  },
})
