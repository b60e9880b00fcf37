/** Moves replicas to other log directories of the same broker (KIP-113). */
import { api, array, arrayOf, int16, int32, string } from '../schema/index.js'

export const alterReplicaLogDirs = api({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [1, 2],
  flexible: 2,
  request: {
    dirs: arrayOf({
      path: string,
      topics: arrayOf({ name: string, partitions: array(int32) }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({
      topicName: string,
      partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
