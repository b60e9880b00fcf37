/**
 * From bytes to a typed record. What can't be read is no exception in the loop but an `Unreadable`, which knows the record
 * and why: poison pills are an ordinary case here.
 */
import type { IncomingRecord } from '../../client/port.js'
import { ConsumerRecord, Headers, KafkaError } from '../../model/index.js'
import type { Serde, SerdeContext } from '../../model/index.js'
import { DeserializationError, isNullable } from '../../serde/index.js'

type AnyRecord = ConsumerRecord<unknown, unknown>

/** A record whose key or value could not be read; its value is undefined, its raw bytes are as they came. */
export class Unreadable {
  constructor(
    readonly record: AnyRecord,
    readonly error: DeserializationError,
  ) {}
}

type Read = AnyRecord | Unreadable

export interface TopicSerdes {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
}

export class RecordReader {
  readonly acceptsNull: boolean

  constructor(
    private readonly topic: string,
    private readonly partition: number,
    private readonly serdes: TopicSerdes,
  ) {
    this.acceptsNull = isNullable(serdes.value)
  }

  read(raw: IncomingRecord): Read | Promise<Read> {
    const headers = new Headers(raw.headers)
    const key = this.decode(raw.key, this.serdes.key, headers, true)
    const value = this.decode(raw.value, this.serdes.value, headers, false)
    if (key instanceof Promise || value instanceof Promise) {
      return this.later(raw, headers, key, value)
    }
    return this.record(raw, headers, key, value)
  }

  // apart from `read`: a function with a closure in it makes room for that at every call
  private async later(raw: IncomingRecord, headers: Headers, key: unknown, value: unknown): Promise<Read> {
    const [readKey, readValue] = await Promise.all([key, value])
    return this.record(raw, headers, readKey, readValue)
  }

  private record(raw: IncomingRecord, headers: Headers, key: unknown, value: unknown): Read {
    const keyFailed = key instanceof Failed
    const valueFailed = value instanceof Failed
    const record = new ConsumerRecord<unknown, unknown>(
      this.topic,
      this.partition,
      raw.offset,
      keyFailed ? null : key,
      valueFailed ? undefined : value,
      headers,
      raw.timestampMs,
      raw.timestampType,
      raw.leaderEpoch,
      raw.key,
      raw.value,
    )
    if (keyFailed) return new Unreadable(record, key.error)
    return valueFailed ? new Unreadable(record, value.error) : record
  }

  private decode(data: Buffer | null, serde: Serde<unknown>, headers: Headers, isKey: boolean): unknown {
    if (data === null) return null
    const context = { topic: this.topic, isKey, headers }
    try {
      const read = serde.deserialize(data, context)
      return read instanceof Promise ? settled(read, data, context) : read
    } catch (cause) {
      return new Failed(new DeserializationError(data, context, cause))
    }
  }
}

class Failed {
  constructor(readonly error: DeserializationError) {}
}

async function settled(reading: Promise<unknown>, data: Buffer, context: SerdeContext): Promise<unknown> {
  try {
    return await reading
  } catch (cause) {
    return new Failed(new DeserializationError(data, context, cause))
  }
}

export function unexpectedTombstone(record: AnyRecord): KafkaError {
  return new KafkaError(
    'serde',
    `${record.coordinates} is a tombstone (its value is null), and its topic expects none: ` +
      'declare the topic with nullable(…), or discard tombstones with discardIf',
    { topicPartition: { topic: record.topic, partition: record.partition }, offset: record.offset },
  )
}
