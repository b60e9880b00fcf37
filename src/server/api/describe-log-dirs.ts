/** Log directories, with the sizes of the partitions in them: of some topics, or of all when none is named. */
import { ErrorCode } from '../../protocol/errors.js'
import { describeLogDirs } from '../../protocol/messages/describe-log-dirs.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { ReplicaDirectory } from '../replica/replicas.js'
import { handler } from './handler.js'

type Asked = RequestOf<typeof describeLogDirs>['topics']
type Answer = ResponseOf<typeof describeLogDirs>['results'][number]
type TopicAnswer = Answer['topics'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

export const describeLogDirsHandler = handler(
  describeLogDirs,
  ({ replicas, settings }: Pick<Broker, 'replicas' | 'settings'>) =>
    async ({ topics }) => {
      const cordoned = settings.list('cordoned.log.dirs')
      const results = replicas.directories.map((directory) => describe(directory, topics, cordoned))
      return { errorCode: ErrorCode.NONE, results: await Promise.all(results) }
    },
)

async function describe(directory: ReplicaDirectory, asked: Asked, cordoned: readonly string[]): Promise<Answer> {
  const { path, online } = directory
  const isCordoned = cordoned.includes(path)
  if (!online) return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir: path, topics: [], isCordoned }
  const wanted = asked && new Map(asked.map(({ topic, partitions }) => [topic, new Set(partitions)]))
  const topics = new Map<string, PartitionAnswer[]>()
  for (const { topic, partition, sizeInBytes } of directory.replicas()) {
    if (wanted && !wanted.get(topic)?.has(partition)) continue
    const answer = { partitionIndex: partition, partitionSize: sizeInBytes, offsetLag: 0, isFutureKey: false }
    const known = topics.get(topic)
    if (known) known.push(answer)
    else topics.set(topic, [answer])
  }
  const { totalBytes, usableBytes } = await directory.space()
  return {
    errorCode: ErrorCode.NONE,
    logDir: path,
    topics: [...topics].map(([name, partitions]) => ({ name, partitions })),
    totalBytes,
    usableBytes,
    isCordoned,
  }
}
