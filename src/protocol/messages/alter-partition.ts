/**
 * A partition leader proposes a new in-sync set to the controller (KIP-497).
 * v2 topic ids (KIP-841) · v3 broker epochs of the in-sync replicas, so that a restarted one is not let in by mistake
 * (KIP-903).
 */
import { api, array, arrayOf, int16, int32, int64, int8, uuid } from '../schema/index.js'

export const alterPartition = api({
  key: 56,
  name: 'AlterPartition',
  versions: [2, 3],
  flexible: 2,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    topics: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partitionIndex: int32,
        leaderEpoch: int32,
        newIsr: array(int32).until(2),
        newIsrWithEpochs: arrayOf({ brokerId: int32, brokerEpoch: int64.default(-1) }).since(3),
        leaderRecoveryState: int8.default(0),
        partitionEpoch: int32,
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    topics: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        leaderId: int32,
        leaderEpoch: int32,
        isr: array(int32),
        leaderRecoveryState: int8.default(0),
        partitionEpoch: int32,
      }),
    }),
  },
})
