/** Asks where the partitions of a topic begin and end, again and again: nothing is deleted, so the beginning stays. */
import type { AdminPort } from '../../src/client/port.js'
import { lives, pause, type Surroundings, type Worker } from './worker.js'

export class Looker implements Worker {
  constructor(
    readonly name: string,
    private readonly topic: string,
    private readonly around: Surroundings,
    private readonly admin: AdminPort,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    const { recorder, partitions: count } = this.around
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic: this.topic, partition }))
    return lives(this.name, recorder, signal, async () => {
      while (!signal.aborted) {
        const [starts, ends] = await Promise.all([
          this.admin.listOffsets(partitions, 'earliest'),
          this.admin.listOffsets(partitions, 'latest', 'read_committed'),
        ])
        const wrong = starts.find(({ offset }) => offset !== 0)
        if (wrong) throw new Error(`partition ${wrong.partition} begins at ${wrong.offset}`)
        if (ends.length === count) recorder.progress(this.name)
        await pause(200, signal)
      }
    })
  }
}
