/**
 * The transactions of one transactional id.
 *
 *   uninitialized ─initialize→ ready ─begin→ open ─commit/abort→ ready
 *                                             │ a batch or an offset failed: only `abort` is left
 *   any ─ fenced, not authorized, …: fatal ─→ every call is refused
 *
 * Where the brokers have finalised transaction.version 2 (KIP-890), they add partitions and groups by themselves, and each
 * end of a transaction gives the next epoch. Before that, both are asked for.
 */
import type { OutboundPeer } from '../../../net/index.js'
import { ErrorCode, messages } from '../../../protocol/index.js'
import {
  DriverError,
  type CommitOffset,
  type GroupMetadata,
  type ProducerOptions,
  type TransactionPort,
} from '../../port.js'
import type { Cluster, SoonAfter } from '../cluster.js'
import { errorOfCode, isRetriable, throwCode, toDriverError } from '../errors.js'
import { byTopic } from '../offsets.js'
import type { PartitionQueue, ProducerIdentity } from './partition-queue.js'
import type { Sender } from './sender.js'

/** `max.block.ms` */
const MAX_BLOCK_MS = 60_000
/** `transaction.timeout.ms` */
const TRANSACTION_TIMEOUT_MS = 60_000
/** The transaction before is still writing its markers: as Java, which waits no longer before the first partition. */
const FIRST_ADD_BACK_OFF_MS = 20
const NO_PRODUCER: ProducerIdentity = { producerId: -1, producerEpoch: -1 }
/** The last versions before KIP-890, and the last AddPartitionsToTxn that clients send. */
const V1 = { addPartitions: 3, txnOffsetCommit: 4, endTxn: 4 }

const FATAL: ReadonlySet<string | undefined> = new Set([
  'PRODUCER_FENCED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'UNSUPPORTED_VERSION',
])

type State = 'uninitialized' | 'ready' | 'open' | 'ending' | 'fatal'

export class Transactions implements TransactionPort {
  identity: ProducerIdentity | undefined
  isV2 = false
  /** Why the transaction can only be aborted, or nothing is possible any more. */
  failure: DriverError | undefined
  private state: State = 'uninitialized'
  private sender!: Sender
  private readonly transactionalId: string
  private readonly partitions = new Set<PartitionQueue>()
  private readonly toAdd = new Set<PartitionQueue>()
  private adding: Promise<void> | undefined
  /** The coordinator knows of the transaction, or may. */
  private begun = false
  /** How it was to end, when nobody knows whether it did. */
  private inDoubt: 'commit' | 'abort' | undefined

  constructor(
    private readonly cluster: Cluster,
    private readonly options: ProducerOptions,
  ) {
    this.transactionalId = options.transactionalId!
  }

  attach(sender: Sender): void {
    this.sender = sender
  }

  get isFailed(): boolean {
    return this.failure !== undefined
  }

  async initialize(): Promise<void> {
    this.expect('initialize', 'uninitialized')
    await this.initProducerId(NO_PRODUCER)
    this.state = 'ready'
  }

  async begin(): Promise<void> {
    this.expect('begin', 'ready')
    this.partitions.clear()
    this.begun = false
    this.failure = undefined
    this.state = 'open'
  }

  async sendOffsets(offsets: readonly CommitOffset[], group: GroupMetadata): Promise<void> {
    this.expect('sendOffsets', 'open')
    if (this.failure) throw this.failure
    if (offsets.length === 0) return
    try {
      if (!this.isV2) {
        await this.ask(async (peer) => {
          const { errorCode } = await peer.send(messages.addOffsetsToTxn, { ...this.named(), groupId: group.groupId })
          this.check(errorCode)
        })
      }
      this.begun = true
      await this.commitOffsets(offsets, group)
    } catch (error) {
      const failure = this.failed(error)
      // only the abort is left: batches that wait would do so until their delivery time-out
      this.sender.failAll(() => failure)
      throw failure
    }
  }

