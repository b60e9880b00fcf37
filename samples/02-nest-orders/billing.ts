/** One order at a time. What it throws is the error handler's business: see orders.module.ts. */
import { Inject, Injectable } from '@nestjs/common'
import { KafkaListener, type ListenerContext } from 'kts-kafka'
import { Journal } from './journal.js'
import { Orders, type Order } from './orders.js'

@Injectable()
export class Billing {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  @KafkaListener(Orders, { groupId: 'billing' })
  async bill(order: Order, ctx: ListenerContext): Promise<void> {
    if (order.total < 0) throw new RangeError(`a total of ${order.total} can't be billed`)
    if (order.total > 500 && ctx.attempt < 3) throw new Error('the card terminal is busy')
    this.journal.billed(order, ctx)
  }
}
