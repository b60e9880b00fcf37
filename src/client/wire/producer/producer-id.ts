/**
 * The id and epoch under which an idempotent producer's sequences count. A new epoch without a transactional id needs no
 * broker: each partition takes the higher one when its sequence begins at 0 (as Java's producer does since 2.5).
 */
import { messages } from '../../../protocol/index.js'
import type { Cluster } from '../cluster.js'
import { throwCode } from '../errors.js'
import type { ProducerIdentity } from './partition-queue.js'

const EPOCH_MAX = 0x7fff
const NO_TRANSACTION_TIMEOUT_MS = 0x7fff_ffff

export class ProducerId {
  current: ProducerIdentity | undefined
  private asking: Promise<void> | undefined

  constructor(private readonly cluster: Cluster) {}

  /** Asks for an id, one request at a time. @throws DriverError */
  ask(): Promise<void> {
    this.asking ??= this.request().finally(() => (this.asking = undefined))
    return this.asking
  }

  private async request(): Promise<void> {
    const answer = await this.cluster.askAny(messages.initProducerId, {
      transactionalId: null,
      transactionTimeoutMs: NO_TRANSACTION_TIMEOUT_MS,
    })
    throwCode(answer.errorCode, 'the producer id')
    this.current = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  /** The next epoch; none when they are used up, and an id is to be asked for. */
  bump(): void {
    const { current } = this
    if (current === undefined) return
    const { producerId, producerEpoch } = current
    this.current = producerEpoch >= EPOCH_MAX ? undefined : { producerId, producerEpoch: producerEpoch + 1 }
  }
}
