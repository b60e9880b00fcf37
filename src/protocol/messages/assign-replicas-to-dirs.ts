/** A broker tells the controller in which log directories its replicas lie (KIP-858). */
import { api, arrayOf, int16, int32, int64, uuid } from '../schema/index.js'

export const assignReplicasToDirs = api({
  key: 73,
  name: 'AssignReplicasToDirs',
  versions: [0, 0],
  flexible: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    directories: arrayOf({
      id: uuid,
      topics: arrayOf({
        topicId: uuid,
        partitions: arrayOf({ partitionIndex: int32 }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    directories: arrayOf({
      id: uuid,
      topics: arrayOf({
        topicId: uuid,
        partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
      }),
    }),
  },
})
