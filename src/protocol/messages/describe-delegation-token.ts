/**
 * Delegation tokens of given owners, null for all (KIP-48).
 * v3 also who asked for the token (KIP-373).
 */
import { api, arrayOf, bytes, int16, int32, int64, string } from '../schema/index.js'

export const describeDelegationToken = api({
  key: 41,
  name: 'DescribeDelegationToken',
  versions: [1, 3],
  flexible: 2,
  request: {
    owners: arrayOf({ principalType: string, principalName: string }).nullable(),
  },
  response: {
    errorCode: int16,
    tokens: arrayOf({
      principalType: string,
      principalName: string,
      tokenRequesterPrincipalType: string.since(3),
      tokenRequesterPrincipalName: string.since(3),
      issueTimestamp: int64,
      expiryTimestamp: int64,
      maxTimestamp: int64,
      tokenId: string,
      hmac: bytes,
      renewers: arrayOf({ principalType: string, principalName: string }),
    }),
    throttleTimeMs: int32.default(0),
  },
})
