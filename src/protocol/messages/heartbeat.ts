/**
 * Keeps a member of a classic group alive, and tells it of a rebalance through REBALANCE_IN_PROGRESS.
 * v3 static members (KIP-345) · v4 flexible.
 */
import { api, int16, int32, string } from '../schema/index.js'

export const heartbeat = api({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexible: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
  },
  response: { throttleTimeMs: int32.since(1).ignorable(), errorCode: int16 },
})
