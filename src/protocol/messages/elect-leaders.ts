/**
 * Elects leaders: the preferred replica or, on request, one out of sync.
 * v1 election type (KIP-460).
 */
import { api, array, arrayOf, int16, int32, int8, string } from '../schema/index.js'

export const electLeaders = api({
  key: 43,
  name: 'ElectLeaders',
  versions: [0, 2],
  flexible: 2,
  request: {
    electionType: int8.since(1),
    topicPartitions: arrayOf({ topic: string, partitions: array(int32) }).nullable(),
    timeoutMs: int32.default(60_000),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(1),
    replicaElectionResults: arrayOf({
      topic: string,
      partitionResult: arrayOf({
        partitionId: int32,
        errorCode: int16,
        errorMessage: string.nullable(),
      }),
    }),
  },
})
