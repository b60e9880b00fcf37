/**
 * Publishes a record that is given up to its dead-letter topic, Spring's `DeadLetterPublishingRecoverer`: the bytes and
 * headers as they came, to the same partition where there is one, with headers that say where it was and why it failed.
 * Resolves when the broker has it; rejects when not, so that the record is not passed over.
 */
import type { Log } from '../../base/log.js'
import { Headers, KafkaError, topic } from '../../model/index.js'
import type { RecordHeader, Topic } from '../../model/index.js'
import { bytes, DeserializationError, orError } from '../../serde/index.js'
import type { KafkaOperations } from '../template/kafka-operations.js'
import type { KafkaTemplate } from '../template/kafka-template.js'
import { causeChain, errorMessage, errorName } from './cause-chain.js'
import { DLT, int32Bytes, int64Bytes } from './dead-letter-headers.js'
import type { FailedRecord } from './error-handler.js'
import type { Recoverer, RecovererServices } from './recoverer.js'

/** Spring's default suffix. */
const SUFFIX = '-dlt'

/** Where a dead letter goes. */
export interface DeadLetterDestination {
  readonly topic: string
  /** Left out: the record's own partition, where the topic has it. Negative: the partitioner decides. */
  readonly partition?: number | undefined
}

/** Of `deadLetter` and `DeadLetterPublishingRecoverer`. */
export interface DeadLetterOptions {
  /** Default: the runtime's own template. */
  template?: KafkaTemplate | undefined
  /**
   * Where a record goes. Default: its topic's name followed by `-dlt`; a record of such a topic stays where it is, with an
   * error line. null: nowhere, it is dropped with an error line.
   */
  destination?: ((failure: FailedRecord) => DeadLetterDestination | string | null) | undefined
  /** A null destination is an error instead. Default false. */
  failWithoutDestination?: boolean | undefined
  /** Each hop adds its origin; false: only the first hop's origin is kept. Default true. */
  appendOriginalHeaders?: boolean | undefined
  /** Exception headers of earlier hops are replaced. Default true. */
  stripPreviousExceptionHeaders?: boolean | undefined
  /** Headers to add. */
  headers?: ((failure: FailedRecord) => Iterable<RecordHeader>) | undefined
  /** Create `<topic>-dlt`, with as many partitions as its topic, for listeners of typed topics. Default true. */
  createTopics?: boolean | undefined
}

/** Short for `new DeadLetterPublishingRecoverer(options)`. */
export function deadLetter(options: DeadLetterOptions = {}): DeadLetterPublishingRecoverer {
  return new DeadLetterPublishingRecoverer(options)
}

const isDeadLetterTopic = (name: string): boolean => name.endsWith(SUFFIX)

/** The dead-letter topic of a topic, to listen to. A value that can't be read comes as a `DeserializationError`. */
export function deadLetterTopic<K, V>(source: Topic<K, V>): Topic<K, V | DeserializationError> {
  return topic(source.name + SUFFIX, {
    value: orError(source.value),
    key: source.key,
    partitions: source.partitions,
    replicationFactor: source.replicationFactor,
  })
}

/**
 * Publishes what is given up to `<topic>-dlt`, with Spring's headers. Rejects when it could not, and the record comes
 * again.
 */
export class DeadLetterPublishingRecoverer implements Recoverer {
  private bound: KafkaTemplate | undefined

  constructor(private readonly options: DeadLetterOptions = {}) {}

  bind(services: RecovererServices): void {
    this.bound ??= services.template
  }

  topicsFor(source: Topic<unknown, unknown>): readonly Topic<unknown, unknown>[] {
    if (this.options.createTopics === false || this.options.destination !== undefined) return []
    if (isDeadLetterTopic(source.name)) return []
    return [deadLetterTopic(source)]
  }

