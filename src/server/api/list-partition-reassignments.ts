/** Partitions whose replicas are being moved (KIP-455). On one node there is nowhere to move them. */
import { ErrorCode } from '../../protocol/errors.js'
import { listPartitionReassignments } from '../../protocol/messages/list-partition-reassignments.js'
import { handler } from './handler.js'

export const listPartitionReassignmentsHandler = handler(listPartitionReassignments, () => () => ({
  errorCode: ErrorCode.NONE,
  errorMessage: null,
  topics: [],
}))
