/** A member of a group that reads, and commits what it has read. */
import type { AdminPort, ConsumerOptions } from '../../src/client/port.js'
import { Reader, type Taken } from './reader.js'
import { lives, pause, type Surroundings, type Worker } from './worker.js'

const IDLE_MS = 500
const LIFE_CHUNKS = 100
const COMMIT_ATTEMPTS = 20

export class Member implements Worker {
  constructor(
    readonly name: string,
    private readonly topic: string,
    private readonly options: Partial<ConsumerOptions> & { readonly groupId: string },
    private readonly around: Surroundings,
    private readonly admin: AdminPort,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    const { recorder, random } = this.around
    return lives(this.name, recorder, signal, async () => {
      await using reader = new Reader(this.name, this.around, this.options, this.admin)
      await reader.start({ topics: [this.topic] })
      for (let left = LIFE_CHUNKS / 2 + random.below(LIFE_CHUNKS); left > 0 && !signal.aborted; left--) {
        const taken = await reader.take(50, IDLE_MS, signal)
        if (taken === undefined || !reader.owns(taken)) continue
        await reader.work(async () => {
          reader.noted(taken)
          await this.commit(reader, taken)
        })
        recorder.progress(this.name)
      }
    })
  }

  private async commit(reader: Reader, { topic, partition, nextOffset }: Taken): Promise<void> {
    const { recorder } = this.around
    const { groupId: group } = this.options
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS && reader.owns({ topic, partition }); attempt++) {
      try {
        await reader.port.commit([{ topic, partition, offset: nextOffset }], reader.currentEpoch)
        return recorder.add({ type: 'commit', group, topic, partition, offset: nextOffset })
      } catch (error) {
        recorder.error(this.name, error)
        await pause(100)
      }
    }
  }
}
