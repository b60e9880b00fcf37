/**
 * The way of a topic's records from `send` to the accumulator: interceptors, serializers, partitioner. Always in the order
 * of the calls: as long as one record has to wait (for the topic's partitions, an async serializer, buffer memory), those
 * behind it wait too; when none waits, a record passes in one go, without a promise of its own on the way.
 */
import { sleep } from '../../base/clock.js'
import { SerialQueue } from '../../base/serial-queue.js'
import { DriverError } from '../../client/port.js'
import type { OutgoingRecord } from '../../client/port.js'
import { Headers, KafkaError } from '../../model/index.js'
import type { ProducerRecord, RecordMetadata, Serde } from '../../model/index.js'
import { kafkaErrorFrom } from '../driver-errors.js'
import type { SenderParts } from './record-sender.js'

/** Of a record in a batch besides its key, value and headers, about. */
const RECORD_OVERHEAD_BYTES = 24
const METADATA_RETRY_MS = 100

export interface Outcome {
  resolve(metadata: RecordMetadata): void
  reject(error: KafkaError): void
}

type AnyRecord = ProducerRecord<unknown, unknown>
type Written = Uint8Array | null

export class TopicLane {
  private readonly queue = new SerialQueue()
  private partitions = 0
  private partitionsAtMs = 0

  constructor(
    private readonly topic: string,
    private readonly parts: SenderParts,
  ) {}

  send(record: AnyRecord, key: Serde<unknown>, value: Serde<unknown>, outcome: Outcome): void {
    if (this.queue.size > 0 || this.partitions === 0) return this.sendLater(record, key, value, outcome)
    try {
      const outgoing = this.prepare(record, key, value)
      // written again later would be written twice: what began goes on
      if (outgoing instanceof Promise) return this.enqueue(record, outcome, () => outgoing)
      const bytes = this.sizeOf(record, outgoing)
      if (!this.isPartition(record.partition) || !this.parts.accumulator.memory.tryReserve(bytes)) {
        return this.enqueue(record, outcome, () => outgoing)
      }
      this.append(record, outgoing, bytes, outcome)
      this.refreshWhenOld()
    } catch (error) {
      outcome.reject(asKafkaError(error, record))
    }
  }

  /** Records on their way that are not yet in the accumulator. */
  idle(): Promise<void> {
    return this.queue.idle()
  }

  async partitionCount(): Promise<number> {
    if (this.partitions === 0) await this.awaitPartitions()
    return this.partitions
  }

  private sendLater(record: AnyRecord, key: Serde<unknown>, value: Serde<unknown>, outcome: Outcome): void {
    this.enqueue(record, outcome, () => this.prepare(record, key, value))
  }

  private prepare(
    record: AnyRecord,
    key: Serde<unknown>,
    value: Serde<unknown>,
  ): OutgoingRecord | Promise<OutgoingRecord> {
    const headers = Headers.from(record.headers)
    const keyBytes = this.write(record.key ?? null, key, headers, true)
    const valueBytes = this.write(record.value, value, headers, false)
    if (!(keyBytes instanceof Promise) && !(valueBytes instanceof Promise)) {
      return this.outgoing(record, headers, keyBytes, valueBytes)
    }
    return Promise.all([keyBytes, valueBytes]).then((written) => this.outgoing(record, headers, ...written))
  }

  private enqueue(record: AnyRecord, outcome: Outcome, make: () => OutgoingRecord | Promise<OutgoingRecord>): void {
    // begun now, while the record's turn is awaited; its failure is told when its turn comes
    const made = Promise.resolve().then(make)
    made.catch(() => undefined)
    void this.queue.run(async () => {
      try {
        if (this.partitions === 0) await this.awaitPartitions()
        const outgoing = await made
        const bytes = this.sizeOf(record, outgoing)
        if (!this.isPartition(record.partition)) await this.awaitPartition(record.partition!)
        if (!(await this.parts.accumulator.memory.reserve(bytes, this.parts.settings.maxBlockMs))) {
          const { maxBlockMs } = this.parts.settings
          throw new KafkaError(
            'timeout',
            `no buffer memory within ${maxBlockMs} ms (bufferMemoryBytes is ${this.parts.accumulator.memory.limitBytes})`,
            { retriable: true, record },
          )
        }
        this.append(record, outgoing, bytes, outcome)
      } catch (error) {
        outcome.reject(asKafkaError(error, record))
      }
    })
  }

