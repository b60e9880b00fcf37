/** One batch on its way: which part of it is due, under which producer id it was sent, what came of it. */
import { topicPartitionName, type TopicPartition } from '../../model/index.js'
import {
  DriverError,
  type BatchResult,
  type DriverErrorKind,
  type OutgoingBatch,
  type OutgoingRecord,
} from '../port.js'
import type { ProducerIdentity } from './producer-identity.js'

/** kafkajs's cost per record grows with their number in a request. */
const PART_RECORDS = 1_000

export class Delivery implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly name: string
  result: BatchResult | undefined
  /** Set from the first attempt at a part until its fate is known: a retry must go under the same id and sequence. */
  sent: ProducerIdentity | undefined
  /** Since when the topic is said not to exist. */
  unknownSinceMs: number | undefined
  lastFailure: DriverError | undefined
  private acknowledgedCount = 0
  private first: { baseOffset: number; logAppendTimeMs?: number } | undefined

  constructor(
    private readonly batch: OutgoingBatch,
    refusal: DriverError | undefined,
  ) {
    this.topic = batch.topic
    this.partition = batch.partition
    this.name = topicPartitionName(batch)
    if (refusal) this.result = { error: refusal }
    else if (batch.records.length === 0) this.result = { baseOffset: -1 }
  }

  /** The records due next. */
  get part(): readonly OutgoingRecord[] {
    const { records } = this.batch
    if (records.length <= PART_RECORDS) return records
    return records.slice(this.acknowledgedCount, this.acknowledgedCount + PART_RECORDS)
  }

  /** Changes with every step towards the result. */
  get progress(): number {
    return this.result === undefined ? this.acknowledgedCount : -1
  }

  acknowledge(baseOffset: number, logAppendTimeMs: number | undefined): void {
    const count = this.part.length
    this.sent?.advance(this.name, count)
    this.sent = undefined
    this.unknownSinceMs = undefined
    // parts follow each other in the log, nobody else of this producer writes in between: the first offset tells all
    this.first ??= logAppendTimeMs === undefined ? { baseOffset } : { baseOffset, logAppendTimeMs }
    this.acknowledgedCount += count
    if (this.acknowledgedCount >= this.batch.records.length) this.result = this.first
  }

  fail(kind: DriverErrorKind, message: string, code: string | undefined, cause?: unknown): void {
    const { topic, partition } = this
    this.sent = undefined
    this.result = { error: new DriverError(kind, message, code, { topic, partition }, cause) }
  }
}

/** Those that may go now: of each partition the first without a result. */
export function dueDeliveries(all: readonly Delivery[]): Delivery[] {
  const due = new Map<string, Delivery>()
  for (const delivery of all) {
    if (delivery.result === undefined && !due.has(delivery.name)) due.set(delivery.name, delivery)
  }
  return [...due.values()]
}
