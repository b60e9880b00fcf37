/** The partitions that a consumer has, and how far each is read. */
import { topicPartitionName, type TopicPartition } from '../../../model/index.js'
import type { FetchedRecords } from './fetched-records.js'

export const NO_EPOCH = -1
const EPOCHS_MAX = 16

export class AssignedPartition implements TopicPartition {
  readonly name: string
  /** Leader epoch of the record before the position, -1 where it is not known: what a leader is asked about (KIP-320). */
  positionEpoch = NO_EPOCH
  /** Leader epoch under which the position is known to be good; -1 while nobody was asked. */
  validatedEpoch = NO_EPOCH
  validating = false
  /** How far its readers can see, as the last fetch told. */
  visibleEnd: number | undefined
  /** What was fetched and is not handed on yet, in order. */
  readonly fetched: FetchedRecords[] = []
  /** Clock time at which something was handed on last. */
  handedOnAtMs = -Infinity
  /** While something is left to hand on, no more is fetched: the last answer behind it was a refusal. */
  isRefused = false
  /** Clock time before which it is not asked for again. */
  notBeforeMs = 0
  failures = 0
  /** A follower that the leader recommends (KIP-392), and until when. */
  preferredReplica = -1
  preferredUntilMs = 0
  private isPaused = false
  private at: number | undefined
  private moves = 0
  /** Leader epochs of what was read, with the first offset read of each; the latest ones. */
  private epochs: { from: number; epoch: number }[] = []

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {
    this.name = topicPartitionName(this)
  }

  /** The next offset to read; undefined while that is being found out, or after it was out of range. */
  get position(): number | undefined {
    return this.at
  }

  /** Where the next fetch begins. */
  get fetchOffset(): number | undefined {
    return this.fetched.at(-1)?.endOffset ?? this.at
  }

  get lag(): number | undefined {
    const { at, visibleEnd } = this
    return at === undefined || visibleEnd === undefined ? undefined : Math.max(visibleEnd - at, 0)
  }

  get fetchedBytes(): number {
    let bytes = 0
    for (const each of this.fetched) bytes += each.bytesLeft
    return bytes
  }

  get paused(): boolean {
    return this.isPaused
  }

  /** What was fetched is kept, and handed on when the pause is over, as Java's consumer does since 2.4 (KAFKA-7548). */
  pause(): void {
    this.isPaused = true
    for (const each of this.fetched) each.detach()
  }

  resume(): void {
    this.isPaused = false
  }

  keep(fetched: FetchedRecords): void {
    this.fetched.push(fetched)
    if (this.isPaused) fetched.detach()
  }

  /** The first of what was fetched. */
  handedOn(): void {
    this.fetched.shift()
    if (this.fetched.length === 0) this.isRefused = false
  }

  /** What was fetched and not handed on is asked for again. */
  dropFetched(): void {
    this.fetched.length = 0
    this.isRefused = false
  }

  /** Changes whenever the position is set otherwise than by reading on. */
  get version(): number {
    return this.moves
  }

  /** @param leaderEpoch of the record before, when it is known: the leader is asked about it before the first fetch */
  moveTo(offset: number | undefined, leaderEpoch = NO_EPOCH): void {
    this.at = offset
    this.moves++
    this.dropFetched()
    this.positionEpoch = leaderEpoch
    this.validatedEpoch = NO_EPOCH
    this.epochs = offset === undefined || leaderEpoch < 0 ? [] : [{ from: offset - 1, epoch: leaderEpoch }]
    this.notBeforeMs = 0
  }

  readOn(nextOffset: number, leaderEpoch: number): void {
    if (leaderEpoch >= 0 && leaderEpoch !== this.positionEpoch) {
      this.epochs.push({ from: this.at ?? nextOffset, epoch: leaderEpoch })
      if (this.epochs.length > EPOCHS_MAX) this.epochs.shift()
      this.positionEpoch = leaderEpoch
    }
    this.at = nextOffset
  }

  /** Leader epoch of the record before this offset, as far as it was read here; -1: not known. */
  epochBefore(offset: number): number {
    return this.epochs.findLast(({ from }) => from < offset)?.epoch ?? NO_EPOCH
  }
}

export class Assignment {
  private readonly byName = new Map<string, AssignedPartition>()
  /** What the framework knows it by; NO_EPOCH between two assignments. */
  epoch = NO_EPOCH

  get size(): number {
    return this.byName.size
  }

  get all(): IterableIterator<AssignedPartition> {
    return this.byName.values()
  }

  /** As plain values, for telling. */
  get partitions(): TopicPartition[] {
    return [...this.byName.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  get(tp: TopicPartition): AssignedPartition | undefined {
    return this.byName.get(topicPartitionName(tp))
  }

  named(name: string): AssignedPartition | undefined {
    return this.byName.get(name)
  }

  has(own: AssignedPartition): boolean {
    return this.byName.get(own.name) === own
  }

  add(partitions: readonly TopicPartition[]): AssignedPartition[] {
    return partitions.map(({ topic, partition }) => {
      const own = new AssignedPartition(topic, partition)
      this.byName.set(own.name, own)
      return own
    })
  }

  remove(partitions: readonly TopicPartition[]): void {
    for (const tp of partitions) this.byName.delete(topicPartitionName(tp))
  }

  clear(): void {
    this.byName.clear()
    this.epoch = NO_EPOCH
  }
}