  async commit(): Promise<void> {
    this.expect('commit', 'open')
    await this.sender.drain()
    if (this.failure) throw this.failure
    await this.end(true)
  }

  async abort(): Promise<void> {
    this.expect('abort', 'open')
    if (this.inDoubt === 'commit') {
      const message = `Transactional id '${this.transactionalId}': the commit may have gone through; call commit() again.`
      throw new DriverError('fatal', message)
    }
    const aborted = new DriverError('retriable', 'The transaction was aborted.', 'TRANSACTION_ABORTED')
    this.failure ??= aborted
    this.toAdd.clear()
    this.sender.failAll(
      (batch) =>
        new DriverError(
          'retriable',
          `${batch.topic}-${batch.partition}: the transaction was aborted.`,
          'TRANSACTION_ABORTED',
        ),
    )
    await this.adding
    await this.sender.drain()
    await this.end(false)
  }

  // ── the sender's side ──

  /** Why nothing can be sent now; undefined: it can. */
  refusal(): DriverError | undefined {
    if (this.state !== 'open') {
      const message = `Transactional id '${this.transactionalId}': no transaction is open; call begin() first.`
      return this.failure ?? new DriverError('fatal', message)
    }
    return this.failure
  }

  /** Whether the partition is in the transaction; if not, it is added, and the sender kicked. */
  admits(queue: PartitionQueue): boolean {
    if (this.state !== 'open' || this.failure) return false
    if (this.partitions.has(queue)) return true
    if (this.isV2) {
      this.partitions.add(queue)
      this.begun = true
      return true
    }
    this.toAdd.add(queue)
    this.adding ??= this.addPartitions().finally(() => {
      this.adding = undefined
      this.sender.kick()
    })
    return false
  }

  batchFailed(error: DriverError): void {
    if (this.failure) return
    // a partition's leader says INVALID_TXN_STATE of this transaction; it is the next one that it does not concern
    if (error.code === 'INVALID_TXN_STATE') this.failure = error
    else this.failed(error)
    if (this.state === 'open' || this.state === 'fatal') this.sender.failAll(() => this.failure!)
  }

  // ── requests ──

  private async addPartitions(): Promise<void> {
    await Promise.resolve() // whatever the sender finds in this turn goes along
    const queues = [...this.toAdd]
    this.toAdd.clear()
    if (queues.length === 0) return
    const isFirst = this.partitions.size === 0
    const soonAfter: SoonAfter = ({ code }) =>
      isFirst && code === 'CONCURRENT_TRANSACTIONS' ? FIRST_ADD_BACK_OFF_MS : undefined
    try {
      await this.ask(async (peer) => {
        const { producerId, producerEpoch } = this.identity!
        const answer = await peer.send(
          messages.addPartitionsToTxn,
          {
            v3AndBelowTransactionalId: this.transactionalId,
            v3AndBelowProducerId: producerId,
            v3AndBelowProducerEpoch: producerEpoch,
            v3AndBelowTopics: byTopic(queues, ({ partition }) => partition),
          },
          { maxVersion: V1.addPartitions },
        )
        const codes = answer.resultsByTopicV3AndBelow.flatMap(({ name, resultsByPartition }) =>
          resultsByPartition.map(({ partitionErrorCode, partitionIndex }) => ({
            code: partitionErrorCode,
            at: { topic: name, partition: partitionIndex },
          })),
        )
        const told = codes.filter(({ code }) => code !== ErrorCode.NONE)
        const failed = told.find(({ code }) => code !== ErrorCode.OPERATION_NOT_ATTEMPTED) ?? told[0]
        if (failed) this.check(failed.code, failed.at)
      }, soonAfter)
      this.begun = true
      for (const queue of queues) this.partitions.add(queue)
    } catch (error) {
      this.batchFailed(toDriverError(error))
    }
  }

