/**
 * Partitions given by hand, and where to begin in them: Spring's `@TopicPartition` and `@PartitionOffset`. Without a group
 * that deals them out: each start of the container reads exactly these.
 */
import type { AdminPort } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import type { Topic, TopicPartition } from '../../model/index.js'

/** 'TIMESTAMP': `initialOffset` is a time, in ms since the epoch; the end when no record is as late. */
export type SeekPosition = 'BEGINNING' | 'END' | 'TIMESTAMP'

/**
 * The offset to begin at, from the current one: the group's committed offset, else where `autoOffsetReset` says. With
 * `seekPosition` 'TIMESTAMP': the time, from the present one. Asked at each start; before the log's first offset it is that.
 * When it fails, or gives no whole number, the consumer tells `consumerRecovering` and asks again.
 */
export type ComputedOffset = (current: number, partition: TopicPartition) => number | Promise<number>

/** Where to begin. All left out: at the group's committed offset, else where `autoOffsetReset` says. */
export interface InitialOffset {
  /**
   * 0 or more: this offset; negative: so many before the end. With `relativeToCurrent`: so many from the committed offset on.
   * A function computes it (Spring's `offsetComputeFunction`).
   */
  initialOffset?: number | ComputedOffset | undefined
  /** Default false. */
  relativeToCurrent?: boolean | undefined
  /** Default: by `initialOffset`. */
  seekPosition?: SeekPosition | undefined
}

/** Partitions that begin elsewhere than the others, Spring's `@PartitionOffset`. */
export interface PartitionOffset extends InitialOffset {
  /** `0`, `'2-5'`, `'0,3,7-9'`, or `'*'` for all others of the topic's. */
  partition: number | string
}

/** Partitions of one topic, and where to begin, Spring's `@TopicPartition`. */
export interface TopicPartitions<T = Topic<unknown, unknown> | string> extends InitialOffset {
  /** Typed, or by name. */
  topic: T
  /** `0`, `'2-5'`, `'0,3,7-9'`, or `'*'` for all that the topic has at the start. */
  partitions?: readonly (number | string)[] | undefined
  /** For partitions that begin elsewhere than the others; they need not be in `partitions`, too. */
  partitionOffsets?: readonly PartitionOffset[] | undefined
}

export interface InitialPartition extends TopicPartition {
  readonly from: InitialOffset
}

type Partitions = '*' | readonly number[]

interface Part {
  readonly partitions: Partitions
  readonly from: InitialOffset
}

/** What a listener is to read, before it is known how many partitions its topics have. */
export class ManualAssignment {
  constructor(private readonly byTopic: ReadonlyMap<string, readonly Part[]>) {}

  get topics(): readonly string[] {
    return [...this.byTopic.keys()]
  }

  /** Rejects with a KafkaError of kind `config` for a topic or partition that is not there. */
  async resolve(admin: AdminPort): Promise<readonly InitialPartition[]> {
    const found = new Map((await admin.describeTopics(this.topics)).map(({ name, partitions }) => [name, partitions]))
    return [...this.byTopic].flatMap(([topic, parts]) => {
      const count = found.get(topic)
      if (count === undefined) throw new KafkaError('config', `topicPartitions: there is no topic '${topic}'`)
      const from = new Map<number, InitialOffset>()
      // the first to name a partition says where it begins: those with offsets of their own stand before '*'
      for (const part of parts) {
        const all = part.partitions === '*' ? Array.from({ length: count }, (_, index) => index) : part.partitions
        for (const partition of all) if (!from.has(partition)) from.set(partition, part.from)
      }
      const missing = [...from.keys()].find((partition) => partition >= count)
      if (missing !== undefined) {
        throw new KafkaError('config', `topicPartitions: topic '${topic}' has no partition ${missing}, it has ${count}`)
      }
      return [...from].map(([partition, initial]) => ({ topic, partition, from: initial }))
    })
  }
}

