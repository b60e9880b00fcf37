/**
 * From bytes to a typed record. What can't be read is no exception in the loop but an `Unreadable`, which knows the record
 * and why: poison pills are an ordinary case here.
 */
import type { IncomingRecord } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import type { ConsumerRecord, Headers, Serde, SerdeContext } from '../../model/index.js'
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
  /** Neither key nor value of the record that is being read failed, or is still being read. */
  private isPlain = true

  constructor(private readonly serdes: TopicSerdes) {
    this.acceptsNull = isNullable(serdes.value)
  }

  /** Its key and value are put into the record that the driver made: nobody else has seen it yet. */
  read(record: IncomingRecord): Read | Promise<Read> {
    const { rawKey, rawValue } = record
    this.isPlain = true
    const key = rawKey === null ? null : this.decode(rawKey, this.serdes.key, record, true)
    const value = rawValue === null ? null : this.decode(rawValue, this.serdes.value, record, false)
    if (this.isPlain) return fill(record, key, value)
    return key instanceof Promise || value instanceof Promise ? later(record, key, value) : filled(record, key, value)
  }

  private decode(data: Buffer, serde: Serde<unknown>, record: AnyRecord, isKey: boolean): unknown {
    try {
      const read = serde.deserialize(data, new ReadContext(record, isKey))
      if (read === data || !(read instanceof Promise)) return read
      this.isPlain = false
      return settled(read, data, record, isKey)
    } catch (cause) {
      this.isPlain = false
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

function filled(record: AnyRecord, key: unknown, value: unknown): Read {
  const keyFailed = key instanceof Failed
  const valueFailed = value instanceof Failed
  fill(record, keyFailed ? null : key, valueFailed ? undefined : value)
  if (keyFailed) return new Unreadable(record, key.error)
  return valueFailed ? new Unreadable(record, value.error) : record
}

function fill(record: AnyRecord, key: unknown, value: unknown): AnyRecord {
  const open = record as { key: unknown; value: unknown }
  open.key = key
  open.value = value
  return record
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
