/**
 * A machine's log in a partition: an event is a record, and the events of one append are one batch (a few, when they are
 * too large for one). How an event is written as key and value is the codec's business; what a transaction adds (whose
 * batch it is, and the marker that ends it) stands in the batch's header and in control batches, as Kafka has it.
 */
import type { Clock } from '../../base/clock.js'
import { assert } from '../../base/assert.js'
import { ErrorCode } from '../../protocol/errors.js'
import {
  batch,
  BatchBuilder,
  batchPositions,
  ControlType,
  controlTypeOf,
  coordinatorEpochOf,
  endMarkerBatch,
  RecordCursor,
  type CodecName,
  type ProducerState,
  type RecordDraft,
} from '../../protocol/records/index.js'
import { AppendError, type Partition } from '../replica/partitions.js'
import { EventsRefused, type EventLog } from './machine.js'

export interface Producer {
  readonly id: number
  readonly epoch: number
}

export type EventRecord =
  | {
      readonly kind: 'data'
      /** Set: part of this producer's transaction. */
      readonly producer: Producer | null
      readonly key: Buffer
      /** null = a tombstone. */
      readonly value: Buffer | null
    }
  | {
      readonly kind: 'end-marker'
      readonly producer: Producer
      readonly coordinatorEpoch: number
      readonly outcome: 'commit' | 'abort'
    }

export interface EventCodec<Event> {
  write(event: Event): EventRecord
  /**
   * undefined: a record of a kind that is not known, to be passed over. Keys and values are views that live only as long
   * as the call.
   */
  read(record: EventRecord): Event | undefined
}

export interface BatchSettings {
  /** `max.message.bytes` of the topic. */
  readonly batchBytesMax: () => number
  readonly compression: () => CodecName
}

/** Batches are not made larger than this: recovery and replay read them whole. */
const BATCH_BYTES_MAX = 512 * 1024

export class PartitionEventLog<Event> implements EventLog<Event> {
  constructor(
    private readonly partition: Partition,
    private readonly codec: EventCodec<Event>,
    private readonly clock: Clock,
    private readonly settings: BatchSettings,
  ) {}

  get isEmpty(): boolean {
    return this.partition.logEndOffset === this.partition.logStartOffset
  }

  append(events: readonly Event[]): number {
    const batches = this.batches(events)
    const bytesMax = this.settings.batchBytesMax()
    const tooLarge = batches.find((one) => one.length > bytesMax)
    if (tooLarge) {
      const message = `a batch of ${tooLarge.length} bytes exceeds max.message.bytes=${bytesMax}`
      throw new EventsRefused(ErrorCode.MESSAGE_TOO_LARGE, message)
    }
    try {
      const bytes = batches.length === 1 ? batches[0]! : Buffer.concat(batches)
      return this.partition.append(bytes, 'coordinator').lastOffset
    } catch (error) {
      throw error instanceof AppendError ? new EventsRefused(error.code, error.message) : error
    }
  }

  committed(offset: number): Promise<void> {
    return this.partition.committed(offset)
  }

  async replay(onEvent: (event: Event, offset: number) => void): Promise<void> {
    // what an earlier machine has queued belongs to the log
    await this.partition.committed(this.partition.logEndOffset - 1)
    await this.partition.replay(this.partition.logStartOffset, (chunk) => {
      for (const at of batchPositions(chunk)) this.replayBatch(chunk, at, onEvent)
    })
  }

  private replayBatch(chunk: Buffer, at: number, onEvent: (event: Event, offset: number) => void): void {
    const isControl = batch.isControl(chunk, at)
    const producer = batch.isTransactional(chunk, at)
      ? { id: batch.producerId(chunk, at), epoch: batch.producerEpoch(chunk, at) }
      : null
    for (const cursor = new RecordCursor(chunk, at); cursor.next();) {
      const record = isControl ? endMarker(cursor, producer) : data(cursor, producer)
      const event = record && this.codec.read(record)
      if (event !== undefined) onEvent(event, cursor.offset)
    }
  }

  private batches(events: readonly Event[]): readonly Buffer[] {
    const timestampMs = this.clock.now()
    const bytesMax = Math.min(BATCH_BYTES_MAX, this.settings.batchBytesMax())
    const done: Buffer[] = []
    let open: { readonly builder: BatchBuilder; readonly producer: Producer | null } | undefined
    const close = (): void => {
      if (open) done.push(open.builder.finish(producerState(open.producer)))
      open = undefined
    }
    for (const event of events) {
      const record = this.codec.write(event)
      if (record.kind === 'end-marker') {
        close()
        done.push(markerBatch(record, timestampMs))
        continue
      }
      const draft: RecordDraft = { key: record.key, value: record.value, timestampMs }
      if (open && (!sameProducer(open.producer, record.producer) || open.builder.sizeWith(draft) > bytesMax)) close()
      open ??= { builder: new BatchBuilder({ codec: this.settings.compression() }), producer: record.producer }
      open.builder.append(draft)
    }
    close()
    return done
  }
}

function sameProducer(a: Producer | null, b: Producer | null): boolean {
  return a === b || (a !== null && b !== null && a.id === b.id && a.epoch === b.epoch)
}

/** A coordinator writes in a producer's name without a sequence: it does not repeat itself. */
function producerState(producer: Producer | null): ProducerState | undefined {
  if (producer === null) return undefined
  const { id, epoch } = producer
  return { producerId: id, producerEpoch: epoch, baseSequence: batch.NO_SEQUENCE, transactional: true }
}

function markerBatch(marker: Extract<EventRecord, { kind: 'end-marker' }>, timestampMs: number): Buffer {
  const { producer, coordinatorEpoch, outcome } = marker
  const committed = outcome === 'commit'
  return endMarkerBatch({
    producerId: producer.id,
    producerEpoch: producer.epoch,
    committed,
    coordinatorEpoch,
    timestampMs,
  })
}

function data(cursor: RecordCursor, producer: Producer | null): EventRecord | undefined {
  const { key, value } = cursor
  // a record without a key is none of ours
  return key === null ? undefined : { kind: 'data', producer, key, value }
}

function endMarker(cursor: RecordCursor, producer: Producer | null): EventRecord | undefined {
  const type = controlTypeOf(cursor.key)
  if (type !== ControlType.COMMIT && type !== ControlType.ABORT) return undefined
  assert(producer, 'an end marker is part of a transaction')
  const outcome = type === ControlType.COMMIT ? 'commit' : 'abort'
  return { kind: 'end-marker', producer, coordinatorEpoch: coordinatorEpochOf(cursor.value), outcome }
}
