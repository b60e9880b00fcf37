/** The same orders for another group, a batch at a time. */
import { Inject, Injectable } from '@nestjs/common'
import { KafkaListener, type ConsumerRecord } from 'kts-kafka'
import { Journal } from './journal.js'
import { Orders, type Order } from './orders.js'

@Injectable()
export class Audit {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  @KafkaListener(Orders, { groupId: 'audit', batch: true })
  async audit(records: ConsumerRecord<string, Order>[]): Promise<void> {
    this.journal.audited(records)
  }
}