  private async commitOffsets(offsets: readonly CommitOffset[], group: GroupMetadata): Promise<void> {
    const { groupId, generationId, memberId, groupInstanceId } = group
    await this.cluster.askCoordinator('group', groupId, MAX_BLOCK_MS, async (peer) => {
      const answer = await peer.send(
        messages.txnOffsetCommit,
        {
          ...this.named(),
          groupId,
          generationId,
          memberId,
          groupInstanceId: groupInstanceId ?? null,
          topics: byTopic(offsets, ({ partition, offset, metadata }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedMetadata: metadata ?? null,
          })),
        },
        this.isV2 ? {} : { maxVersion: V1.txnOffsetCommit },
      )
      for (const { name, partitions } of answer.topics) {
        for (const { partitionIndex, errorCode } of partitions) {
          this.check(errorCode, { topic: name, partition: partitionIndex })
        }
      }
    })
  }

  private async end(committed: boolean): Promise<void> {
    this.state = 'ending'
    try {
      if (this.begun) {
        await this.ask(async (peer) => {
          const answer = await peer.send(
            messages.endTxn,
            { ...this.named(), committed },
            this.isV2 ? {} : { maxVersion: V1.endTxn },
          )
          this.check(answer.errorCode)
          const { producerId, producerEpoch } = answer
          if (producerId >= 0) this.identity = { producerId, producerEpoch }
        })
      }
      if (this.sender.queues.needNewEpoch && !(this.isV2 && this.begun)) await this.initProducerId(this.identity!)
      this.failure = this.inDoubt = undefined
      this.state = 'ready'
    } catch (error) {
      const failure = toDriverError(error)
      this.state = 'open'
      // without an answer, only the same call, again, tells
      if (isRetriable(failure)) this.inDoubt = committed ? 'commit' : 'abort'
      else this.failed(failure)
      throw failure
    }
  }

  private async initProducerId(before: ProducerIdentity): Promise<void> {
    try {
      await this.ask(async (peer) => {
        const answer = await peer.send(messages.initProducerId, (version) => ({
          transactionalId: this.transactionalId,
          transactionTimeoutMs: this.options.transactionTimeoutMs ?? TRANSACTION_TIMEOUT_MS,
          ...(version >= 3 && before),
        }))
        this.check(answer.errorCode)
        this.isV2 = (peer.versions?.features.get('transaction.version') ?? 0) >= 2
        this.identity = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
      })
    } catch (error) {
      throw this.failed(error)
    }
  }

  private named(): { transactionalId: string } & ProducerIdentity {
    return { transactionalId: this.transactionalId, ...this.identity! }
  }

  private ask(attempt: (peer: OutboundPeer) => Promise<void>, soonAfter?: SoonAfter): Promise<void> {
    return this.cluster.askCoordinator('transaction', this.transactionalId, MAX_BLOCK_MS, attempt, soonAfter)
  }

  private check(code: number, at?: { topic: string; partition: number }): void {
    // the coordinator says so when a newer producer has the id; in a partition it may only be behind
    if (code === ErrorCode.INVALID_PRODUCER_EPOCH) code = ErrorCode.PRODUCER_FENCED
    if (code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
      throw new DriverError('retriable', errorOfCode(code, at).message, 'UNKNOWN_TOPIC_OR_PARTITION', at)
    }
    throwCode(code, at ?? `transactional id '${this.transactionalId}'`)
  }

  private failed(error: unknown): DriverError {
    const failure = toDriverError(error)
    if (isFatal(failure)) this.state = 'fatal'
    this.failure ??= failure
    return failure
  }

  private expect(call: string, state: State): void {
    if (this.state === 'fatal') throw this.failure!
    if (this.state !== state) {
      throw new DriverError(
        'fatal',
        `Transactional id '${this.transactionalId}': ${call}() is not possible while ${WORDS[this.state]}.`,
      )
    }
  }
}

const WORDS: Readonly<Record<State, string>> = {
  uninitialized: 'initialize() was not called',
  ready: 'no transaction is open',
  open: 'a transaction is open',
  ending: 'a transaction is ending',
  fatal: 'it has failed',
}

function isFatal(error: DriverError): boolean {
  return FATAL.has(error.code) || error.kind === 'auth' || error.kind === 'closed'
}
