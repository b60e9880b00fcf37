/** ProducerPort on the wire. */
import { topicPartitionName } from '../../../model/index.js'
import { ErrorCode } from '../../../protocol/index.js'
import { endsWithin } from '../../deadline.js'
import {
  DriverError,
  type BatchResult,
  type OutgoingBatch,
  type ProducerOptions,
  type ProducerPort,
} from '../../port.js'
import { Cluster } from '../cluster.js'
import type { WireContext } from '../context.js'
import { errorOfCode } from '../../error-of-code.js'
import { REMEMBERED_MAX } from './partition-queue.js'
import { Sender } from './sender.js'
import { Transactions } from './transactions.js'

/** Time that a topic made on demand may take (`max.block.ms`, which is longer). */
const TOPIC_PATIENCE_MS = 15_000

export class WireProducer implements ProducerPort {
  readonly batchesInFlightMax = REMEMBERED_MAX
  readonly transactions: Transactions | undefined
  private readonly cluster: Cluster
  private readonly sender: Sender
  private closing: Promise<void> | undefined

  constructor(
    private readonly context: WireContext,
    options: ProducerOptions,
  ) {
    const { requestTimeoutMs, clientId } = options
    this.cluster = new Cluster(context, { requestTimeoutMs, clientId })
    this.transactions = options.transactionalId === undefined ? undefined : new Transactions(this.cluster, options)
    this.sender = new Sender(this.cluster, options, this.transactions)
    this.transactions?.attach(this.sender)
  }

  connect(): Promise<void> {
    return this.cluster.connect()
  }

  async partitions(topic: string): Promise<number> {
    const known = this.cluster.metadata.topic(topic)
    if (known && known.partitions.length > 0) return known.partitions.length
    this.expectOpen()
    return this.cluster.retrying(TOPIC_PATIENCE_MS, async () => {
      await this.cluster.refresh([topic], true)
      const found = this.cluster.metadata.topic(topic)
      if (found && found.partitions.length > 0) return found.partitions.length
      const code = this.cluster.metadata.errorOf(topic)
      const error = errorOfCode(code === ErrorCode.NONE ? ErrorCode.LEADER_NOT_AVAILABLE : code, topic)
      // it is being made
      if (error.kind === 'unknownTopic') throw new DriverError('retriable', error.message, error.code)
      throw error
    })
  }

  async send(batches: readonly OutgoingBatch[]): Promise<readonly BatchResult[]> {
    this.expectOpen()
    const refusal = this.transactions?.refusal()
    if (refusal) return batches.map(() => ({ error: refusal }))
    return Promise.all(batches.map((batch) => this.sender.add(batch)))
  }

  close(timeoutMs: number): Promise<void> {
    return (this.closing ??= this.shut(timeoutMs))
  }

  private async shut(timeoutMs: number): Promise<void> {
    await endsWithin(this.context.clock, timeoutMs, this.sender.drain())
    this.sender.failAll(
      (batch) => new DriverError('closed', `${topicPartitionName(batch)}: the producer was closed.`, undefined, batch),
    )
    this.sender.stop()
    this.cluster.close()
  }

  private expectOpen(): void {
    if (this.closing) throw new DriverError('closed', 'The producer is closed.')
  }
}
