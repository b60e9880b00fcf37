/** A broker forwards a client's request to the controller, with the client's identity around it (KIP-590). */
import { api, bytes, int16 } from '../schema/index.js'

export const envelope = api({
  key: 58,
  name: 'Envelope',
  versions: [0, 0],
  flexible: 0,
  request: {
    requestData: bytes,
    requestPrincipal: bytes.nullable(),
    clientHostAddress: bytes,
  },
  response: { responseData: bytes.nullable().default(null), errorCode: int16 },
})
