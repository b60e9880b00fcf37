/**
 * Writes that go into a transaction. A partition in which the producer's transaction is not open yet takes them once the
 * transaction coordinator has let them in (KIP-890): newer producers leave it to the broker to add the partition, for
 * older ones it is looked after whether they did. Where it is open they go on at once.
 */
import { ErrorCode, errorName } from '../../protocol/errors.js'
import type { produce } from '../../protocol/messages/produce.js'
import { batch } from '../../protocol/records/index.js'
import type { RequestOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { AppendError, type Verification } from '../replica/partitions.js'
import type { Replica } from '../replica/replicas.js'
import type { TransactionSupport } from '../transaction/transaction-coordinator.js'

type Request = RequestOf<typeof produce>
type Parts = Pick<Broker, 'settings' | 'transactions'>

export interface TransactionalProducer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

/** The producer of the request's transactional batches; undefined when it has none, an error when they can't be right. */
export function transactionalProducer(request: Request): TransactionalProducer | ErrorCode | undefined {
  let found: TransactionalProducer | undefined
  for (const { partitionData } of request.topicData) {
    for (const { records } of partitionData) {
      if (!isTransactional(records)) continue
      const { transactionalId } = request
      if (transactionalId === null) return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
      const producerId = batch.producerId(records, 0)
      const producerEpoch = batch.producerEpoch(records, 0)
      if (found && (found.producerId !== producerId || found.producerEpoch !== producerEpoch)) {
        return ErrorCode.INVALID_PRODUCER_ID_MAPPING
      }
      found = { transactionalId, producerId, producerEpoch }
    }
  }
  return found
}

export function isTransactional(records: Buffer | null): records is Buffer {
  return records !== null && records.length >= batch.BATCH_HEADER_BYTES && batch.isTransactional(records, 0)
}

/** A write on its way into a partition. */
export interface TransactionalWrite {
  readonly replica: Replica
  readonly bytes: Buffer
}

interface Waiting<Write> {
  readonly write: Write
  readonly verification: Verification
}

export class ProduceInTransaction<Write extends TransactionalWrite> {
  private readonly support: TransactionSupport
  private readonly verifies: boolean
  private readonly waiting: Waiting<Write>[] = []

  constructor(
    private readonly parts: Parts,
    private readonly producer: TransactionalProducer,
    apiVersion: number,
  ) {
    this.support = apiVersion >= 12 ? 'add' : apiVersion === 11 ? 'verify-abortable' : 'verify'
    this.verifies = parts.settings.bool('transaction.partition.verification.enable')
  }

  /**
   * True: the write has to wait for `admit`.
   *
   * @throws AppendError INVALID_PRODUCER_EPOCH
   */
  mustWait(write: Write): boolean {
    if (this.support !== 'add' && !this.verifies) return false
    const { producerId, producerEpoch } = this.producer
    const baseSequence = batch.baseSequence(write.bytes, 0)
    const bumpsEpoch = this.support === 'add'
    const verification = write.replica.verification({ producerId, producerEpoch, baseSequence, bumpsEpoch })
    if (!verification) return false
    this.waiting.push({ write, verification })
    return true
  }

  /** Asks the coordinator about all that wait, and hands each on: to be appended now, or with why it may not be. */
  async admit(onAdmitted: (write: Write, refusal: AppendError | undefined) => void): Promise<void> {
    if (this.waiting.length === 0) return
    const partitions = new Map<string, Set<number>>()
    for (const { write } of this.waiting) {
      const { topic, partition } = write.replica
      const known = partitions.get(topic)
      if (known) known.add(partition)
      else partitions.set(topic, new Set([partition]))
    }
    const errorOf = await this.parts.transactions.admit({ ...this.producer, partitions }, this.support)
    for (const { write, verification } of this.waiting) {
      const error = errorOf(write.replica.topic, write.replica.partition)
      onAdmitted(write, error === ErrorCode.NONE ? this.tooLate(write, verification) : this.refusal(error))
    }
  }

  private tooLate({ replica }: Write, verification: Verification): AppendError | undefined {
    const { producerId, producerEpoch } = this.producer
    if (!this.verifies || replica.isVerified(producerId, producerEpoch, verification)) return undefined
    return new AppendError(ErrorCode.INVALID_TXN_STATE, 'the transaction has ended meanwhile')
  }

  /** Producers try again where the coordinator can't be asked; older ones know only errors of partitions for that. */
  private refusal(error: ErrorCode): AppendError {
    const isPassing = PASSING.has(error) || (error === ErrorCode.CONCURRENT_TRANSACTIONS && this.support !== 'add')
    if (isPassing) {
      const message = `it can't be told whether the partition is part of the transaction (${errorName(error)})`
      return new AppendError(ErrorCode.NOT_ENOUGH_REPLICAS, message)
    }
    const isMissing = error === ErrorCode.INVALID_TXN_STATE
    return new AppendError(error, isMissing ? 'the partition was not added to the transaction' : '')
  }
}

const PASSING: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
])
