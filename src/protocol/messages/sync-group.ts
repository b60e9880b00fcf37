/**
 * Second half of joining a classic group: the leader hands in the assignment, every member gets its own part.
 * v3 static members (KIP-345) · v5 protocol type and name, checked against the group's (KIP-559).
 */
import { api, arrayOf, bytes, int16, int32, string } from '../schema/index.js'

export const syncGroup = api({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
    protocolType: string.since(5).nullable().default(null).ignorable(),
    protocolName: string.since(5).nullable().default(null).ignorable(),
    assignments: arrayOf({ memberId: string, assignment: bytes }),
  },
  response: {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16,
    protocolType: string.since(5).nullable().default(null).ignorable(),
    protocolName: string.since(5).nullable().default(null).ignorable(),
    assignment: bytes,
  },
})
