/** The quorum under the metadata log, as others may see it. One node is a quorum of one. */
export interface Quorum {
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly voters: readonly QuorumReplica[]
  readonly observers: readonly QuorumReplica[]
}

export interface QuorumReplica {
  readonly nodeId: number
  /** Log directory that has the metadata log. Of a voter it is zero: voters that are set by configuration have none (KIP-853). */
  readonly directoryId: string
  readonly logEndOffset: number
}
