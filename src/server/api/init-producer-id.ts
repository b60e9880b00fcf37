/**
 * Gives an idempotent producer its id: from a block that the metadata log holds as taken, so that no id is handed out
 * twice, also after a crash. A block is taken when the first producer asks, and the next when it is used up.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { initProducerId } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import type { Controller } from '../controller/controller.js'
import { handler } from './handler.js'

const NO_ID = { producerId: -1, producerEpoch: -1 }

export const initProducerIdHandler = handler(initProducerId, ({ controller }: Pick<Broker, 'controller'>) => {
  const ids = new ProducerIds(controller)
  return async (request) => {
    const { transactionalId } = request
    if (transactionalId === '') return { ...NO_ID, errorCode: ErrorCode.INVALID_REQUEST }
    // not retriable, so that a transactional producer fails at once instead of asking for ever
    if (transactionalId !== null) return { ...NO_ID, errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED }
    return { errorCode: ErrorCode.NONE, producerId: await ids.next(), producerEpoch: 0 }
  }
})

/** Ids out of the block in hand; whoever finds it used up takes the next, once for all that wait. */
class ProducerIds {
  private nextId = 0
  private endId = 0
  private refill: Promise<void> | undefined

  constructor(private readonly controller: Controller) {}

  async next(): Promise<number> {
    while (this.nextId === this.endId) {
      this.refill ??= this.takeBlock().finally(() => (this.refill = undefined))
      await this.refill
    }
    return this.nextId++
  }

  private async takeBlock(): Promise<void> {
    const { first, count } = await this.controller.allocateProducerIds()
    this.nextId = first
    this.endId = first + count
  }
}
