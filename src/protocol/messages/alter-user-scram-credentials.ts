/** Sets and deletes users' SCRAM credentials; the client salts the password (KIP-554). */
import { api, arrayOf, bytes, int16, int32, int8, string } from '../schema/index.js'

export const alterUserScramCredentials = api({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: [0, 0],
  flexible: 0,
  request: {
    deletions: arrayOf({ name: string, mechanism: int8 }),
    upsertions: arrayOf({
      name: string,
      mechanism: int8,
      iterations: int32,
      salt: bytes,
      saltedPassword: bytes,
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({ user: string, errorCode: int16, errorMessage: string.nullable() }),
  },
})
