import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../base/clock.js'
import { silentLog } from '../../base/log.js'
import { seededRandom } from '../../base/random.js'
import type { TopicPartition } from '../../model/index.js'
import { batch, producerOptions, values } from '../../testing/driver-contract/harness.js'
import type { ProducerOptions } from '../port.js'
import { KafkajsProducer } from './producer.js'
import type { TopicLeaders } from './topic-leaders.js'

interface Request {
  readonly producerId: string | undefined
  readonly topicData: {
    topic: string
    partitions: { partition: number; firstSequence: number; messages: object[] }[]
  }[]
}
/** What a scripted broker does with one partition of one request. */
type Answer = number | 'dies' | 'is silent'

const OK = 0
const OUT_OF_ORDER = 45
const NOT_LEADER = 6

/** A producer on a broker that answers as it is told, partition by partition, and then takes everything. */
function scripted(script: Record<string, Answer[]>, own: Partial<ProducerOptions> = {}) {
  const clock = virtualClock()
  const seen: string[] = []
  let ids = 0
  const broker = {
    initProducerId: async () => ({ producerId: String(++ids), producerEpoch: 0 }),
    produce: async ({ producerId, topicData }: Request) => {
      let silent = false
      let dies = false
      const topics = topicData.map(({ topic, partitions }) => ({
        topicName: topic,
        partitions: partitions.map(({ partition, firstSequence, messages }) => {
          seen.push(`${topic}-${partition} id=${producerId} seq=${firstSequence} n=${messages.length}`)
          const answer = script[`${topic}-${partition}`]?.shift() ?? OK
          silent ||= answer === 'is silent'
          dies ||= answer === 'dies'
          return { partition, errorCode: Number(answer), baseOffset: String(firstSequence), logAppendTime: '-1' }
        }),
      }))
      if (silent) return new Promise<never>(() => {})
      if (dies) throw Object.assign(new Error('closed'), { name: 'KafkaJSConnectionClosedError', retriable: true })
      return { topics }
    },
  }
  const leaders = {
    connect: async () => {},
    anyBroker: async () => broker,
    broker: async () => broker,
    group: async (all: TopicPartition[]) => new Map([[1, all]]),
    knows: () => true,
    stale: () => {},
    lost: () => {},
    disconnect: async () => {},
    destroy: () => {},
  } as unknown as TopicLeaders
  const context = {
    connection: { bootstrapServers: [], clientId: 'c' },
    log: silentLog,
    clock,
    random: seededRandom(1),
  }
  return { clock, seen, producer: new KafkajsProducer(context, producerOptions(own), leaders) }
}

describe('kafkajs producer', () => {
  it('a retry after silence goes under the same id and sequence, so that the broker can tell it from new data', async () => {
    const { producer, clock, seen } = scripted({ 't-0': [OK, 'dies', 'dies'] })
    await producer.send([batch('t', 0, 'a', 'b')])
    const sent = producer.send([batch('t', 0, 'c')])
    await clock.advance(1_000)
    expect(await sent).toEqual([{ baseOffset: 2 }])
    expect(seen).toEqual(['t-0 id=1 seq=0 n=2', ...Array(3).fill('t-0 id=1 seq=2 n=1')])
  })

  it('retries only the partition that has to be retried', async () => {
    const { producer, clock, seen } = scripted({ 't-1': [NOT_LEADER] })
    const sent = producer.send([batch('t', 0, 'a'), batch('t', 1, 'b')])
    await clock.advance(1_000)
    expect((await sent).map((result) => result.error)).toEqual([undefined, undefined])
    expect(seen.map((line) => line.slice(0, 3))).toEqual(['t-0', 't-1', 't-1'])
  })

  it('when the broker has lost the sequence it begins anew under another id, and the batch is not lost', async () => {
    const { producer, clock, seen } = scripted({ 't-0': [OK, OUT_OF_ORDER] })
    await producer.send([batch('t', 0, 'a')])
    const sent = producer.send([batch('t', 0, 'b')])
    await clock.advance(1_000)
    expect((await sent)[0]!.error).toBeUndefined()
    expect(seen).toEqual(['t-0 id=1 seq=0 n=1', 't-0 id=1 seq=1 n=1', 't-0 id=2 seq=0 n=1'])
  })

  it('after a batch of unknown fate the next goes under another id', async () => {
    const { producer, clock, seen } = scripted({ 't-0': ['is silent'] }, { deliveryTimeoutMs: 5_000 })
    const lost = producer.send([batch('t', 0, 'a')])
    await clock.advance(5_000)
    expect((await lost)[0]!.error).toMatchObject({ kind: 'timeout' })
    expect((await producer.send([batch('t', 0, 'b')]))[0]!.error).toBeUndefined()
    expect(seen).toEqual(['t-0 id=1 seq=0 n=1', 't-0 id=2 seq=0 n=1'])
  })

  it('has many partitions wait for a broker without a warning of leaks', async () => {
    const partitions = Array.from({ length: 30 }, (_, partition) => partition)
    const { producer, clock } = scripted(Object.fromEntries(partitions.map((each) => [`t-${each}`, ['dies']])))
    const warnings: string[] = []
    const onWarning = ({ name }: Error): number => warnings.push(name)
    process.on('warning', onWarning)
    const sent = Promise.all(partitions.map((each) => producer.send([batch('t', each, 'a')])))
    await clock.advance(1_000)
    expect((await sent).flat().filter(({ error }) => error)).toEqual([])
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })

  it('sends no more than 1,000 records of a partition at once, one request after another', async () => {
    const { producer, seen } = scripted({})
    expect(await producer.send([batch('t', 0, ...values('v', 2_500))])).toEqual([{ baseOffset: 0 }])
    expect(seen.map((line) => line.slice(9))).toEqual(['seq=0 n=1000', 'seq=1000 n=1000', 'seq=2000 n=500'])
  })

  it('two sends of one partition never overlap', async () => {
    const { producer, clock, seen } = scripted({ 't-0': ['dies'] })
    const both = Promise.all([producer.send([batch('t', 0, 'a')]), producer.send([batch('t', 0, 'b')])])
    await clock.advance(1_000)
    expect((await both).flat().map((result) => result.error)).toEqual([undefined, undefined])
    expect(seen.map((line) => line.slice(9, 14))).toEqual(['seq=0', 'seq=0', 'seq=1'])
  })

  it('close ends what is under way when its time is over', async () => {
    const { producer, clock } = scripted({ 't-0': ['is silent'] })
    const sent = producer.send([batch('t', 0, 'a')])
    const closed = producer.close(1_000)
    await clock.advance(1_000)
    await closed
    expect((await sent)[0]!.error).toMatchObject({ kind: 'closed' })
    expect(clock.pending).toBe(0)
  })
})
