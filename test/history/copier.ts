/** Consume, transform, produce: each record of one topic gives one of another, its offset committed with it (KIP-447). */
import type { AdminPort, ConsumerOptions, GroupMetadata, ProducerPort } from '../../src/client/port.js'
import { sendValues, told } from './plain-producer.js'
import { Reader, type Taken } from './reader.js'
import { abort, commit } from './transaction-end.js'
import { CLOSE_MS, lives, type Surroundings, type Worker } from './worker.js'
import { endWhatIsOpen, transactional } from './writer.js'

const TAKE_MAX = 60
const IDLE_MS = 500
/** A member goes and comes back after about so many transactions. */
const LIFE_TRANSACTIONS = 100

export interface Copying {
  readonly from: string
  readonly to: string
  readonly group: string
  readonly protocol: Partial<ConsumerOptions>
}

export class Copier implements Worker {
  private transactionCount = 0

  constructor(
    readonly name: string,
    private readonly copying: Copying,
    private readonly around: Surroundings,
    private readonly admin: AdminPort,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    await lives(this.name, this.around.recorder, signal, () => this.live(signal))
    await endWhatIsOpen(this.name, this.around)
  }

  private async live(signal: AbortSignal): Promise<void> {
    const { driver, recorder, random } = this.around
    const { group, from, protocol } = this.copying
    const port = driver.producer(transactional(this.name))
    const producer = recorder.producer(this.name)
    await using reader = new Reader(this.name, this.around, { groupId: group, ...protocol }, this.admin)
    try {
      await port.connect()
      await port.transactions!.initialize()
      await reader.start({ topics: [from] })
      let left = LIFE_TRANSACTIONS / 2 + random.below(LIFE_TRANSACTIONS)
      for (let count = 0; !signal.aborted && left > 0;) {
        const taken = await reader.take(TAKE_MAX, IDLE_MS, signal)
        if (taken === undefined) continue
        // of the moment in which the records are ours: what comes later is of another assignment
        const member = reader.port.groupMetadata()
        if (member === undefined || !reader.owns(taken)) continue
        const offset = count
        await reader.work(() => this.copy(port, reader, taken, member, (i) => `${producer}/${offset + i}`))
        count += taken.records.length
        left--
      }
    } finally {
      await port.close(CLOSE_MS)
    }
  }

  private async copy(
    port: ProducerPort,
    reader: Reader,
    taken: Taken,
    member: GroupMetadata,
    valueOf: (i: number) => string,
  ): Promise<void> {
    const { recorder, random, partitions } = this.around
    const { to, group } = this.copying
    const { topic, partition, nextOffset } = taken
    const transactions = port.transactions!
    const transaction = `${this.name}#${this.transactionCount++}`
    reader.noted(taken)
    await transactions.begin()
    const target = random.below(partitions)
    const values = taken.records.map((_, i) => valueOf(i))
    const producer = values[0]!.slice(0, values[0]!.indexOf('/'))
    for (const [i, value] of values.entries()) {
      const about = taken.records[i]!.rawValue!.toString()
      recorder.add({ type: 'send', producer, value, topic: to, partition: target, transaction, about })
    }
    const [result, sendFailure] = await Promise.all([
      sendValues(port, to, target, values),
      transactions.sendOffsets([{ topic, partition, offset: nextOffset }], member).then(
        () => undefined,
        (error: unknown) => error,
      ),
    ])
    told(this.around, values, result)
    const failure = result.error ?? sendFailure
    if (failure !== undefined || random.below(15) === 0) {
      if (failure !== undefined) recorder.error(this.name, failure)
      await abort(recorder, transactions, transaction)
      reader.again(taken)
      return
    }
    await commit(recorder, transactions, transaction, [{ group, topic, partition, offset: nextOffset }])
    recorder.progress(this.name)
  }
}
