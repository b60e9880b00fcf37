/**
 * The producers of one transactional-id prefix, Spring's producer cache: as many as there are transactions at a time, with
 * the ids `prefix0`, `prefix1`, …; given back after a commit or abort and used again.
 *
 * One that failed is closed. Unless a newer producer has its id, the next one takes that id over: what it may have left
 * open is ended by that, and does not hold up readers until it times out.
 */
import type { Clock } from '../../base/clock.js'
import type { ProducerPort } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import type { RecordSender } from '../template/record-sender.js'

export interface TransactionalProducer {
  readonly transactionalId: string
  readonly port: ProducerPort
  readonly sender: RecordSender
}

export interface TransactionalProducersParts {
  readonly prefix: string
  readonly timeoutMs: number
  readonly clock: Clock
  /** Connects a producer and registers its id. */
  open(transactionalId: string): Promise<TransactionalProducer>
}

export class TransactionalProducers {
  private readonly idle: TransactionalProducer[] = []
  private readonly used = new Set<TransactionalProducer>()
  /** Ids that are free to be taken over. */
  private readonly free: string[] = []
  private count = 0
  private closed = false
  private whenUnused: (() => void) | undefined

  constructor(private readonly parts: TransactionalProducersParts) {}

  get clock(): Clock {
    return this.parts.clock
  }

  get timeoutMs(): number {
    return this.parts.timeoutMs
  }

  async acquire(): Promise<TransactionalProducer> {
    this.refuseClosed()
    const idle = this.idle.pop()
    if (idle !== undefined) {
      this.used.add(idle)
      return idle
    }
    const transactionalId = this.free.shift() ?? `${this.parts.prefix}${this.count++}`
    let opened: TransactionalProducer
    try {
      opened = await this.parts.open(transactionalId)
    } catch (error) {
      if (!(KafkaError.is(error) && error.kind === 'fenced')) this.free.push(transactionalId)
      throw error
    }
    if (this.closed) await opened.sender.close(0)
    this.refuseClosed()
    this.used.add(opened)
    return opened
  }

  release(producer: TransactionalProducer): void {
    this.used.delete(producer)
    if (this.closed) void producer.sender.close(0)
    else this.idle.push(producer)
    if (this.used.size === 0) this.whenUnused?.()
  }

  /** It is of no use any more. Resolves when it is closed. `inDoubt`: its id is taken over at once, which ends what it began. */
  async discard(producer: TransactionalProducer, isFenced: boolean, inDoubt: boolean): Promise<void> {
    await producer.sender.close(0).catch(() => undefined)
    if (!this.used.delete(producer)) return
    if (inDoubt && !this.closed) void this.takeOver(producer.transactionalId)
    else if (!isFenced) this.free.push(producer.transactionalId)
    if (this.used.size === 0) this.whenUnused?.()
  }

  private async takeOver(transactionalId: string): Promise<void> {
    try {
      const opened = await this.parts.open(transactionalId)
      if (this.closed) await opened.sender.close(0)
      else this.idle.push(opened)
    } catch {
      this.free.push(transactionalId)
    }
  }

  /** Transactions at work are waited for, at most so long. */
  async close(timeoutMs: number): Promise<void> {
    this.closed = true
    if (this.used.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.clock.after(timeoutMs, resolve)
        this.whenUnused = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    const all = [...this.used, ...this.idle.splice(0)]
    this.used.clear()
    this.free.length = 0
    this.count = 0
    await Promise.all(all.map((producer) => producer.sender.close(0)))
  }

  reopen(): void {
    this.closed = false
    this.whenUnused = undefined
  }

  private refuseClosed(): void {
    if (this.closed) throw new KafkaError('closed', `the producers '${this.parts.prefix}…' are closed`)
  }
}
