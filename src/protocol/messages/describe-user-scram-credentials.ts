/** SCRAM mechanisms and iteration counts of users; never the secrets (KIP-554). */
import { api, arrayOf, int16, int32, int8, string } from '../schema/index.js'

export const describeUserScramCredentials = api({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: [0, 0],
  flexible: 0,
  request: {
    users: arrayOf({ name: string }).nullable(),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    results: arrayOf({
      user: string,
      errorCode: int16,
      errorMessage: string.nullable(),
      credentialInfos: arrayOf({ mechanism: int8, iterations: int32 }),
    }),
  },
})
