/** State, members and assignments of share groups (KIP-932). */
import { api, array, arrayOf, bool, int16, int32, string, struct, uuid } from '../schema/index.js'

export const shareGroupDescribe = api({
  key: 77,
  name: 'ShareGroupDescribe',
  versions: [1, 1],
  flexible: 0,
  request: { groupIds: array(string), includeAuthorizedOperations: bool },
  response: {
    throttleTimeMs: int32,
    groups: arrayOf({
      errorCode: int16,
      errorMessage: string.nullable().default(null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      assignorName: string,
      members: arrayOf({
        memberId: string,
        rackId: string.nullable().default(null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        assignment: struct({
          topicPartitions: arrayOf({ topicId: uuid, topicName: string, partitions: array(int32) }),
        }),
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
})
