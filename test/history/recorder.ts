/** Writes the history down while it happens, and tells when work goes on. */
import { setTimeout as wait } from 'node:timers/promises'
import type { TopicPartition } from '../../src/model/index.js'
import type { ConsumerFacts, HistoryEvent } from './history.js'

export class Recorder {
  readonly events: HistoryEvent[] = []
  readonly consumers = new Map<string, ConsumerFacts>()
  /** What clients were told, by its first words: for people. */
  readonly errors = new Map<string, number>()
  private readonly done = new Map<string, number>()
  private names = 0

  add(event: HistoryEvent): void {
    this.events.push(event)
  }

  consumer(name: string, facts: ConsumerFacts): string {
    const unique = `${name}.${this.names++}`
    this.consumers.set(unique, facts)
    return unique
  }

  producer(name: string): string {
    return `${name}.${this.names++}`
  }

  position(consumer: string, { topic, partition }: TopicPartition, offset?: number): void {
    this.add({ type: 'position', consumer, topic, partition, offset })
  }

  error(who: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    const kind = `${who}: ${text.replace(/'[^']*'|[\w-]*\d[\w.:-]*/g, '…').slice(0, 140)}`
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
  }

  /** The worker named so has got something done. */
  progress(worker: string): void {
    this.done.set(worker, (this.done.get(worker) ?? 0) + 1)
  }

  /** How much each has got done. */
  get doneBy(): ReadonlyMap<string, number> {
    return this.done
  }

  /** Resolves when each of them has got something more done. @throws Error naming those that have not. */
  async allGoOn(workers: readonly string[], timeoutMs: number, when: string): Promise<void> {
    const before = new Map(this.done)
    const stuck = (): string[] => workers.filter((name) => (this.done.get(name) ?? 0) <= (before.get(name) ?? 0))
    const deadline = performance.now() + timeoutMs
    while (stuck().length > 0) {
      if (performance.now() > deadline) {
        throw new Error(`${when}: ${stuck().join(', ')} got nothing done within ${timeoutMs} ms`)
      }
      await wait(20)
    }
  }

  count(type: HistoryEvent['type']): number {
    return this.events.reduce((sum, event) => sum + Number(event.type === type), 0)
  }
}
