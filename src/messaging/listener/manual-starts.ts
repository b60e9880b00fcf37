/** Where partitions that were given by hand begin. */
import type { AdminPort } from '../../client/port.js'
import { KafkaError, topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import { startOffsets } from './offset-reset.js'
import type { NoOffset, Start, StartQuery } from './offset-reset.js'
import type { InitialOffset } from './topic-partition-offset.js'

export async function manualStarts(
  admin: AdminPort,
  query: StartQuery,
  partitions: readonly TopicPartition[],
  initial: (tp: TopicPartition) => InitialOffset,
): Promise<readonly Start[] | NoOffset> {
  const usual = partitions.filter((tp) => !isSet(initial(tp)) || isFromCurrent(initial(tp)))
  // what is relative to the current offset has one where the policy would begin
  const found = await startOffsets(admin, query, usual)
  if ('withoutOffset' in found) return found
  const starts = new Map(found.map((start) => [topicPartitionName(start), start]))
  return Promise.all(
    partitions.map(async ({ topic, partition }) => {
      const tp = { topic, partition }
      const usualStart = starts.get(topicPartitionName(tp))
      const from = initial(tp)
      if (!isSet(from)) return usualStart!
      const committed = usualStart?.committed
      return { ...tp, committed, start: await initialStart(admin, query, tp, from, usualStart) }
    }),
  )
}

const isSet = ({ initialOffset, seekPosition }: InitialOffset): boolean =>
  initialOffset !== undefined || seekPosition !== undefined

const isFromCurrent = ({ initialOffset, relativeToCurrent, seekPosition }: InitialOffset): boolean =>
  relativeToCurrent === true || (typeof initialOffset === 'function' && seekPosition === undefined)

async function initialStart(
  admin: AdminPort,
  { isolation, nowMs }: StartQuery,
  tp: TopicPartition,
  { initialOffset = 0, relativeToCurrent, seekPosition }: InitialOffset,
  usual: Start | undefined,
): Promise<Start['start']> {
  const at = async (where: 'earliest' | 'latest' | { timestampMs: number }): Promise<number | undefined> =>
    (await admin.listOffsets([tp], where, isolation))[0]?.offset
  const end = async (): Promise<number> => (await at('latest')) ?? 0
  if (seekPosition === 'BEGINNING') return 'earliest'
  if (seekPosition === 'END') return end()
  const given = async (current: number): Promise<number> =>
    typeof initialOffset === 'number' ? initialOffset : computed(await initialOffset(current, tp), tp)
  if (seekPosition === 'TIMESTAMP') return (await at({ timestampMs: await given(nowMs) })) ?? (await end())
  if (!relativeToCurrent && typeof initialOffset === 'number' && initialOffset >= 0) return initialOffset
  const first = (await at('earliest')) ?? 0
  const current = typeof usual?.start === 'number' ? usual.start : first
  const base = typeof initialOffset === 'function' ? 0 : relativeToCurrent ? current : await end()
  // before the first there is nothing: the log may have lost its beginning
  return Math.max(base + (await given(current)), first)
}

function computed(value: unknown, tp: TopicPartition): number {
  if (Number.isSafeInteger(value)) return value as number
  const what = `initialOffset of ${topicPartitionName(tp)} must be a whole number, and was computed to be ${String(value)}`
  throw new KafkaError('config', what, { topicPartition: tp })
}
