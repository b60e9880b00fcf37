/** A consumer that writes down all that its driver tells it, and lets a test wait for what it is to see. */
import { sleep, wallClock } from '../../base/clock.js'
import type {
  ConsumerHandler,
  ConsumerOptions,
  ConsumerPort,
  ConsumerState,
  IncomingRecord,
  IncomingRecords,
  KafkaDriver,
  PartitionStart,
  StartOffset,
  Subscription,
} from '../../client/port.js'
import { topicPartitionName, type TopicPartition } from '../../model/index.js'
import { consumerOptions } from './harness.js'

export type Received = IncomingRecord & { readonly epoch: number }

export interface RecordingOptions {
  readonly consumer?: Partial<ConsumerOptions> | undefined
  /** Where partitions begin; undefined leaves it to the committed offset. Default 'earliest'. */
  readonly start?: ((tp: TopicPartition) => StartOffset | undefined) | undefined
  readonly onRevoked?: ((partitions: readonly TopicPartition[], deadlineMs: number) => Promise<void>) | undefined
  readonly onRecords?: ((records: IncomingRecords) => void) | undefined
  readonly onOffsetOutOfRange?: ((partition: TopicPartition, offset: number) => void) | undefined
}

const PATIENCE_MS = 15_000
const clock = wallClock()

export class RecordingConsumer implements ConsumerHandler {
  readonly port: ConsumerPort
  readonly received: Received[] = []
  readonly chunks: IncomingRecords[] = []
  readonly states: ConsumerState[] = []
  /** `assigned …`, `revoked …`, `lost …`, `out of range …`, in order. */
  readonly events: string[] = []
  assigned: readonly TopicPartition[] = []
  epoch = -1
  private readonly waiting = new Set<() => void>()

  constructor(
    driver: KafkaDriver,
    private readonly options: RecordingOptions = {},
  ) {
    this.port = driver.consumer(consumerOptions(options.consumer))
  }

  async start(subscription: Subscription): Promise<this> {
    await this.port.start(subscription, this)
    return this
  }

  /** Values received, as text; of one partition when that is given. */
  values(partition?: number): (string | undefined)[] {
    return this.received
      .filter((record) => partition === undefined || record.partition === partition)
      .map((record) => record.rawValue?.toString())
  }

  get state(): ConsumerState['state'] | undefined {
    return this.states.at(-1)?.state
  }

  /**
   * Resolves when `seen` holds, looked at whenever the driver tells something; fails loudly when it never does. With
   * `giveUpMs` it gives up quietly after so long.
   */
  async until(what: string, seen: () => boolean, giveUpMs?: number): Promise<void> {
    const abort = new AbortController()
    let gaveUp = false
    const patience = sleep(clock, giveUpMs ?? PATIENCE_MS, abort.signal).then(() => {
      if (giveUpMs !== undefined) return void (gaveUp = true)
      throw new Error(
        `waited ${PATIENCE_MS} ms for ${what}; seen ${JSON.stringify(this.events)}, ` +
          `${this.received.length} records, states ${this.states.map((s) => s.state).join(' ')}`,
      )
    })
    patience.catch(() => {})
    while (!seen() && !gaveUp) {
      let wake = (): void => {}
      const change = new Promise<void>((resolve) => (wake = resolve))
      this.waiting.add(wake)
      await Promise.race([change, patience])
      this.waiting.delete(wake)
    }
    abort.abort(new Error('seen'))
  }

  async onAssigned(partitions: readonly TopicPartition[], epoch: number): Promise<readonly PartitionStart[]> {
    this.assigned = partitions
    this.epoch = epoch
    this.note(`assigned ${names(partitions)}`)
    const startOf = this.options.start ?? ((): StartOffset => 'earliest')
    return partitions.flatMap((tp) => {
      const start = startOf(tp)
      return start === undefined ? [] : [{ ...tp, start }]
    })
  }

  async onRevoked(partitions: readonly TopicPartition[], deadlineMs: number): Promise<void> {
    this.note(`revoking ${names(partitions)}`)
    await this.options.onRevoked?.(partitions, deadlineMs)
    this.assigned = []
    this.note(`revoked ${names(partitions)}`)
  }

  onLost(partitions: readonly TopicPartition[]): void {
    this.assigned = []
    this.note(`lost ${names(partitions)}`)
  }

  onRecords(chunk: IncomingRecords): void {
    this.chunks.push(chunk)
    const { epoch } = chunk
    for (const record of chunk.records) this.received.push(Object.assign(record, { epoch }))
    this.wake()
    this.options.onRecords?.(chunk)
  }

  onOffsetOutOfRange(partition: TopicPartition, offset: number): void {
    this.note(`out of range ${topicPartitionName(partition)}@${offset}`)
    this.options.onOffsetOutOfRange?.(partition, offset)
  }

  onState(state: ConsumerState): void {
    this.states.push(state)
    this.wake()
  }

  private note(event: string): void {
    this.events.push(event)
    this.wake()
  }

  private wake(): void {
    for (const wake of this.waiting) wake()
  }
}

const names = (partitions: readonly TopicPartition[]): string => partitions.map(topicPartitionName).sort().join(' ')
