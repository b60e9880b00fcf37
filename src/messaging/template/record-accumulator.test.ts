import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../base/clock.js'
import { seededRandom } from '../../base/random.js'
import type { BatchResult, OutgoingBatch, ProducerPort } from '../../client/port.js'
import { RecordAccumulator, type AccumulatorSettings } from './record-accumulator.js'

/** A driver that answers when the test says so. */
class Driver implements ProducerPort {
  readonly calls: { batches: readonly OutgoingBatch[]; answer: () => void }[] = []
  private offset = 0

  constructor(readonly batchesInFlightMax: number | undefined) {}

  send(batches: readonly OutgoingBatch[]): Promise<readonly BatchResult[]> {
    return new Promise((resolve) => {
      this.calls.push({ batches, answer: () => resolve(batches.map(() => ({ baseOffset: this.offset++ }))) })
    })
  }

  /** What each call brought: the partition, and how many records. */
  get sent(): string[] {
    return this.calls.map(({ batches }) =>
      batches.map(({ partition, records }) => `${partition}:${records.length}`).join(' '),
    )
  }

  async connect(): Promise<void> {}
  async partitions(): Promise<number> {
    return 2
  }
  async close(): Promise<void> {}
}

const RECORD_BYTES = 100

function accumulate(inFlightMax: number | undefined, own: Partial<AccumulatorSettings> = {}) {
  const driver = new Driver(inFlightMax)
  const clock = virtualClock()
  const settings = { lingerMs: 0, batchSizeBytes: 300, bufferMemoryBytes: 1_000_000, deliveryTimeoutMs: 60_000, ...own }
  const accumulator = new RecordAccumulator(driver, settings, clock, seededRandom(1))
  const told: string[] = []
  let count = 0
  const append = (partition: number, records: number): void => {
    for (let i = 0; i < records; i++) {
      const name = `${partition}/${count++}`
      accumulator.memory.tryReserve(RECORD_BYTES)
      accumulator.append('t', partition, 2, {
        record: { topic: 't', value: name },
        outgoing: { key: null, value: Buffer.from(name), headers: [], timestampMs: 1 },
        bytes: RECORD_BYTES,
        succeed: () => told.push(name),
        fail: () => told.push(`${name} failed`),
      })
    }
  }
  const turn = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
  return { driver, clock, accumulator, append, turn, told }
}

describe('batches of one partition', () => {
  it('follow each other without waiting, as many as the driver keeps in order, as soon as they are full', async () => {
    const { driver, append, turn } = accumulate(3)
    append(0, 10)
    await turn()
    expect(driver.sent).toEqual(['0:3', '0:3', '0:3'])
    driver.calls[0]!.answer()
    await turn()
    // the last one is not full, and two are under way
    expect(driver.sent.length).toBe(3)
    append(0, 3)
    await turn()
    expect(driver.sent).toEqual(['0:3', '0:3', '0:3', '0:3'])
    for (const call of driver.calls) call.answer()
    await turn()
    expect(driver.sent.at(-1)).toBe('0:1')
  })

  it('wait for the one before with a driver that tells no number', async () => {
    const { driver, append, turn } = accumulate(undefined)
    append(0, 7)
    await turn()
    expect(driver.sent).toEqual(['0:3'])
    driver.calls[0]!.answer()
    await turn()
    expect(driver.sent).toEqual(['0:3', '0:3'])
  })

  it('that linger do so for their time, and no longer because one is under way', async () => {
    const { driver, clock, append, turn } = accumulate(3, { lingerMs: 5 })
    append(0, 3)
    await turn()
    append(0, 1)
    await clock.advance(4)
    expect(driver.sent).toEqual(['0:3'])
    await clock.advance(1)
    await turn()
    expect(driver.sent).toEqual(['0:3', '0:1'])
  })
})

it('a partition that gets no answer holds up no other, where the driver gathers by itself', async () => {
  const { driver, append, turn, told } = accumulate(5)
  append(0, 1)
  append(1, 1)
  await turn()
  expect(driver.sent).toEqual(['0:1', '1:1'])
  driver.calls[1]!.answer()
  await turn()
  expect(told).toEqual(['1/1'])
  append(1, 1)
  await turn()
  expect(driver.sent.at(-1)).toBe('1:1')
})
