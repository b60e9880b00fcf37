/** Histories as a correct broker and correct clients would give them, made from a seed, to plant violations in. */
import type { Random } from '../../src/base/random.js'
import type { FinalLog, History, HistoryEvent, LogRecord, Sent } from './history.js'

/** For a test to change. */
export interface Draft extends History {
  events: HistoryEvent[]
  logs: (FinalLog & { all: LogRecord[]; committed: LogRecord[] })[]
}

const PARTITIONS = 2
const GROUP = 'copiers'

/** Producers with and without transactions write to `in`, some acknowledgements are lost, a group copies `in` to `out`. */
export function simulated(random: Random, rounds = 30): Draft {
  const events: HistoryEvent[] = []
  const log = (topic: string, partition: number): Draft['logs'][number] => ({
    topic,
    partition,
    all: [],
    committed: [],
  })
  const input = Array.from({ length: PARTITIONS }, (_, partition) => log('in', partition))
  const output = [log('out', 0)]
  const hidden = new Set<string>()

  const append = (to: Draft['logs'][number], send: Omit<Sent, 'type' | 'topic' | 'partition'>, lost: boolean): void => {
    const { topic, partition } = to
    // a transaction's marker has an offset of its own
    const offset = (to.all.at(-1)?.offset ?? -1) + 1 + random.below(2)
    events.push({ type: 'send', topic, partition, ...send })
    to.all.push({ offset, value: send.value })
    if (lost) events.push({ type: 'result', value: send.value, outcome: 'unknown' })
    else events.push({ type: 'result', value: send.value, outcome: 'acked', offset })
  }
  let count = 0
  const next = (producer: string): string => `${producer}/${count++}`
  for (let round = 0; round < rounds; round++) {
    const transaction = random.below(3) === 0 ? undefined : `t${round}`
    const producer = transaction === undefined ? 'plain' : `writer${random.below(2)}`
    const outcome = (['committed', 'committed', 'aborted', 'unknown'] as const)[random.below(4)]!
    const isSeen = outcome === 'committed' || (outcome === 'unknown' && random.below(2) === 0)
    for (let i = 1 + random.below(3); i > 0; i--) {
      const value = next(producer)
      append(input[random.below(PARTITIONS)]!, { producer, value, transaction }, !transaction && random.below(5) === 0)
      if (transaction !== undefined && !isSeen) hidden.add(value)
    }
    if (transaction === undefined) continue
    if (outcome !== 'aborted') events.push({ type: 'committing', transaction })
    events.push({ type: 'ended', transaction, outcome })
  }
  for (const one of input) one.committed.push(...one.all.filter(({ value }) => !hidden.has(value)))

  const consumers = new Map<string, { group?: string; isolation: 'read_committed' | 'read_uncommitted' }>()
  for (const { topic, partition, committed, all } of input) {
    let from = 0
    for (let life = 0; from < committed.length; life++) {
      const consumer = `c${partition}.${life}`
      consumers.set(consumer, { group: GROUP, isolation: 'read_committed' })
      events.push({ type: 'position', consumer, topic, partition })
      const until = Math.min(from + 1 + random.below(6), committed.length)
      const transaction = `copy ${consumer}`
      const read = committed.slice(from, until)
      for (const { offset, value } of read) events.push({ type: 'read', consumer, topic, partition, offset, value })
      for (const { value } of read) {
        append(output[0]!, { producer: consumer, value: next(consumer), transaction, about: value }, false)
      }
      const isKept = random.below(4) > 0
      const offsets = [{ group: GROUP, topic, partition, offset: read.at(-1)!.offset + 1 }]
      if (isKept) events.push({ type: 'committing', transaction })
      events.push({ type: 'ended', transaction, outcome: isKept ? 'committed' : 'aborted', offsets })
      if (!isKept) continue
      from = until
      output[0]!.committed.push(...output[0]!.all.slice(-read.length))
    }
    consumers.set(`all${partition}`, { isolation: 'read_uncommitted' })
    events.push({ type: 'position', consumer: `all${partition}`, topic, partition, offset: 0 })
    for (const { offset, value } of all) {
      events.push({ type: 'read', consumer: `all${partition}`, topic, partition, offset, value })
    }
  }
  return {
    events,
    consumers,
    logs: [...input, ...output],
    readers: [{ group: GROUP, topic: 'in', isolation: 'read_committed' }],
    transforms: [{ from: 'in', to: 'out' }],
  }
}
