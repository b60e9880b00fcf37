/** Reads what was given up: the record as it was, and why. */
import { Inject, Injectable } from '@nestjs/common'
import { deadLetterTopic, KafkaListener, type DeserializationError, type ListenerContext } from 'kts-kafka'
import { Journal } from './journal.js'
import { Orders, type Order } from './orders.js'

@Injectable()
export class DeadLetters {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  @KafkaListener(deadLetterTopic(Orders), { groupId: 'dead-letters' })
  async report(_order: Order | DeserializationError, ctx: ListenerContext): Promise<void> {
    this.journal.dead(ctx)
  }
}