  private append(record: AnyRecord, outgoing: OutgoingRecord, bytes: number, outcome: Outcome): void {
    const { accumulator, partitioner } = this.parts
    let { partition } = record
    try {
      partition ??= partitioner.partition(
        { topic: this.topic, key: outgoing.key, value: outgoing.value },
        this.partitions,
      )
      if (partition >= this.partitions || partition < -1 || !Number.isInteger(partition)) {
        throw new KafkaError(
          'config',
          `the partitioner chose partition ${partition} of ${this.topic}, which has ${this.partitions}`,
        )
      }
    } catch (error) {
      accumulator.memory.release(bytes)
      throw error
    }
    accumulator.append(this.topic, partition, this.partitions, {
      record,
      outgoing,
      bytes,
      succeed: outcome.resolve,
      fail: outcome.reject,
    })
  }

  private write(value: unknown, serde: Serde<unknown>, headers: Headers, isKey: boolean): Written | Promise<Written> {
    if (value === null) return null
    const failed = (cause: unknown): never => {
      const reason = cause instanceof Error ? cause.message : String(cause)
      const what = `the ${isKey ? 'key' : 'value'} of a record for ${this.topic} can't be written as ${serde.name}`
      throw new KafkaError('serde', `${what}: ${reason}`, { cause })
    }
    try {
      const bytes = serde.serialize(value, { topic: this.topic, isKey, headers })
      return bytes instanceof Promise ? bytes.catch(failed) : bytes
    } catch (cause) {
      return failed(cause)
    }
  }

  private outgoing(record: AnyRecord, headers: Headers, key: Written, value: Written): OutgoingRecord {
    const timestampMs = record.timestampMs ?? this.parts.clock.now()
    return { key: toBuffer(key), value: toBuffer(value), headers: headers.toArray(), timestampMs }
  }

  private sizeOf(record: AnyRecord, { key, value, headers }: OutgoingRecord): number {
    let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
    for (const header of headers) bytes += header.key.length + (header.value?.length ?? 0) + 4
    const limit = this.parts.settings.maxRequestBytes
    if (bytes <= limit) return bytes
    throw new KafkaError(
      'protocol',
      `a record of ${bytes} bytes for ${this.topic} is over maxRequestBytes (${limit})`,
      {
        code: 'MESSAGE_TOO_LARGE',
        record,
      },
    )
  }

  private isPartition(partition: number | undefined): boolean {
    return partition === undefined || (partition < this.partitions && partition >= 0 && Number.isInteger(partition))
  }

  /** Asked for by number: the topic may have grown since. */
  private async awaitPartition(partition: number): Promise<void> {
    await this.awaitPartitions()
    if (this.isPartition(partition)) return
    throw new KafkaError('config', `${this.topic} has no partition ${partition}, it has 0 to ${this.partitions - 1}`, {
      topicPartition: { topic: this.topic, partition },
    })
  }

  private async awaitPartitions(): Promise<void> {
    const { clock, port, settings, log } = this.parts
    const untilMs = clock.monotonic() + settings.maxBlockMs
    for (let told = false; ; told = true) {
      try {
        this.learned(await port.partitions(this.topic))
        return
      } catch (error) {
        const retriable = error instanceof DriverError && RETRIABLE.has(error.kind)
        if (!retriable || clock.monotonic() + METADATA_RETRY_MS > untilMs) {
          throw error instanceof DriverError
            ? kafkaErrorFrom(error, `partitions of ${this.topic} are not known`)
            : error
        }
        if (!told) log.warn(`waiting for topic ${this.topic}: ${error.message}`)
        await sleep(clock, METADATA_RETRY_MS)
      }
    }
  }

  private refreshWhenOld(): void {
    const { clock, settings, port, log } = this.parts
    if (clock.monotonic() - this.partitionsAtMs < settings.metadataMaxAgeMs) return
    this.partitionsAtMs = clock.monotonic()
    port.partitions(this.topic).then(
      (count) => this.learned(count),
      (error: unknown) => log.debug(`partitions of ${this.topic} could not be refreshed`, { error }),
    )
  }

  private learned(count: number): void {
    this.partitions = Math.max(count, this.partitions)
    this.partitionsAtMs = this.parts.clock.monotonic()
  }
}

const RETRIABLE: ReadonlySet<string> = new Set(['retriable', 'unknownTopic', 'timeout'])

function toBuffer(bytes: Written): Buffer | null {
  if (bytes === null || Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function asKafkaError(error: unknown, record: AnyRecord): KafkaError {
  if (!KafkaError.is(error)) {
    return new KafkaError('config', error instanceof Error ? error.message : String(error), { cause: error, record })
  }
  if (error.record !== undefined) return error
  const { kind, message, retriable, code, topicPartition, offset, cause } = error
  return new KafkaError(kind, message, { retriable, code, topicPartition, offset, cause, record })
}
