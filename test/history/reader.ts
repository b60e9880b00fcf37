/** A consumer whose records wait until the program takes them, as far as their partitions are still its own. */
import { topicPartitionName, type TopicPartition } from '../../src/model/index.js'
import type {
  AdminPort,
  ConsumerHandler,
  ConsumerOptions,
  ConsumerPort,
  ConsumerState,
  DriverError,
  IncomingRecord,
  IncomingRecords,
  PartitionStart,
  Subscription,
} from '../../src/client/port.js'
import { CLOSE_MS, consumerOptions, type Surroundings } from './worker.js'

/** What the program takes at once. */
export interface Taken extends TopicPartition {
  readonly records: readonly IncomingRecord[]
  readonly nextOffset: number
  readonly epoch: number
}

export class Reader implements ConsumerHandler, AsyncDisposable {
  readonly id: string
  readonly port: ConsumerPort
  failure: DriverError | undefined
  private readonly own = new Set<string>()
  private queue: Taken[] = []
  private epoch = -1
  private wake: () => void = () => {}
  private working: Promise<unknown> = Promise.resolve()
  private readonly group: string | undefined

  constructor(
    name: string,
    private readonly around: Surroundings,
    options: Partial<ConsumerOptions>,
    /** Asked for committed offsets; without one, partitions begin at the beginning. */
    private readonly admin?: AdminPort,
  ) {
    const all = consumerOptions(options)
    this.group = all.groupId === '' ? undefined : all.groupId
    this.id = around.recorder.consumer(name, { group: this.group, isolation: all.isolation })
    this.port = around.driver.consumer(all)
  }

  start(subscription: Subscription): Promise<void> {
    return this.port.start(subscription, this)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.port.close(CLOSE_MS)
  }

  /** The next records, at most so many; undefined when none came within the time, or the signal came. */
  async take(max: number, timeoutMs: number, signal: AbortSignal): Promise<Taken | undefined> {
    if (this.queue.length === 0) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, timeoutMs)
        this.wake = done
        signal.addEventListener('abort', done)
      })
    }
    if (this.failure) throw this.failure
    const first = this.queue.shift()
    if (first === undefined || first.records.length <= max) return first
    const rest = { ...first, records: first.records.slice(max) }
    this.queue.unshift(rest)
    return { ...first, records: first.records.slice(0, max), nextOffset: rest.records[0]!.offset }
  }

  /** While this goes on, its partitions are not given up. */
  work<T>(task: () => Promise<T>): Promise<T> {
    const working = task()
    this.working = working.catch(() => undefined)
    return working
  }

  /** Writes down that these were read. */
  noted({ topic, partition, records }: Taken): void {
    for (const { offset, rawValue } of records) {
      const text = rawValue?.toString() ?? 'null'
      this.around.recorder.add({ type: 'read', consumer: this.id, topic, partition, offset, value: text })
    }
  }

  /** Goes back to where these began. */
  again(taken: Taken): void {
    if (!this.owns(taken)) return
    const { offset } = taken.records[0]!
    this.forget([taken])
    this.around.recorder.position(this.id, taken, offset)
    this.port.seek(taken, offset)
  }

  owns(tp: TopicPartition): boolean {
    return this.own.has(topicPartitionName(tp))
  }

  /** The assignment's, for commits. */
  get currentEpoch(): number {
    return this.epoch
  }

  // ── what the driver tells ──

  async onAssigned(partitions: readonly TopicPartition[], epoch: number): Promise<readonly PartitionStart[]> {
    this.epoch = epoch
    for (const tp of partitions) {
      this.own.add(topicPartitionName(tp))
      this.around.recorder.position(this.id, tp, this.group === undefined ? 0 : undefined)
    }
    const committed = this.admin ? await this.admin.committedOffsets(this.group!, partitions, STABLE) : []
    const starts = new Map(committed.map((found) => [topicPartitionName(found), found]))
    return partitions.map(({ topic, partition }) => {
      const found = starts.get(topicPartitionName({ topic, partition }))
      return { topic, partition, start: found?.offset ?? 'earliest', leaderEpoch: found?.leaderEpoch }
    })
  }

  async onRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    this.forget(partitions)
    await this.working
    this.forget(partitions)
    for (const tp of partitions) this.own.delete(topicPartitionName(tp))
  }

  onLost(partitions: readonly TopicPartition[]): void {
    this.forget(partitions)
    for (const tp of partitions) this.own.delete(topicPartitionName(tp))
  }

  onRecords({ topic, partition, records, nextOffset, epoch }: IncomingRecords): void {
    this.epoch = epoch
    if (records.length === 0 || !this.owns({ topic, partition })) return
    this.queue.push({ topic, partition, records, nextOffset, epoch })
    this.wake()
  }

  onOffsetOutOfRange({ topic, partition }: TopicPartition, offset: number): void {
    const error = new Error(`offset ${offset} is out of range`)
    this.around.recorder.error('consumer', error)
    // as it may happen that a broker is behind for a moment: whatever is lost, the checker finds
    this.around.recorder.position(this.id, { topic, partition }, offset)
    this.port.seek({ topic, partition }, offset)
  }

  onState(state: ConsumerState): void {
    if (state.state === 'stable') this.epoch = state.epoch
    if (state.state === 'recovering') this.around.recorder.error('consumer', state.error)
    if (state.state !== 'failed') return
    this.failure = state.error
    this.wake()
  }

  private forget(partitions: readonly TopicPartition[]): void {
    const names = new Set(partitions.map(topicPartitionName))
    this.queue = this.queue.filter((taken) => !names.has(topicPartitionName(taken)))
  }
}

const STABLE = { requireStable: true }
