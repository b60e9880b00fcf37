/**
 * Log directories of a broker, and sizes and lags of the replicas in them (KIP-113).
 * v3 an error for the whole answer · v4 total and usable bytes (KIP-827) · v5 whether a directory is cordoned
 * (KIP-1066).
 */
import { api, array, arrayOf, bool, int16, int32, int64, string } from '../schema/index.js'

export const describeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [1, 5],
  flexible: 2,
  request: {
    topics: arrayOf({ topic: string, partitions: array(int32) }).nullable(),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(3).ignorable(),
    results: arrayOf({
      errorCode: int16,
      logDir: string,
      topics: arrayOf({
        name: string,
        partitions: arrayOf({
          partitionIndex: int32,
          partitionSize: int64,
          offsetLag: int64,
          isFutureKey: bool,
        }),
      }),
      totalBytes: int64.since(4).default(-1).ignorable(),
      usableBytes: int64.since(4).default(-1).ignorable(),
      isCordoned: bool.since(5).ignorable(),
    }),
  },
})