  async recover(failure: FailedRecord): Promise<void> {
    const { record, error, log } = failure
    if (this.options.destination === undefined && isDeadLetterTopic(record.topic)) {
      log.error(`${record.coordinates} is a dead letter already and stays where it is: ${errorMessage(error)}`, {
        error,
      })
      return
    }
    const destination = this.destinationOf(failure)
    if (destination === null) return this.withoutDestination(failure)
    if (destination.topic === record.topic && isUnreadable(error)) {
      log.error(
        `${record.coordinates} can't be read and is its own dead letter: dropped, or it would go round for ever`,
      )
      return
    }
    const template = this.options.template ?? this.bound
    if (template === undefined) {
      throw new KafkaError('config', 'DeadLetterPublishingRecoverer has no template: pass one as options.template')
    }
    const target = topic(destination.topic, { key: bytes(), value: bytes() })
    const publish = async (operations: KafkaOperations): Promise<void> => {
      await operations.send(target, record.rawValue, {
        key: record.rawKey,
        headers: this.headersFor(failure),
        partition: await partitionOf(destination, record.partition, operations, log),
      })
    }
    // a transactional template joins the transaction that it is in, or has one of its own
    if (template.isTransactional && !template.inTransaction) await template.executeInTransaction(publish)
    else await publish(template)
  }

  private destinationOf(failure: FailedRecord): DeadLetterDestination | null {
    const { destination } = this.options
    if (destination === undefined) return { topic: failure.record.topic + SUFFIX }
    const chosen = destination(failure)
    return typeof chosen === 'string' ? { topic: chosen } : chosen
  }

  private withoutDestination({ record, error, log }: FailedRecord): void {
    if (this.options.failWithoutDestination) {
      throw new KafkaError('listener', `no dead-letter destination was given for ${record.coordinates}`)
    }
    log.error(`${record.coordinates} is dropped, no dead-letter destination was given: ${errorMessage(error)}`, {
      error,
    })
  }

  private headersFor(failure: FailedRecord): Headers {
    const { record, error } = failure
    const headers = new Headers(record.headers.toArray())
    const replace = this.options.stripPreviousExceptionHeaders !== false
    const exception = (key: string, value: string): void => {
      if (replace) headers.set(key, value)
      else headers.add(key, value)
    }
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : undefined
    const isKey = isKeyFailure(error)
    if (replace) for (const key of EXCEPTION_HEADERS) headers.delete(key)
    exception(isKey ? DLT.keyExceptionFqcn : DLT.exceptionFqcn, errorName(error))
    // Spring wraps what a listener throws, so its readers go by the cause; here nothing is wrapped
    exception(DLT.exceptionCauseFqcn, errorName(cause ?? error))
    exception(isKey ? DLT.keyExceptionMessage : DLT.exceptionMessage, messageWithCause(error, cause))
    exception(isKey ? DLT.keyExceptionStacktrace : DLT.exceptionStacktrace, stackTrace(error))

    const origin = (key: string, value: string | Buffer): void => {
      if (this.options.appendOriginalHeaders !== false || !headers.has(key)) headers.add(key, value)
    }
    origin(DLT.originalTopic, record.topic)
    origin(DLT.originalPartition, int32Bytes(record.partition))
    origin(DLT.originalOffset, int64Bytes(record.offset))
    origin(DLT.originalTimestamp, int64Bytes(record.timestampMs))
    origin(DLT.originalTimestampType, record.timestampMs < 0 ? 'NoTimestampType' : record.timestampType)
    origin(DLT.originalConsumerGroup, failure.groupId)
    for (const { key, value } of this.options.headers?.(failure) ?? []) headers.add(key, value)
    return headers
  }
}

const EXCEPTION_HEADERS = [
  DLT.exceptionFqcn,
  DLT.exceptionCauseFqcn,
  DLT.exceptionMessage,
  DLT.exceptionStacktrace,
  DLT.keyExceptionFqcn,
  DLT.keyExceptionMessage,
  DLT.keyExceptionStacktrace,
]

function isUnreadable(error: unknown): boolean {
  return [...causeChain(error)].some((link) => link instanceof DeserializationError)
}

function isKeyFailure(error: unknown): boolean {
  return [...causeChain(error)].some((link) => link instanceof DeserializationError && link.isKey)
}

function messageWithCause(error: unknown, cause: unknown): string {
  const [own, reason] = [errorMessage(error), errorMessage(cause)]
  // what can't be read says why already
  return cause === undefined || own.endsWith(reason) ? own : `${own}; ${reason}`
}

function stackTrace(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

async function partitionOf(
  destination: DeadLetterDestination,
  own: number,
  template: KafkaOperations,
  log: Log,
): Promise<number | undefined> {
  const wanted = destination.partition ?? own
  if (wanted < 0) return undefined
  const count = await template.partitionsFor(destination.topic)
  if (wanted < count) return wanted
  log.debug(`${destination.topic} has ${count} partitions, not ${wanted + 1}: the partitioner decides`)
  return undefined
}
