/**
 * State of the metadata quorum: leader, voters and observers with their offsets (KIP-595).
 * v1 times of the last fetch and of being caught up (KIP-836) · v2 directory ids, nodes, error messages (KIP-853).
 */
import { api, arrayOf, int16, int32, int64, string, uint16, uuid } from '../schema/index.js'

const replicaState = {
  replicaId: int32,
  replicaDirectoryId: uuid.since(2),
  logEndOffset: int64,
  lastFetchTimestamp: int64.since(1).default(-1).ignorable(),
  lastCaughtUpTimestamp: int64.since(1).default(-1).ignorable(),
}

export const describeQuorum = api({
  key: 55,
  name: 'DescribeQuorum',
  versions: [0, 2],
  flexible: 0,
  request: {
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({ partitionIndex: int32 }),
    }),
  },
  response: {
    errorCode: int16,
    errorMessage: string.since(2).nullable().ignorable(),
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.since(2).nullable().ignorable(),
        leaderId: int32,
        leaderEpoch: int32,
        highWatermark: int64,
        currentVoters: arrayOf(replicaState),
        observers: arrayOf(replicaState),
      }),
    }),
    nodes: arrayOf({
      nodeId: int32,
      listeners: arrayOf({ name: string, host: string, port: uint16 }),
    }).since(2),
  },
})
