/** A broker reserves a block of producer ids at the controller (KIP-730). */
import { api, int16, int32, int64 } from '../schema/index.js'

export const allocateProducerIds = api({
  key: 67,
  name: 'AllocateProducerIds',
  versions: [0, 0],
  flexible: 0,
  request: { brokerId: int32, brokerEpoch: int64.default(-1) },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerIdStart: int64,
    producerIdLen: int32,
  },
})
