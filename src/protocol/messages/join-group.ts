/**
 * Joins a classic group. The answer waits until the group's rebalance has gathered its members; the leader gets them
 * all.
 * v1 rebalance time-out · v4 a member id is handed out first and the join repeated (KIP-394) · v5 static members
 * (KIP-345) · v7 protocol type and name (KIP-559) · v8 reason (KIP-800) · v9 tells a restarted static leader to skip
 * the assignment (KIP-814).
 * Version 0 uses the session time-out as rebalance time-out.
 */
import { api, arrayOf, bool, bytes, int16, int32, string } from '../schema/index.js'

export const joinGroup = api({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexible: 6,
  request: {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: int32.since(1).default(-1).ignorable(),
    memberId: string,
    groupInstanceId: string.since(5).nullable().default(null),
    protocolType: string,
    protocols: arrayOf({ name: string, metadata: bytes }),
    reason: string.since(8).nullable().default(null).ignorable(),
  },
  response: {
    throttleTimeMs: int32.since(2).ignorable(),
    errorCode: int16,
    generationId: int32.default(-1),
    protocolType: string.since(7).nullable().default(null).ignorable(),
    protocolName: string.nullable(7),
    leader: string,
    skipAssignment: bool.since(9),
    memberId: string,
    members: arrayOf({
      memberId: string,
      groupInstanceId: string.since(5).nullable().default(null).ignorable(),
      metadata: bytes,
    }),
  },
})
