/** What is printed, and when all is done. */
import { Injectable } from '@nestjs/common'
import type { ConsumerRecord, FailedRecord, ListenerContext, RetryListener, SendResult } from 'kts-kafka'
import type { Order } from './orders.js'

@Injectable()
export class Journal implements RetryListener {
  private open = 0
  private finish = (): void => {}
  private readonly finished = new Promise<void>((resolve) => (this.finish = resolve))

  /** Each order has two outcomes to come: billed or reported dead, and audited. */
  sent({ record, metadata }: SendResult<string, Order>): void {
    this.open += 2
    console.log(`→ ${metadata.topic}-${metadata.partition}@${metadata.offset} key=${record.key}`)
  }

  billed(order: Order, ctx: ListenerContext): void {
    console.log(`billing ✓ order ${order.id}${ctx.attempt > 1 ? `, attempt ${ctx.attempt}` : ''}`)
    this.done(1)
  }

  audited(records: readonly ConsumerRecord<string, Order>[]): void {
    console.log(`audit ✓ ${records.map(({ coordinates }) => coordinates).join(' ')}`)
    this.done(records.length)
  }

  failedDelivery({ record, attempt, error }: FailedRecord): void {
    console.log(`billing ✗ order ${record.key as string}, attempt ${attempt}: ${String(error)}`)
  }

  dead({ record, deadLetter }: ListenerContext): void {
    console.log(`dead letter ${record.coordinates}, was ${deadLetter?.origin}: ${deadLetter?.errorMessage}`)
    this.done(1)
  }

  async allDone(timeoutMs = 10_000): Promise<void> {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`${this.open} outcomes are still missing`)), timeoutMs).unref()
    })
    await Promise.race([this.finished, late])
  }

  private done(count: number): void {
    this.open -= count
    if (this.open === 0) this.finish()
  }
}
