/** What consumers saw, against the order of the log. A run is what a consumer reads of a partition from one position on. */
import { topicPartitionName, type TopicPartition } from '../../../src/model/index.js'
import type { Committed, FinalLog, GroupOffset, Isolation, Positioned, Read } from '../history.js'
import { offsetName, type Indexed } from '../indexed.js'
import type { Rule, Violation } from '../violation.js'

interface Run extends TopicPartition {
  readonly consumer: string
  /** The offset that is due; undefined: where the group is, or the beginning. */
  readonly from: number | undefined
  readonly reads: Read[]
  /** How far the group was known to have committed when the run began. */
  readonly committed: number | undefined
}

/** All runs, in order. */
function runsOf({ history }: Indexed): Run[] {
  const runs: Run[] = []
  const current = new Map<string, Run>()
  const committed = new Map<string, number>()
  const key = ({ topic, partition }: TopicPartition, who: string): string => `${who}/${topic}-${partition}`
  const commit = (at: GroupOffset | Committed): void => {
    committed.set(key(at, at.group), Math.max(committed.get(key(at, at.group)) ?? -1, at.offset))
  }
  const begin = ({ topic, partition, consumer, offset }: Omit<Positioned, 'type'>): Run => {
    const group = history.consumers.get(consumer)?.group
    const known = group === undefined ? undefined : committed.get(key({ topic, partition }, group))
    const run: Run = { topic, partition, consumer, from: offset, reads: [], committed: known }
    current.set(key(run, consumer), run)
    runs.push(run)
    return run
  }
  for (const event of history.events) {
    if (event.type === 'commit') commit(event)
    else if (event.type === 'ended' && event.outcome === 'committed') for (const at of event.offsets ?? []) commit(at)
    else if (event.type === 'position') begin(event)
    else if (event.type === 'read') {
      const { topic, partition, consumer } = event
      const run = current.get(key(event, consumer)) ?? begin({ topic, partition, consumer })
      run.reads.push(event)
    }
  }
  return runs
}

/** Within a run, offsets ascend. */
export const wentBack: Rule = (facts) =>
  runsOf(facts).flatMap(({ consumer, from, reads }) => {
    const out: Violation[] = []
    let last = (from ?? 0) - 1
    for (const read of reads) {
      if (read.offset <= last) {
        const what = `${consumer} read ${read.value} after offset ${last}`
        out.push({ kind: 'went back', where: offsetName(read, read.offset), what })
      }
      last = read.offset
    }
    return out
  })

/** Within a run, nothing that the log holds is left out. */
export const skippedReads: Rule = (facts) =>
  runsOf(facts).flatMap((run) => {
    const log = facts.logs.get(topicPartitionName(run))
    if (!log) return []
    const visible = visibleTo(facts.history.consumers.get(run.consumer)?.isolation, log)
    const out: Violation[] = []
    let due = run.from
    for (const read of run.reads) {
      const at = indexFrom(visible, due ?? read.offset)
      const next = visible[at]
      if (next !== undefined && next.offset < read.offset) {
        const what = `${run.consumer} read offset ${read.offset} next, and left out ${next.value}`
        out.push({ kind: 'skipped', where: offsetName(run, next.offset), what })
      }
      due = read.offset + 1
    }
    return out
  })

/** A group that was to read a topic to the end has read all of it. */
export const undelivered: Rule = ({ history }) => {
  const read = new Map<string, Set<string>>()
  for (const event of history.events) {
    if (event.type !== 'read') continue
    const group = history.consumers.get(event.consumer)?.group
    if (group === undefined) continue
    let places = read.get(group)
    if (places === undefined) read.set(group, (places = new Set()))
    places.add(offsetName(event, event.offset))
  }
  return history.readers.flatMap(({ group, topic, isolation }) =>
    history.logs
      .filter((log) => log.topic === topic)
      .flatMap((log) =>
        visibleTo(isolation, log)
          .filter(({ offset }) => !read.get(group)?.has(offsetName(log, offset)))
          .map(({ offset, value }): Violation => {
            return { kind: 'not delivered', where: offsetName(log, offset), what: `${value} to group ${group}` }
          }),
      ),
  )
}

/** A run that begins where its group is does not begin before what was committed. */
export const lostCommits: Rule = (facts) =>
  runsOf(facts).flatMap(({ consumer, from, committed, reads }): Violation[] => {
    const [first] = reads
    if (from !== undefined || committed === undefined || first === undefined || first.offset >= committed) return []
    const what = `${consumer} began there, though ${committed} was committed`
    return [{ kind: 'committed offset lost', where: offsetName(first, first.offset), what }]
  })

const visibleTo = (isolation: Isolation | undefined, log: FinalLog): FinalLog['all'] =>
  isolation === 'read_committed' ? log.committed : log.all

/** Place of the first record at or after the offset. */
function indexFrom(records: FinalLog['all'], offset: number): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (records[middle]!.offset < offset) low = middle + 1
    else high = middle
  }
  return low
}
