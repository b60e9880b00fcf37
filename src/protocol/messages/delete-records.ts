/** Moves a partition's log start offset up; -1 stands for the high watermark (KIP-107). */
import { api, arrayOf, int16, int32, int64, string } from '../schema/index.js'

export const deleteRecords = api({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexible: 2,
  request: {
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32, offset: int64 }),
    }),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32, lowWatermark: int64, errorCode: int16 }),
    }),
  },
})
