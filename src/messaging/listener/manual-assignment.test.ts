import { describe, expect, it, vi } from 'vitest'
import { memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import { kafka, KafkaListener, listenersOf, methodHandler, string, topic } from '../../index.js'
import type { TopicPartitions } from '../../index.js'
import { silentLog } from '../../base/log.js'
import { virtualClock } from '../../base/clock.js'
import { DriverError } from '../../client/port.js'
import type { KafkaDriver } from '../../client/port.js'
import { EmbeddedKafka } from '../../testing/embedded-kafka.js'
import { MemoryCluster, memoryDriver } from '../../testing/memory-driver/index.js'

const Words = topic('words', { value: string(), partitions: 6 })
const at = (partition: number): { topic: string; partition: number } => ({ topic: 'words', partition })

async function seenFrom(
  topicPartitions: readonly TopicPartitions<typeof Words>[],
  own: { groupId?: string; committed?: number } = {},
): Promise<string[]> {
  const app = memoryApp({ cluster: { topics: [{ name: 'words', partitions: 6 }] } })
  for (let partition = 0; partition < 6; partition++) {
    produce(app, at(partition), ...['a', 'b', 'c', 'd'].map((word) => `${partition}${word}`))
  }
  if (own.committed !== undefined) app.cluster.commit(own.groupId!, [{ ...at(0), offset: own.committed }])
  const seen: string[] = []
  app.k.listen({ topicPartitions, groupId: own.groupId }, (word) => void seen.push(word))
  await app.k.start()
  await settle()
  await app.k.stop()
  return seen.toSorted((x, y) => x.localeCompare(y))
}

describe('partitions given by hand', () => {
  it('are numbers, ranges, lists, and all of them', async () => {
    const firsts = async (partitions: readonly (number | string)[]): Promise<string> =>
      [...new Set((await seenFrom([{ topic: Words, partitions }])).map(([first]) => first))].join('')
    expect(await firsts([0, '2-4'])).toBe('0234')
    expect(await firsts(['1,5'])).toBe('15')
    expect(await firsts(['*'])).toBe('012345')
  })

  it('begin at an offset, so many before the end, at either end, and at a time', async () => {
    const from = (initial: Omit<TopicPartitions, 'topic' | 'partitions'>): Promise<string[]> =>
      seenFrom([{ topic: Words, partitions: [0], ...initial }])
    expect(await from({ initialOffset: 3 })).toEqual(['0d'])
    expect(await from({ initialOffset: -2 })).toEqual(['0c', '0d'])
    expect(await from({ initialOffset: -100 })).toEqual(['0a', '0b', '0c', '0d'])
    expect(await from({ seekPosition: 'END' })).toEqual([])
    expect(await from({ seekPosition: 'BEGINNING' })).toEqual(['0a', '0b', '0c', '0d'])
    expect(await from({ seekPosition: 'TIMESTAMP', initialOffset: 0 })).toEqual(['0a', '0b', '0c', '0d'])
    expect(await from({ seekPosition: 'TIMESTAMP', initialOffset: 9e15 })).toEqual([])
  })

  it('begin relative to what the group has committed', async () => {
    const from = (initialOffset: number): Promise<string[]> =>
      seenFrom([{ topic: Words, partitions: [0], initialOffset, relativeToCurrent: true }], {
        groupId: 'g',
        committed: 2,
      })
    expect(await from(1)).toEqual(['0d'])
    expect(await from(-1)).toEqual(['0b', '0c', '0d'])
    expect(await from(-9)).toEqual(['0a', '0b', '0c', '0d'])
  })

  it('begin where a function computes it, from the current offset or the present time', async () => {
    const from = (initial: Omit<TopicPartitions, 'topic' | 'partitions'>, committed?: number): Promise<string[]> =>
      seenFrom(
        [{ topic: Words, partitions: [0], ...initial }],
        committed === undefined ? {} : { groupId: 'g', committed },
      )
    const asked: unknown[] = []
    const back = (current: number, tp: unknown): number => {
      asked.push([current, tp])
      return current - 2
    }
    expect(await from({ initialOffset: back }, 3)).toEqual(['0b', '0c', '0d'])
    expect(await from({ initialOffset: back }, 1)).toEqual(['0a', '0b', '0c', '0d'])
    // without a commit: where autoOffsetReset says, which is the beginning here
    expect(await from({ initialOffset: async (current) => current + 3 })).toEqual(['0d'])
    expect(asked).toEqual([3, 1].map((current) => [current, at(0)]))
    const times: number[] = []
    const at0 = (nowMs: number): number => times.push(nowMs) && 0
    expect(await from({ seekPosition: 'TIMESTAMP', initialOffset: at0 })).toEqual(['0a', '0b', '0c', '0d'])
    expect(await from({ seekPosition: 'TIMESTAMP', initialOffset: (nowMs) => nowMs + 1 })).toEqual([])
    expect(times).toEqual([virtualClock().now()])
  })

  it('a function that fails is asked again, and it is told', async () => {
    const app = memoryApp({ cluster: { topics: [{ name: 'words', partitions: 6 }] } })
    produce(app, at(0), 'a', 'b', 'c')
    const answers = [() => Promise.reject(new Error('database down')), () => Number.NaN, (): number => 2]
    const seen: string[] = []
    const troubles: string[] = []
    app.k.on('consumerRecovering', ({ error }) => troubles.push(error.message))
    app.k.listen(
      { topicPartitions: [{ topic: Words, partitions: [0], initialOffset: () => answers.shift()!() }] },
      (word) => {
        seen.push(word)
      },
    )
    await app.k.start()
    for (let tries = 0; tries < 10 && seen.length === 0; tries++) {
      await settle()
      await app.clock.advance(1_000)
    }
    expect(seen).toEqual(['c'])
    expect(troubles).toEqual([
      expect.stringContaining('database down'),
      expect.stringContaining('initialOffset of words-0 must be a whole number, and was computed to be NaN'),
    ])
    await app.k.stop()
  })

  it('are taken from the environment, also by a decorated method', async () => {
    const variables: Record<string, string> = { PARTITIONS: '1-2', SINCE: '3' }
    const app = memoryApp({
      cluster: { topics: [{ name: 'words', partitions: 6 }] },
      services: { env: { get: (name) => variables[name] } },
    })
    for (const partition of [0, 1, 2])
      produce(app, at(partition), ...['a', 'b', 'c', 'd'].map((word) => `${partition}${word}`))
    const seen: string[] = []
    class Replay {
      @KafkaListener({
        topicPartitions: (env) => [
          { topic: Words, partitions: [env.get('PARTITIONS')!], initialOffset: Number(env.get('SINCE')) },
        ],
      })
      on(word: string): void {
        seen.push(word)
      }
      // @ts-expect-error the topic's type is known from the function too
      @KafkaListener({ topicPartitions: () => [{ topic: Words, partitions: [0] }] })
      wrong(word: number): number {
        return word
      }
    }
    const [listener] = listenersOf(Replay)
    app.k.addListener({ ...listener!, handler: methodHandler(new Replay(), listener!), source: 'Replay.on' })
    const other = app.k.listen(
      { topicPartitions: () => [{ topic: Words, partitions: ['*'], initialOffset: -1 }] },
      (word) => {
        seen.push(word)
      },
    )
    expect(other.id).toBe('words')
    await app.k.start()
    await settle()
    expect(new Set(seen)).toEqual(new Set(['1d', '2d', '0d']))
    expect(seen).toHaveLength(5)
    await app.k.stop()
  })

  it('offsets of their own go before those of all others', async () => {
    const partitionOffsets = [
      { partition: '*', initialOffset: 3 },
      { partition: 1, initialOffset: 2 },
    ]
    expect(await seenFrom([{ topic: Words, partitionOffsets }])).toEqual(['0d', '1c', '1d', '2d', '3d', '4d', '5d'])
  })

  it('without a group nothing is committed; with one it goes on where it was', async () => {
    for (const groupId of ['g', undefined]) {
      const app = memoryApp({ cluster: { topics: [{ name: 'words', partitions: 6 }] } })
      const seen: string[] = []
      const container = app.k.listen({ topicPartitions: [{ topic: Words, partitions: [0] }], groupId }, (word) => {
        seen.push(word)
      })
      await app.k.start()
      produce(app, at(0), 'a', 'b')
      await until(() => seen.length === 2)
      await container.stop()
      produce(app, at(0), 'c')
      await container.start()
      await until(() => seen.at(-1) === 'c')
      await settle()
      expect(seen).toEqual(groupId === undefined ? ['a', 'b', 'a', 'b', 'c'] : ['a', 'b', 'c'])
      expect(app.committed('g', at(0))).toBe(groupId === undefined ? undefined : 3)
      expect(container.metrics.commitFailures).toBe(0)
      await app.k.stop()
    }
  })

  it('are dealt out to as many consumers as there are partitions, at most', async () => {
    const app = memoryApp({ cluster: { topics: [{ name: 'words', partitions: 6 }] } })
    const container = app.k.listen(
      { topicPartitions: [{ topic: Words, partitions: ['0-2'] }], groupId: 'g', concurrency: 5 },
      () => undefined,
    )
    const started: number[] = []
    app.k.on('consumerStarted', ({ consumer }) => started.push(consumer))
    await app.k.start()
    await container.untilAssigned(3)
    expect(started).toHaveLength(3)
    expect(container.topics).toEqual(['words'])
    await app.k.stop()
  })

  it('a consumer that takes the place of one that failed goes on where that one was', async () => {
    const cluster = new MemoryCluster({ clock: virtualClock(), topics: [{ name: 'words', partitions: 6 }] })
    const own = memoryDriver(cluster)
    let fail = (): void => {}
    const driver: KafkaDriver = {
      ...own,
      consumer: (options) => {
        const port = own.consumer(options)
        const start = port.start.bind(port)
        port.start = (subscription, handler) => {
          fail = () => handler.onState({ state: 'failed', error: new DriverError('retriable', 'crashed') })
          return start(subscription, handler)
        }
        return port
      },
    }
    const app = memoryApp({ cluster, driver })
    const seen: string[] = []
    app.k.listen({ topicPartitions: [{ topic: Words, partitions: [0], initialOffset: 0 }] }, (word) => {
      seen.push(word)
    })
    await app.k.start()
    produce(app, at(0), 'a', 'b')
    await until(() => seen.length === 2)
    fail()
    await settle()
    await app.clock.advance(200)
    produce(app, at(0), 'c')
    await until(() => seen.length >= 3)
    expect(seen).toEqual(['a', 'b', 'c'])
    await app.k.stop()
  })

  it('what is wrong is told at the start, all of it', async () => {
    const app = memoryApp()
    const listen = (entry: Omit<TopicPartitions, 'topic'>): unknown =>
      app.k.listen({ topicPartitions: [{ topic: Words, ...entry }] }, () => 1)
    expect(() => listen({})).toThrow(/names no partitions/)
    expect(() => listen({ partitions: ['5-2'] })).toThrow(/'5-2' is no partition/)
    expect(() => listen({ partitions: [0], seekPosition: 'TIMESTAMP' })).toThrow(/needs the time/)
    expect(() => listen({ partitions: [0], seekPosition: 'END', initialOffset: 1 })).toThrow(/set one of them/)
    expect(() => listen({ partitions: [0], relativeToCurrent: true })).toThrow(/relativeToCurrent is for/)
    expect(() => listen({ partitions: [0], relativeToCurrent: true, initialOffset: () => 1 })).toThrow(
      /relativeToCurrent is for a number/,
    )
    listen({ partitions: [9] })
    await expect(app.k.start()).rejects.toThrow(/topic 'words' has no partition 9, it has 6/)
    const kafkajs = kafka({ bootstrapServers: 'localhost:1', driver: 'kafkajs' }, { log: silentLog })
    kafkajs.listen({ topicPartitions: [{ topic: Words, partitions: [0] }] }, () => 1)
    kafkajs.listen(Words, { groupId: 'g', groupInstanceId: 'a', groupProtocol: 'consumer' }, () => 1)
    await expect(kafkajs.start()).rejects.toThrow(
      /topicPartitions: the kafkajs driver has no manual assignment(.|\n)*groupProtocol 'consumer'(.|\n)*groupInstanceId/,
    )
    await kafkajs.stop()
  })

  it('on a broker, and single records by receive', async () => {
    await using broker = await EmbeddedKafka.start({ topics: [{ name: 'words', partitions: 6 }] })
    await broker.produce('words', ...['a', 'b', 'c'].map((value) => ({ value, key: 'k', partition: 2 })))
    await using k = kafka({ bootstrapServers: broker.bootstrapServers, driver: 'wire' }, { log: silentLog })
    const seen: string[] = []
    let tries = 0
    const stored = async (): Promise<number> => {
      if (++tries === 1) throw new Error('database down')
      return 2
    }
    const computed: string[] = []
    k.listen({ topicPartitions: [{ topic: Words, partitions: [2], initialOffset: stored }] }, (word) => {
      computed.push(word)
    })
    k.listen({ topicPartitions: [{ topic: Words, partitions: ['*'], initialOffset: -2 }] }, (word) => {
      seen.push(word)
    })
    await k.start()
    await vi.waitFor(() => expect(seen).toHaveLength(2), 10_000)
    expect(seen).toEqual(['b', 'c'])
    await vi.waitFor(() => expect(computed).toEqual(['c']), 10_000)
    const found = await k.template.receive(Words, 2, 1)
    expect([found?.key, found?.value, found?.offset]).toEqual(['k', 'b', 1])
    expect(await k.template.receive(Words, 2, 3, 200)).toBeNull()
    expect(await k.template.receive(Words, 2, 99, 5_000)).toBeNull()
    const places = [2, 0, 7].map((offset) => ({ topic: Words, partition: 2, offset }))
    expect((await k.template.receive(places)).map(({ value }) => value)).toEqual(['c', 'a'])
    await expect(k.template.receive(Words, 2, -1)).rejects.toMatchObject({ kind: 'config' })
  })
})
