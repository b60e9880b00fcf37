/**
 * Starts or, with null replicas, cancels moves of partitions to other brokers (KIP-455).
 * v1 may forbid that the replication factor changes on the way.
 */
import { api, array, arrayOf, bool, int16, int32, string } from '../schema/index.js'

export const alterPartitionReassignments = api({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: [0, 1],
  flexible: 0,
  request: {
    timeoutMs: int32.default(60_000),
    allowReplicationFactorChange: bool.since(1).default(true),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        replicas: array(int32).nullable().default(null),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    allowReplicationFactorChange: bool.since(1).default(true).ignorable(),
    errorCode: int16,
    errorMessage: string.nullable(),
    responses: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable(),
      }),
    }),
  },
})