/** Neighbours stay together, as Spring's concurrent container deals them out; no more shares than partitions. */
export function sharesOf(
  partitions: readonly InitialPartition[],
  concurrency: number,
): readonly (readonly InitialPartition[])[] {
  const count = Math.min(concurrency, partitions.length)
  const start = (share: number): number => Math.floor((share * partitions.length) / count)
  return Array.from({ length: count }, (_, share) => partitions.slice(start(share), start(share + 1)))
}

/** What is wrong is told in `problems`. */
export function readManualAssignment(given: readonly TopicPartitions[], problems: string[]): ManualAssignment {
  const byTopic = new Map<string, Part[]>()
  for (const entry of given) {
    const { topic, partitions, partitionOffsets = [], initialOffset, relativeToCurrent, seekPosition } = entry
    const name = typeof topic === 'string' ? topic : topic.name
    const at = `topicPartitions of ${name}`
    if (partitions === undefined && partitionOffsets.length === 0) {
      problems.push(`${at}: it names no partitions; '*' is all of them`)
    }
    if (partitionOffsets.filter(({ partition }) => partition === '*').length > 1) {
      problems.push(`${at}: '*' is there twice`)
    }
    const own = { initialOffset, relativeToCurrent, seekPosition }
    problems.push(...initialOffsetProblems(at, own))
    const parts: Part[] = []
    for (const { partition, ...from } of partitionOffsets) {
      problems.push(...initialOffsetProblems(at, from))
      parts.push({ partitions: readPartitions(partition, at, problems), from })
    }
    for (const each of partitions ?? []) parts.push({ partitions: readPartitions(each, at, problems), from: own })
    // '*' is for all others
    const ordered = [
      ...parts.filter((part) => part.partitions !== '*'),
      ...parts.filter((part) => part.partitions === '*'),
    ]
    byTopic.set(name, [...(byTopic.get(name) ?? []), ...ordered])
  }
  if (given.length === 0) problems.push('topicPartitions is empty')
  return new ManualAssignment(byTopic)
}

function readPartitions(given: number | string, at: string, problems: string[]): Partitions {
  if (given === '*') return '*'
  const numbers: number[] = []
  for (const each of String(given).split(',')) {
    const [, from, to = from] = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(each) ?? []
    if (from === undefined || Number(to) < Number(from)) {
      problems.push(`${at}: '${given}' is no partition; there are 0, '2-5', '0,3' and '*'`)
      return []
    }
    for (let partition = Number(from); partition <= Number(to); partition++) numbers.push(partition)
  }
  return numbers
}

function initialOffsetProblems(
  at: string,
  { initialOffset, relativeToCurrent, seekPosition }: InitialOffset,
): string[] {
  const problems: string[] = []
  const isComputed = typeof initialOffset === 'function'
  if (initialOffset !== undefined && !isComputed && !Number.isSafeInteger(initialOffset)) {
    problems.push(`${at}: initialOffset must be a whole number or a function, not ${String(initialOffset)}`)
  }
  if (seekPosition !== undefined && !['BEGINNING', 'END', 'TIMESTAMP'].includes(seekPosition)) {
    problems.push(`${at}: seekPosition must be BEGINNING, END or TIMESTAMP, not ${String(seekPosition)}`)
  }
  if (seekPosition === 'TIMESTAMP' && initialOffset === undefined) {
    problems.push(`${at}: seekPosition TIMESTAMP needs the time, as initialOffset`)
  }
  if ((seekPosition === 'BEGINNING' || seekPosition === 'END') && initialOffset !== undefined) {
    problems.push(`${at}: seekPosition ${seekPosition} and initialOffset say different things: set one of them`)
  }
  if (relativeToCurrent === true && (initialOffset === undefined || seekPosition !== undefined)) {
    problems.push(`${at}: relativeToCurrent is for an initialOffset, and for nothing else`)
  }
  if (relativeToCurrent === true && isComputed) {
    problems.push(`${at}: relativeToCurrent is for a number; a computed initialOffset is given the current offset`)
  }
  return problems
}
