/** Where the leader is: what Produce and Fetch tell clients who came to the wrong place or the wrong epoch (KIP-951). */
import { ErrorCode } from '../../protocol/errors.js'
import type { ClusterState } from '../metadata/cluster-state.js'
import { liveBrokers } from './metadata.js'

export interface LeaderHint {
  readonly leaderId: number
  readonly leaderEpoch: number
}

export type NodeEndpoint = ReturnType<typeof liveBrokers> extends Generator<infer Node> ? Node : never

const HINTED: ReadonlySet<ErrorCode> = new Set([ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH])

/** undefined: the error says nothing about the leader, or nobody leads. */
export function leaderHint(
  cluster: ClusterState,
  topic: string,
  partition: number,
  error: ErrorCode,
): LeaderHint | undefined {
  if (!HINTED.has(error)) return undefined
  const state = cluster.topic(topic)?.partitions[partition]
  return state && state.leader >= 0 ? { leaderId: state.leader, leaderEpoch: state.leaderEpoch } : undefined
}

export function endpointsOf(
  cluster: ClusterState,
  listenerName: string,
  hints: readonly (LeaderHint | undefined)[],
): NodeEndpoint[] {
  const leaders = new Set(hints.map((hint) => hint?.leaderId))
  return [...liveBrokers(cluster, listenerName)].filter(({ nodeId }) => leaders.has(nodeId))
}
