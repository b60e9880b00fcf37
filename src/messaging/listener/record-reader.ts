/**
 * From bytes to a typed record. What can't be read is no exception in the loop but an `Unreadable`, which knows the record
 * and why: poison pills are an ordinary case here.
 */
import type { IncomingRecord } from '../../client/port.js'
import { ConsumerRecord, KafkaError } from '../../model/index.js'
import type { Headers, Serde, SerdeContext } from '../../model/index.js'
import { DeserializationError, isNullable } from '../../serde/index.js'

type AnyRecord = ConsumerRecord<unknown, unknown>

/** A record whose key or value could not be read; its value is undefined, its raw bytes are as they came. */
export class Unreadable {
  constructor(
    readonly record: AnyRecord,
    readonly error: DeserializationError,
  ) {}
}

export type Read = AnyRecord | Unreadable

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
    const record = new ConsumerRecord<unknown, unknown>(
      this.topic,
      this.partition,
      raw.offset,
      null,
      null,
      raw.headers,
      raw.timestampMs,
      raw.timestampType,
      raw.leaderEpoch,
      raw.key,
      raw.value,
    )
    const key = raw.key === null ? null : this.decode(raw.key, this.serdes.key, record, true)
    const value = raw.value === null ? null : this.decode(raw.value, this.serdes.value, record, false)
    if (key instanceof Promise || value instanceof Promise) return later(record, key, value)
    return filled(record, key, value)
  }

  private decode(data: Buffer, serde: Serde<unknown>, record: AnyRecord, isKey: boolean): unknown {
    try {
      const read = serde.deserialize(data, new ReadContext(record, isKey))
      return read instanceof Promise ? settled(read, data, record, isKey) : read
    } catch (cause) {
      return failed(data, record, isKey, cause)
    }
  }
}

/** Headers are made when a serde asks for them. */
class ReadContext implements SerdeContext {
  constructor(
    private readonly record: AnyRecord,
    readonly isKey: boolean,
  ) {}

  get topic(): string {
    return this.record.topic
  }
  get headers(): Headers {
    return this.record.headers
  }
}

// apart from `read`: a function with a closure in it makes room for that at every call
async function later(record: AnyRecord, key: unknown, value: unknown): Promise<Read> {
  const [readKey, readValue] = await Promise.all([key, value])
  return filled(record, readKey, readValue)
}

/** The record is made once, before its key and value are read: nobody has seen it yet. */
function filled(record: AnyRecord, key: unknown, value: unknown): Read {
  const made = record as { key: unknown; value: unknown }
  const keyFailed = key instanceof Failed
  const valueFailed = value instanceof Failed
  if (!keyFailed) made.key = key
  made.value = valueFailed ? undefined : value
  if (keyFailed) return new Unreadable(record, key.error)
  return valueFailed ? new Unreadable(record, value.error) : record
}

class Failed {
  constructor(readonly error: DeserializationError) {}
}

// with a context of its own: one that a failure may need as well would be made for every record
function failed(data: Buffer, record: AnyRecord, isKey: boolean, cause: unknown): Failed {
  return new Failed(new DeserializationError(data, new ReadContext(record, isKey), cause))
}

async function settled(reading: Promise<unknown>, data: Buffer, record: AnyRecord, isKey: boolean): Promise<unknown> {
  try {
    return await reading
  } catch (cause) {
    return failed(data, record, isKey, cause)
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
