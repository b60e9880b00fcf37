/**
 * Why and from where a record was dead-lettered, read from its headers; whoever wrote them, Spring or this package.
 * A record that was dead-lettered more than once has each hop's origin; the last hop is the one told here.
 */
import type { ConsumerRecord } from '../../model/index.js'
import { DLT, readInt32, readInt64 } from './dead-letter-headers.js'

/** Why and from where a record was dead-lettered: `ctx.deadLetter`. */
export class DeadLetter {
  private constructor(
    readonly originalTopic: string,
    readonly originalPartition: number,
    readonly originalOffset: number,
    readonly originalTimestampMs: number | undefined,
    /** The group whose listener gave up. */
    readonly consumerGroup: string | undefined,
    /** The error's class, e.g. `RangeError`, or its full Java name. */
    readonly errorName: string | undefined,
    readonly errorCauseName: string | undefined,
    readonly errorMessage: string | undefined,
    readonly stackTrace: string | undefined,
    /** The key, not the value, could not be read. */
    readonly isKeyFailure: boolean,
  ) {}

  /** undefined when the record carries no dead-letter headers. */
  static from(record: Pick<ConsumerRecord<unknown, unknown>, 'headers'>): DeadLetter | undefined {
    const { headers } = record
    const topic = headers.text(DLT.originalTopic)
    const partition = readInt32(headers.get(DLT.originalPartition))
    const offset = readInt64(headers.get(DLT.originalOffset))
    if (topic === undefined || partition === undefined || offset === undefined) return undefined
    const isKey = headers.has(DLT.keyExceptionFqcn)
    return new DeadLetter(
      topic,
      partition,
      offset,
      readInt64(headers.get(DLT.originalTimestamp)),
      headers.text(DLT.originalConsumerGroup),
      headers.text(isKey ? DLT.keyExceptionFqcn : DLT.exceptionFqcn),
      headers.text(DLT.exceptionCauseFqcn),
      headers.text(isKey ? DLT.keyExceptionMessage : DLT.exceptionMessage),
      headers.text(isKey ? DLT.keyExceptionStacktrace : DLT.exceptionStacktrace),
      isKey,
    )
  }

  /** `orders-0@42`: where the record was when it failed. */
  get origin(): string {
    return `${this.originalTopic}-${this.originalPartition}@${this.originalOffset}`
  }
}
