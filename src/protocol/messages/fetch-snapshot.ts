/**
 * Raft: reads a piece of a metadata snapshot (KIP-630).
 * v1 directory ids and leader endpoints (KIP-853).
 */
import { api, arrayOf, bytes, int16, int32, int64, string, struct, uint16, uuid } from '../schema/index.js'

export const fetchSnapshot = api({
  key: 59,
  name: 'FetchSnapshot',
  versions: [0, 1],
  flexible: 0,
  request: {
    clusterId: string.nullable().default(null).tagged(0),
    replicaId: int32.default(-1),
    maxBytes: int32.default(0x7fff_ffff),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partition: int32,
        currentLeaderEpoch: int32,
        snapshotId: struct({ endOffset: int64, epoch: int32 }),
        position: int64,
        replicaDirectoryId: uuid.since(1).tagged(0).ignorable(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        index: int32,
        errorCode: int16,
        snapshotId: struct({ endOffset: int64, epoch: int32 }),
        currentLeader: struct({ leaderId: int32, leaderEpoch: int32 }).tagged(0),
        size: int64,
        position: int64,
        unalignedRecords: bytes,
      }),
    }),
    nodeEndpoints: arrayOf({ nodeId: int32, host: string, port: uint16 }).since(1).tagged(0),
  },
})
