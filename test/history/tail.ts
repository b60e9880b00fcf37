/** A consumer of all partitions of a topic, of no group, that writes down what it sees at once. */
import { Reader } from './reader.js'
import type { Isolation } from './history.js'
import { lives, type Surroundings, type Worker } from './worker.js'

const IDLE_MS = 500

export class Tail implements Worker {
  constructor(
    readonly name: string,
    private readonly topic: string,
    private readonly isolation: Isolation,
    private readonly around: Surroundings,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    const { recorder, partitions: count } = this.around
    return lives(this.name, recorder, signal, async () => {
      await using reader = new Reader(this.name, this.around, { isolation: this.isolation })
      await reader.start({
        partitions: Array.from({ length: count }, (_, partition) => ({ topic: this.topic, partition })),
      })
      while (!signal.aborted) {
        const taken = await reader.take(1_000, IDLE_MS, signal)
        if (taken === undefined) continue
        reader.noted(taken)
        recorder.progress(this.name)
      }
    })
  }
}
