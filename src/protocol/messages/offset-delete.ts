/** Forgets committed offsets of a group for topics that it is not subscribed to (KIP-496). Never flexible. */
import { api, arrayOf, int16, int32, string } from '../schema/index.js'

export const offsetDelete = api({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  request: {
    groupId: string,
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32 }),
    }),
  },
  response: {
    errorCode: int16,
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
