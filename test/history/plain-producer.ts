/** An idempotent producer that has several batches of a partition under way at once, and goes on after a failed one. */
import type { BatchResult, ProducerPort } from '../../src/client/port.js'
import { lives, pause, producerOptions, CLOSE_MS, type Surroundings, type Worker } from './worker.js'

const UNDER_WAY_MAX = 8
const LIFE_BATCHES = 200

export class PlainProducer implements Worker {
  constructor(
    readonly name: string,
    private readonly topic: string,
    private readonly around: Surroundings,
    private readonly deliveryTimeoutMs?: number,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return lives(this.name, this.around.recorder, signal, async () => {
      const { deliveryTimeoutMs } = this
      const port = this.around.driver.producer(producerOptions(deliveryTimeoutMs ? { deliveryTimeoutMs } : {}))
      try {
        await port.connect()
        await this.live(port, signal)
      } finally {
        await port.close(CLOSE_MS)
      }
    })
  }

  private async live(port: ProducerPort, signal: AbortSignal): Promise<void> {
    const { recorder, random, partitions } = this.around
    const producer = recorder.producer(this.name)
    const underWay = new Set<Promise<void>>()
    let count = 0
    let isOver = false
    for (let batches = 0; batches < LIFE_BATCHES && !isOver && !signal.aborted; batches++) {
      const partition = random.below(partitions)
      const values = Array.from({ length: 1 + random.below(4) }, () => `${producer}/${count++}`)
      for (const value of values) recorder.add({ type: 'send', producer, value, topic: this.topic, partition })
      const sent = sendValues(port, this.topic, partition, values).then((result) => {
        told(this.around, values, result)
        if (result.error === undefined) recorder.progress(this.name)
        else recorder.error(this.name, result.error)
        const kind = result.error?.kind
        if (kind === 'fatal' || kind === 'closed' || kind === 'fenced') isOver = true
      })
      const own = sent.finally(() => underWay.delete(own))
      underWay.add(own)
      if (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay)
      await pause(random.below(20))
    }
    await Promise.all(underWay)
  }
}

export async function sendValues(
  port: ProducerPort,
  topic: string,
  partition: number,
  values: readonly string[],
): Promise<BatchResult> {
  const records = values.map((value) => ({
    key: null,
    value: Buffer.from(value),
    headers: [],
    timestampMs: Date.now(),
  }))
  try {
    const [result] = await port.send([{ topic, partition, records }])
    return result!
  } catch (error) {
    return { error: error as never }
  }
}

/** Writes down what became of each. */
export function told({ recorder }: Surroundings, values: readonly string[], result: BatchResult): void {
  for (const [i, value] of values.entries()) {
    const one = result.records?.[i]
    if (result.error === undefined && one?.error === undefined) {
      const offset = one?.offset ?? (result.baseOffset < 0 ? -1 : result.baseOffset + i)
      recorder.add({ type: 'result', value, outcome: 'acked', offset })
    } else recorder.add({ type: 'result', value, outcome: 'unknown' })
  }
}
