/** Reads single records by their place, Spring's `KafkaTemplate.receive`: a consumer for each call, without a group. */
import { sleep } from '../../base/clock.js'
import type { Clock } from '../../base/clock.js'
import type { ConsumerHandler, ConsumerPort, IncomingRecord, KafkaDriver } from '../../client/port.js'
import { DriverError } from '../../client/port.js'
import { KafkaError, topicPartitionName } from '../../model/index.js'
import type { ConsumerRecord, Serde, Topic, TopicPartition } from '../../model/index.js'
import type { ConsumerSettings } from '../config/cluster-settings.js'
import { kafkaErrorFrom } from '../driver-errors.js'
import { consumerOptionsOf } from '../listener/consumer-options.js'
import { RecordReader, Unreadable } from '../listener/record-reader.js'

/** The place of a record. */
export interface RecordAt<T = Topic<unknown, unknown> | string> {
  readonly topic: T
  readonly partition: number
  /** 0 or more. */
  readonly offset: number
}

export interface ReceiverParts {
  readonly clock: Clock
  readonly clientId: string
  readonly consumer: ConsumerSettings
  driver(): Promise<KafkaDriver>
  topicNamed(name: string): Topic<unknown, unknown> | undefined
}

type AnyRecord = ConsumerRecord<unknown, unknown>

const TIMEOUT_MS = 5_000
const CLOSE_MS = 1_000

export class RecordReceiver {
  constructor(private readonly parts: ReceiverParts) {}

  /** One answer for each, in order; null where there is none. */
  async receive(wanted: readonly RecordAt[], timeoutMs = TIMEOUT_MS): Promise<(AnyRecord | null)[]> {
    const places = wanted.map((each) => ({ ...each, name: nameOf(each.topic) }))
    const wrong = places.find(({ offset, partition }) => !isPlace(offset) || !isPlace(partition))
    if (wrong !== undefined) {
      throw new KafkaError(
        'config',
        `receive: ${wrong.name}-${wrong.partition}@${wrong.offset}: partition and offset are whole numbers, 0 or more`,
      )
    }
    if (places.length === 0) return []
    const found = await this.fetch(
      places.map(({ name, partition, offset }) => ({ topic: name, partition, offset })),
      timeoutMs,
    )
    return Promise.all(
      places.map(({ topic, name }, index) => {
        const raw = found[index]
        return raw === undefined
          ? Promise.resolve(null)
          : this.read(typeof topic === 'string' ? undefined : topic, name, raw)
      }),
    )
  }

  private async fetch(
    places: readonly (TopicPartition & { offset: number })[],
    timeoutMs: number,
  ): Promise<(IncomingRecord | undefined)[]> {
    const { clock, clientId, consumer } = this.parts
    const driver = await this.parts.driver()
    if (!driver.capabilities.manualAssignment) {
      throw new KafkaError('config', `receive: the ${driver.name} driver has no manual assignment of partitions`)
    }
    const port = driver.consumer(consumerOptionsOf(consumer, '', `${clientId}-receive`))
    const reading = new PlacesReader(port, places)
    const deadline = new AbortController()
    const patience = sleep(clock, timeoutMs, deadline.signal).catch(() => undefined)
    try {
      const started = reading.start().then(() => reading.done)
      started.catch(() => undefined)
      await Promise.race([started, patience])
      return reading.found
    } catch (error) {
      throw error instanceof DriverError ? kafkaErrorFrom(error, 'receive') : error
    } finally {
      deadline.abort(new Error('received'))
      await port.close(CLOSE_MS)
    }
  }

  private async read(
    topic: Topic<unknown, unknown> | undefined,
    name: string,
    raw: IncomingRecord,
  ): Promise<AnyRecord> {
    const declared = topic ?? this.parts.topicNamed(name)
    const key: Serde<unknown> = declared?.key ?? this.parts.consumer.key
    const value: Serde<unknown> = declared?.value ?? this.parts.consumer.value
    const record = await new RecordReader({ key, value }).read(raw)
    if (record instanceof Unreadable) throw record.error
    return record
  }
}

/** Looks at one place of each partition after another. */
class PlacesReader implements ConsumerHandler {
  readonly found: (IncomingRecord | undefined)[]
  readonly done: Promise<void>
  private finish!: () => void
  private fail!: (error: DriverError) => void
  /** Indexes of the places still to be looked at, by partition; the first is being looked at. */
  private readonly open = new Map<string, number[]>()

  constructor(
    private readonly port: ConsumerPort,
    private readonly places: readonly (TopicPartition & { offset: number })[],
  ) {
    this.found = places.map(() => undefined)
    this.done = new Promise((resolve, reject) => {
      this.finish = resolve
      this.fail = reject
    })
    this.done.catch(() => undefined)
    for (const [index, place] of places.entries()) {
      const name = topicPartitionName(place)
      const indexes = this.open.get(name)
      if (indexes === undefined) this.open.set(name, [index])
      else indexes.push(index)
    }
  }

  start(): Promise<void> {
    const partitions = [...this.open.values()].map(([first]) => {
      const { topic, partition } = this.places[first!]!
      return { topic, partition }
    })
    return this.port.start({ partitions }, this)
  }

  async onAssigned(partitions: readonly TopicPartition[]): ReturnType<ConsumerHandler['onAssigned']> {
    return partitions.flatMap((tp) => {
      const [first] = this.open.get(topicPartitionName(tp)) ?? []
      return first === undefined ? [] : [{ ...tp, start: this.places[first]!.offset }]
    })
  }

  onRecords({ topic, partition, records, nextOffset }: Parameters<ConsumerHandler['onRecords']>[0]): void {
    const indexes = this.open.get(topicPartitionName({ topic, partition }))
    if (indexes === undefined) return
    const { offset } = this.places[indexes[0]!]!
    const record = records.find((each) => each.offset === offset)
    if (record === undefined && nextOffset <= offset) return
    this.answered({ topic, partition }, record)
  }

  /** Deleted, or beyond the end. */
  onOffsetOutOfRange(tp: TopicPartition): void {
    this.answered(tp, undefined)
  }

  async onRevoked(): Promise<void> {}
  onLost(): void {}

  onState(state: Parameters<ConsumerHandler['onState']>[0]): void {
    if (state.state === 'failed') this.fail(state.error)
  }

  private answered(tp: TopicPartition, record: IncomingRecord | undefined): void {
    const name = topicPartitionName(tp)
    const indexes = this.open.get(name)
    const index = indexes?.shift()
    if (indexes === undefined || index === undefined) return
    this.found[index] = record
    const [next] = indexes
    if (next !== undefined) this.port.seek({ topic: tp.topic, partition: tp.partition }, this.places[next]!.offset)
    else {
      this.open.delete(name)
      this.port.pause([{ topic: tp.topic, partition: tp.partition }])
    }
    if (this.open.size === 0) this.finish()
  }
}

const isPlace = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
const nameOf = (topic: Topic<unknown, unknown> | string): string => (typeof topic === 'string' ? topic : topic.name)
