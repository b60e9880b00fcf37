/**
 * Reads record batches. Used by consumers and, with a replica id, by followers, whose fetch offset acknowledges what
 * they have.
 * v7 fetch sessions (KIP-227) · v9 leader epoch (KIP-320) · v10 zstd (KIP-110) · v11 rack, preferred replica (KIP-392)
 * · v12 diverging epochs instead of truncation round trips (KIP-595) · v13 topic ids (KIP-516) · v15 replica state
 * with epoch (KIP-903) · v16 endpoints of new leaders (KIP-951) · v17 directory id (KIP-853) · v18 high watermark of
 * the follower (KIP-1166).
 */
import { api, array, arrayOf, int16, int32, int64, int8, records, string, struct, uuid } from '../schema/index.js'

export const fetch = api({
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexible: 12,
  request: {
    clusterId: string.since(12).nullable().default(null).tagged(0).ignorable(),
    replicaId: int32.until(14).default(-1),
    replicaState: struct({ replicaId: int32.default(-1), replicaEpoch: int64.default(-1) })
      .since(15)
      .tagged(1),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fff_ffff),
    isolationLevel: int8.default(0),
    sessionId: int32.since(7).ignorable(),
    sessionEpoch: int32.since(7).default(-1).ignorable(),
    topics: arrayOf({
      topic: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitions: arrayOf({
        partition: int32,
        currentLeaderEpoch: int32.since(9).default(-1).ignorable(),
        fetchOffset: int64,
        lastFetchedEpoch: int32.since(12).default(-1),
        logStartOffset: int64.since(5).default(-1).ignorable(),
        partitionMaxBytes: int32,
        replicaDirectoryId: uuid.since(17).tagged(0).ignorable(),
        highWatermark: int64.since(18).default(Number.MAX_SAFE_INTEGER).tagged(1).ignorable(),
      }),
    }),
    forgottenTopicsData: arrayOf({
      topic: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitions: array(int32),
    }).since(7),
    rackId: string.since(11).ignorable(),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(7).ignorable(),
    sessionId: int32.since(7),
    responses: arrayOf({
      topic: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: int64,
        lastStableOffset: int64.default(-1),
        logStartOffset: int64.since(5).default(-1).ignorable(),
        divergingEpoch: struct({ epoch: int32.default(-1), endOffset: int64.default(-1) })
          .since(12)
          .tagged(0),
        currentLeader: struct({ leaderId: int32.default(-1), leaderEpoch: int32.default(-1) })
          .since(12)
          .tagged(1),
        snapshotId: struct({ endOffset: int64.default(-1), epoch: int32.default(-1) })
          .since(12)
          .tagged(2),
        abortedTransactions: arrayOf({ producerId: int64, firstOffset: int64 }).nullable(),
        preferredReadReplica: int32.since(11).default(-1),
        records,
      }),
    }),
    nodeEndpoints: arrayOf({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    })
      .since(16)
      .tagged(0),
  },
})
