/** What is asked for before all is handed on, and what is kept meanwhile: on a scripted broker. */
import { describe, expect, it } from 'vitest'
import { ScriptedCluster, topicIdOf } from '../../../../test/client/scripted-cluster.js'
import { sleep } from '../../../base/clock.js'
import { BatchBuilder, messages } from '../../../protocol/index.js'
import type { ConsumerOptions } from '../../port.js'
import { RecordingConsumer } from '../../../testing/driver-contract/recording-consumer.js'

const TOPIC = 'orders'
const BATCH = 600
const WAIT_MS = 500
const FIRST = { topic: TOPIC, partition: 0 }

/** One broker with partitions of so many batches; an answer has a batch of each, or comes late and empty. */
class Broker {
  /** `partition@offset`, in order. */
  readonly asked: string[] = []
  private readonly wanted = new Map<number, number>()

  private constructor(
    readonly cluster: ScriptedCluster,
    batches: readonly number[],
  ) {
    cluster.topic(
      TOPIC,
      batches.map(() => 1),
    )
    cluster.script(messages.fetch, async ({ topics, forgottenTopicsData, sessionEpoch, maxWaitMs }) => {
      if (sessionEpoch === 0) this.wanted.clear()
      for (const { partitions } of forgottenTopicsData) for (const each of partitions) this.wanted.delete(each)
      for (const { partitions } of topics)
        for (const each of partitions) this.wanted.set(each.partition, each.fetchOffset)
      for (const [partition, offset] of this.wanted) this.asked.push(`${partition}@${offset}`)
      const full = [...this.wanted].filter(([partition, offset]) => offset < batches[partition]! * BATCH)
      if (full.length === 0) await sleep(cluster.clock, maxWaitMs)
      const partitions = full.map(([partitionIndex, offset]) => ({
        partitionIndex,
        errorCode: 0,
        highWatermark: batches[partitionIndex]! * BATCH,
        abortedTransactions: null,
        records: batchAt(offset - (offset % BATCH)),
      }))
      return {
        errorCode: 0,
        sessionId: 1,
        responses: partitions.length === 0 ? [] : [{ topicId: topicIdOf(TOPIC), partitions }],
      }
    })
  }

  static async start(...batches: readonly number[]): Promise<Broker> {
    return new Broker(await ScriptedCluster.start(), batches)
  }

  /** Of all partitions, from their beginnings. With `pausing`, the first is paused when its first 500 records have come. */
  consumer(own: Partial<ConsumerOptions>, pausing = false): Promise<RecordingConsumer> {
    return this.consuming(own, (consumer) => {
      if (pausing && consumer.received.length === 500) consumer.port.pause([FIRST])
    })
  }

  async consuming(
    own: Partial<ConsumerOptions>,
    onRecords: (consumer: RecordingConsumer) => void,
  ): Promise<RecordingConsumer> {
    const consumer: RecordingConsumer = new RecordingConsumer(this.cluster.driver(), {
      consumer: { fetchMaxWaitMs: WAIT_MS, ...own },
      start: () => 0,
      onRecords: () => onRecords(consumer),
    })
    void consumer.start({
      partitions: this.cluster.topics.get(TOPIC)!.map((_, partition) => ({ topic: TOPIC, partition })),
    })
    await this.cluster.until('the start', () => consumer.assigned.length > 0)
    return consumer
  }
}

function batchAt(baseOffset: number): Buffer {
  const builder = new BatchBuilder({ baseOffset, partitionLeaderEpoch: 5 })
  for (let i = 0; i < BATCH; i++)
    builder.append({ key: null, value: Buffer.from(`v${baseOffset + i}`), timestampMs: 1 })
  return builder.finish()
}

const inOrder = (count: number): string[] => Array.from({ length: count }, (_, i) => `v${i}`)

describe('fetching ahead', () => {
  it('asks for what follows before all is handed on, and a pause keeps both', async () => {
    const broker = await Broker.start(4)
    const consumer = await broker.consumer({}, true)
    await broker.cluster.run(2_000)
    expect(consumer.received.length).toBe(500)
    expect(broker.asked).toEqual(['0@0', '0@600'])
    consumer.port.resume([FIRST])
    await broker.cluster.until('the rest', () => consumer.received.length === 4 * BATCH)
    expect(consumer.values()).toEqual(inOrder(4 * BATCH))
    // nothing was asked for twice
    expect(broker.asked.slice(0, 5)).toEqual(['0@0', '0@600', '0@1200', '0@1800', '0@2400'])
  })

  it('holds no more of a partition than its share', async () => {
    const broker = await Broker.start(4)
    const consumer = await broker.consumer({ fetchMaxBytesPerPartition: 1_000 }, true)
    await broker.cluster.run(2_000)
    // a batch is larger than the share: one at a time
    expect(broker.asked).toEqual(['0@0'])
    consumer.port.resume([FIRST])
    await broker.cluster.until('the rest', () => consumer.received.length === 4 * BATCH)
    expect(consumer.values()).toEqual(inOrder(4 * BATCH))
  })

  it('does not let a full partition wait for those that have nothing', async () => {
    const broker = await Broker.start(20, 0)
    const consumer = await broker.consumer({ fetchMaxBytesPerPartition: 1_000 })
    const sinceMs = broker.cluster.clock.monotonic()
    await broker.cluster.until('all', () => consumer.received.length === 20 * BATCH)
    expect(broker.cluster.clock.monotonic() - sinceMs).toBeLessThan(WAIT_MS)
  })

  it('does not let a partition that pauses for moments wait for those that have nothing', async () => {
    const broker = await Broker.start(20, 0)
    const { clock } = broker.cluster
    const consumer = await broker.consuming({ fetchMaxBytesPerPartition: 1_000 }, ({ port }) => {
      port.pause([FIRST])
      clock.after(2, () => port.resume([FIRST]))
    })
    const sinceMs = clock.monotonic()
    await broker.cluster.until('all', () => consumer.received.length === 20 * BATCH)
    // 40 pauses of 2 ms, and requests that are held 5 ms
    expect(clock.monotonic() - sinceMs).toBeLessThan(WAIT_MS)
  })

  it('lets brokers hold requests as long as ever when a pause goes on', async () => {
    const broker = await Broker.start(1, 0)
    const consumer = await broker.consumer({}, true)
    await broker.cluster.run(10_000)
    expect(consumer.received.length).toBe(500)
    // 5, 10, 20, … 500 ms, and then twice a second
    expect(broker.asked.filter((each) => each === '1@0').length).toBeLessThan(35)
  })

  it('forgets what was fetched on a seek', async () => {
    const broker = await Broker.start(2)
    const consumer = await broker.consumer({}, true)
    await broker.cluster.run(1_000)
    consumer.port.seek(FIRST, 1_100)
    consumer.port.resume([FIRST])
    await broker.cluster.until('the end', () => consumer.values().includes('v1199'))
    expect(consumer.values()).toEqual([...inOrder(500), ...inOrder(1_200).slice(1_100)])
  })
})
