/** A transactional producer: some batches over several partitions, then a commit or an abort. */
import type { ProducerPort } from '../../src/client/port.js'
import { sendValues, told } from './plain-producer.js'
import { abort, commit } from './transaction-end.js'
import { CLOSE_MS, lives, pause, producerOptions, type Surroundings, type Worker } from './worker.js'

export const TRANSACTION_TIMEOUT_MS = 15_000
const LIFE_TRANSACTIONS = 100

export class Writer implements Worker {
  private transactionCount = 0

  constructor(
    readonly name: string,
    private readonly topic: string,
    private readonly around: Surroundings,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    await lives(this.name, this.around.recorder, signal, () => this.live(signal))
    await endWhatIsOpen(this.name, this.around)
  }

  private async live(signal: AbortSignal): Promise<void> {
    const { recorder, driver } = this.around
    const port = driver.producer(transactional(this.name))
    const producer = recorder.producer(this.name)
    try {
      await port.connect()
      await port.transactions!.initialize()
      let left = LIFE_TRANSACTIONS / 2 + this.around.random.below(LIFE_TRANSACTIONS)
      for (let count = 0; !signal.aborted && left > 0; left--) count = await this.transact(port, producer, count)
    } finally {
      await port.close(CLOSE_MS)
    }
  }

  private async transact(port: ProducerPort, producer: string, before: number): Promise<number> {
    const { recorder, random, partitions } = this.around
    const transactions = port.transactions!
    const transaction = `${this.name}#${this.transactionCount++}`
    let count = before
    await transactions.begin()
    const sends: Promise<boolean>[] = []
    for (let batches = 1 + random.below(5); batches > 0; batches--) {
      const partition = random.below(partitions)
      const values = Array.from({ length: 1 + random.below(4) }, () => `${producer}/${count++}`)
      for (const value of values) {
        recorder.add({ type: 'send', producer, value, topic: this.topic, partition, transaction })
      }
      sends.push(
        sendValues(port, this.topic, partition, values).then((result) => {
          told(this.around, values, result)
          return result.error === undefined
        }),
      )
      await pause(random.below(10))
    }
    const isWanted = random.below(5) > 0
    // an abort may come while batches are under way
    const isWritten = !isWanted || (await Promise.all(sends)).every(Boolean)
    if (isWanted && isWritten) {
      await commit(recorder, transactions, transaction)
      recorder.progress(this.name)
    } else await abort(recorder, transactions, transaction)
    await Promise.all(sends)
    return count
  }
}

export const transactional = (transactionalId: string): ReturnType<typeof producerOptions> =>
  producerOptions({ transactionalId, transactionTimeoutMs: TRANSACTION_TIMEOUT_MS })

/** A new producer of the id ends what the last one left open. */
export async function endWhatIsOpen(transactionalId: string, { driver, recorder }: Surroundings): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const port = driver.producer(transactional(transactionalId))
    try {
      await port.connect()
      await port.transactions!.initialize()
      return
    } catch (error) {
      recorder.error(`${transactionalId}, last`, error)
    } finally {
      await port.close(CLOSE_MS)
    }
  }
}
