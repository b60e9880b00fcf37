/**
 * A node that lives several lives: it is killed in the middle of work, loses its power, or is stopped in order, as chance
 * has it, and starts again from what is on the disk. Whatever happens, what was answered is there, once and in order.
 */
import { describe, expect, it } from 'vitest'
import { localNode, records, recordsIn, type LocalNode } from '../../../test/server/local-node.js'
import { virtualClock } from '../../base/clock.js'
import { seededRandom, type Random } from '../../base/random.js'
import { nextTurn } from '../../base/turn.js'
import { faultyDisk, type FaultyDisk } from '../disk/faulty-disk.js'
import { memoryDisk, type MemoryDisk } from '../disk/memory-disk.js'
import { AppendError, StorageError } from './partitions.js'

const PARTITIONS = 3
const PRODUCERS = 4
const all = { maxBytes: 1e9, minOneBatch: true, endOffset: Infinity }

/** An idempotent producer: it sends the same batch until that is answered. */
interface Producer {
  readonly producerId: number
  readonly partition: number
  sequence: number
  unanswered: readonly string[] | undefined
}

class World {
  readonly answered: { offset: number; value: string }[][] = Array.from({ length: PARTITIONS }, () => [])
  readonly producers: Producer[]
  readonly starts = new Array<number>(PARTITIONS).fill(0)
  private counter = 0
  private history: LocalNode['history'] | undefined
  private readonly clock = virtualClock()

  constructor(
    private disk: MemoryDisk,
    private readonly random: Random,
    /** Every answer is durable: power may be lost too. */
    private readonly durable: boolean,
  ) {
    this.producers = Array.from({ length: PRODUCERS }, (_, i) => ({
      producerId: 100 + i,
      partition: i % PARTITIONS,
      sequence: 0,
      unanswered: undefined,
    }))
  }

  async live(): Promise<void> {
    const faulty = faultyDisk(this.disk, this.random)
    const options = { disk: faulty, clock: this.clock, random: this.random, cacheBytes: this.random.below(2) * 5000 }
    const node = await localNode({ ...options, ...(this.history && { events: this.history }) })
    if (this.history === undefined) await this.createTopic(node)
    else await node.bumpEpochs('orders')
    this.history = node.history
    await this.check(node)
    const steps = this.random.below(60)
    for (let i = 0; i < steps; i++) await this.step(node)
    await this.end(node, faulty)
  }

  private async createTopic(node: LocalNode): Promise<void> {
    const configs = {
      'internal.segment.bytes': '2500',
      'index.interval.bytes': '300',
      ...(this.durable && { 'flush.messages': '1' }),
    }
    await node.createTopic('orders', { partitions: PARTITIONS, configs })
  }

  private async step(node: LocalNode): Promise<void> {
    const producer = this.producers[this.random.below(PRODUCERS)]!
    if (producer.unanswered === undefined || this.random.below(3) === 0) this.send(node, producer)
    if (this.random.below(4) === 0) await nextTurn()
    if (this.random.below(30) === 0) {
      const partition = this.random.below(PARTITIONS)
      const replica = node.partitions.get('orders', partition)!
      this.starts[partition] = replica.deleteRecordsBefore(this.random.below(replica.highWatermark + 1))
    }
    if (this.random.below(40) === 0) await node.partitions.upkeep.checkpoint()
  }

  private send(node: LocalNode, producer: Producer): void {
    const { producerId, partition, sequence } = producer
    producer.unanswered ??= Array.from({ length: 1 + this.random.below(4) }, () => `v${this.counter++}`)
    const values = producer.unanswered
    const codec = this.random.below(4) === 0 ? 'gzip' : 'none'
    const bytes = records(values, {
      codec,
      valueBytes: this.random.below(300),
      producer: { producerId, producerEpoch: 0, baseSequence: sequence },
    })
    const replica = node.partitions.get('orders', partition)!
    const { baseOffset, lastOffset } = replica.append(bytes, 'client')
    replica.committed(lastOffset).then(
      () => {
        if (producer.unanswered !== values) return
        producer.unanswered = undefined
        producer.sequence += values.length
        values.forEach((value, i) => this.answered[partition]!.push({ offset: baseOffset + i, value }))
      },
      (error: unknown) => expect(error).toBeInstanceOf(StorageError),
    )
  }

  private async end(node: LocalNode, faulty: FaultyDisk): Promise<void> {
    const fate = this.random.below(3)
    if (fate === 0) {
      await node.stop()
      return
    }
    faulty.kill()
    for (let i = 0; i < 5; i++) await nextTurn()
    if (fate === 1 && this.durable) this.disk = this.disk.powerLoss(this.random)
  }

  async check(node: LocalNode): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const replica = node.partitions.get('orders', partition)!
      const found: string[] = []
      for (let offset = replica.logStartOffset; offset < replica.highWatermark;) {
        const some = recordsIn(await replica.read(offset, all))
        expect(some.length).toBeGreaterThan(0)
        found.push(...some.filter((record) => Number(record.split(':')[0]) >= offset))
        offset = Number(some.at(-1)!.split(':')[0]) + 1
      }
      const offsets = found.map((record) => Number(record.split(':')[0]))
      expect(offsets).toEqual(offsets.map((_, i) => replica.logStartOffset + i))
      expect(new Set(found.map((record) => record.split(':')[1])).size).toBe(found.length)
      const there = new Set(found)
      const start = Math.max(this.starts[partition]!, replica.logStartOffset)
      for (const { offset, value } of this.answered[partition]!) {
        if (offset >= start) expect(there).toContain(`${offset}:${value}`)
      }
      for (const producer of this.producers.filter((one) => one.partition === partition))
        this.checkProducer(node, producer)
    }
  }

  /** What was not answered may be in the log: then sending it again is answered as a duplicate, else it is new. */
  private checkProducer(node: LocalNode, producer: Producer): void {
    try {
      this.send(node, producer)
    } catch (error) {
      // the log may know more of the producer than the producer was told, never less
      if (!(error instanceof AppendError)) throw error
      expect(`${error.code} ${error.message}`).toBe('no error')
    }
  }
}

describe('a node that crashes', () => {
  it.each([
    ['and keeps its disk', false],
    ['and may lose its power', true],
  ])('loses nothing that it has answered %s', async (_how, durable) => {
    for (let seed = 1; seed <= 40; seed++) {
      const world = new World(memoryDisk(), seededRandom(seed), durable)
      try {
        for (let life = 0; life < 6; life++) await world.live()
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
  })
})
