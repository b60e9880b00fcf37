/** Where orders come from: two good ones, one that fails twice before it works, one that never will. */
import { Inject, Injectable } from '@nestjs/common'
import { KafkaTemplate } from 'kts-kafka'
import { Journal } from './journal.js'
import { Orders, type Order } from './orders.js'

const ORDERS: readonly Order[] = [
  { id: '1', total: 20 },
  { id: '2', total: 45 },
  { id: '3', total: 999 },
  { id: '4', total: -1 },
]

@Injectable()
export class Shop {
  constructor(
    @Inject(KafkaTemplate) private readonly kafka: KafkaTemplate,
    @Inject(Journal) private readonly journal: Journal,
  ) {}

  async placeOrders(): Promise<number> {
    const sent = await Promise.all(ORDERS.map((order) => this.kafka.send(Orders, order, { key: order.id })))
    for (const result of sent) this.journal.sent(result)
    return sent.length
  }
}
