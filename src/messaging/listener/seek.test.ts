import { describe, expect, it, vi } from 'vitest'
import { memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import type { MemoryApp } from '../../../test/messaging/memory-app.js'
import { AbstractConsumerSeekAware, DefaultErrorHandler, fixed, kafka, string, topic } from '../../index.js'
import type { ConsumerSeekAware } from '../../index.js'
import { EmbeddedKafka } from '../../testing/embedded-kafka.js'

const Words = topic('words', { value: string() })
const p0 = { topic: 'words', partition: 0 }
const p1 = { topic: 'words', partition: 1 }

function appWith(...values: string[]): MemoryApp {
  const app = memoryApp({ cluster: { topics: [{ name: 'words', partitions: 2 }] } })
  produce(app, p0, ...values)
  return app
}

describe('seeking inside of a handler', () => {
  it('goes on there after the record in hand; the rest of the delivery is not handled', async () => {
    const app = appWith('a', 'b', 'c', 'd')
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word, ctx) => {
      if (seen.push(word) === 2) ctx.seek(0)
      if (seen.length === 4) ctx.seek((current) => current + 1)
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 4)
    await settle()
    expect(seen).toEqual(['a', 'b', 'a', 'b', 'd'])
    await app.k.stop()
  })

  it('to either end, relatively, and by time', async () => {
    const app = appWith('a', 'b', 'c', 'd')
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word, ctx) => {
      const n = seen.push(word)
      if (n === 1) ctx.seekRelative(2, true) // a → d
      if (n === 2) ctx.seekRelative(-2, false) // → c
      if (n === 3) ctx.seekRelative(1, false) // → b
      if (n === 4) ctx.seekToBeginning()
      if (n === 5) ctx.seekToTimestamp(0) // → a
      if (n === 6) ctx.seekToTimestamp(9e15) // nowhere: goes on
      if (n === 7) ctx.seekToEnd()
    })
    await app.k.start()
    await until(() => seen.length === 7)
    await settle()
    produce(app, p0, 'e')
    await until(() => seen.length === 8)
    expect(seen).toEqual(['a', 'd', 'c', 'b', 'a', 'a', 'b', 'e'])
    await app.k.stop()
  })

  it('of a batch, and of another partition', async () => {
    const app = appWith('a', 'b')
    produce(app, p1, 'x')
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g', batch: true }, (records, ctx) => {
      seen.push(records.map(({ value }) => value).join(''))
      if (seen.length === 2) ctx.consumer.seekToBeginning()
      if (seen.length === 2) ctx.seek(1)
    })
    await app.k.start()
    await until(() => seen.length === 3)
    await settle()
    expect(seen).toEqual(['ab', 'x', 'ab'])
    await app.k.stop()
  })

  it('with manual acks what was acknowledged before does not hold up what comes after', async () => {
    const app = appWith('a', 'b')
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g', ackMode: 'MANUAL' }, (word, ctx) => {
      ctx.ack()
      if (seen.push(word) === 2) ctx.seekToBeginning()
    })
    await app.k.start()
    await until(() => seen.length === 4 && app.committed('g', p0) === 2)
    expect(seen).toEqual(['a', 'b', 'a', 'b'])
    await app.k.stop()
  })
})

describe('a seek that makes no sense', () => {
  it('is refused where it is asked for; what a function computes is told, and nothing moves', async () => {
    const app = appWith('a', 'b', 'c')
    const seen: string[] = []
    const container = app.k.listen(
      Words,
      { groupId: 'g', errorHandler: new DefaultErrorHandler({ attempts: 3, backOff: fixed(0) }) },
      (word, ctx) => {
        seen.push(word)
        if (word === 'a') ctx.seek(-1)
        if (word === 'b') ctx.seek((async () => 1) as unknown as () => number)
        if (word === 'c')
          ctx.seek(() => {
            throw new RangeError('no idea')
          })
      },
    )
    await app.k.start()
    await until(() => app.committed('g', p0) === 3)
    await settle()
    // misuse is not tried again, and each is handled once
    expect(seen).toEqual(['a', 'b', 'c'])
    const told = app.lines.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(told).toEqual([
      expect.stringContaining('seek: offset must be a whole number, 0 or more, not -1'),
      expect.stringContaining('words-0 could not be moved: seek: the computed offset must be a whole number'),
      expect.stringContaining('words-0 could not be moved: no idea'),
    ])
    expect(() => container.seekRelative('words', 0, 0.5, true)).toThrow(/seekRelative: offset must be a whole number/)
    expect(() => container.seekToTimestamp(Number.NaN)).toThrow(/seekToTimestamp: timestampMs/)
    container.seek('words', 7, 0)
    expect(app.lines.at(-1)?.message).toBe('words-7 is not assigned here, so there is nothing to seek')
    produce(app, p0, 'd')
    await until(() => seen.at(-1) === 'd')
    await app.k.stop()
  })
})

describe('seeking from outside', () => {
  it('moves a partition that waits, and one that is stuck in retries', async () => {
    const app = appWith('a', 'bad', 'c')
    const seen: string[] = []
    const container = app.k.listen(
      Words,
      { groupId: 'g', id: 'l', errorHandler: new DefaultErrorHandler({ attempts: 1_000, backOff: fixed(60_000) }) },
      (word) => {
        seen.push(word)
        if (word === 'bad') throw new Error('stuck')
      },
    )
    await app.k.start()
    await until(() => seen.length === 2)
    await settle()
    app.k.registry.get('l').seek('words', 0, 2)
    await until(() => seen.length === 3)
    container.seekToBeginning([p0])
    await until(() => seen.length === 5)
    expect(seen).toEqual(['a', 'bad', 'c', 'a', 'bad'])
    container.seek('words', 7, 0)
    expect(app.lines.some(({ message }) => message.includes('words-7 is not assigned here'))).toBe(true)
    await app.k.stop()
    expect(() => container.seekToBeginning([p0])).toThrow(/is not running/)
  })
})

describe('ConsumerSeekAware', () => {
  it('is told where partitions begin, and may move them before their first record', async () => {
    const app = appWith('a', 'b', 'c')
    const seen: string[] = []
    const told: string[] = []
    const seekAware: ConsumerSeekAware = {
      registerSeekCallback: ({ groupId }) => void told.push(`registered ${groupId}`),
      onPartitionsAssigned(partitions, callback) {
        told.push(...partitions.map(({ partition, offset }) => `${partition}@${offset}`))
        callback.seek('words', 0, 1)
        callback.seekToTimestamp(0, [p1])
      },
      onPartitionsRevoked: (partitions) => void told.push(`revoked ${partitions.length}`),
      unregisterSeekCallback: () => void told.push('unregistered'),
    }
    app.k.listen(Words, { groupId: 'g', seekAware }, (word) => void seen.push(word))
    await app.k.start()
    await until(() => seen.length === 2)
    await app.k.stop()
    expect(seen).toEqual(['b', 'c'])
    expect(told).toEqual(['registered g', '0@0', '1@0', 'revoked 2', 'unregistered'])
  })

  it('what it throws is told, and neither starts nor stops anything wrongly', async () => {
    const app = appWith('a')
    const fail = (what: string) => (): never => {
      throw new Error(what)
    }
    const seekAware: ConsumerSeekAware = {
      unregisterSeekCallback: fail('unregister'),
      onPartitionsAssigned: async () => fail('assigned')(),
      onPartitionsRevoked: fail('revoked'),
    }
    const seen: string[] = []
    const container = app.k.listen(Words, { groupId: 'g', seekAware }, (word) => void seen.push(word))
    await app.k.start()
    await until(() => app.committed('g', p0) === 1)
    await app.k.stop()
    expect([seen, container.state, app.clock.pending]).toEqual([['a'], 'stopped', 0])
    const told = app.lines.filter(({ level }) => level === 'error').map(({ message }) => message)
    for (const what of ['unregister', 'assigned', 'revoked']) expect(told.join('\n')).toContain(what)
  })

  it('the abstract one moves all that its listener has, from anywhere', async () => {
    class Replay extends AbstractConsumerSeekAware {}
    const app = appWith('a')
    produce(app, p1, 'x')
    const replay = new Replay()
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g', seekAware: replay }, (word) => void seen.push(word))
    await app.k.start()
    await until(() => seen.length === 2)
    replay.seekToBeginning()
    await until(() => seen.length === 4)
    replay.seekCallbackFor(p1)!.seek('words', 1, 0)
    await until(() => seen.length === 5)
    expect(seen.at(-1)).toBe('x')
    await app.k.stop()
    expect(replay.seekCallbackFor(p1)).toBeUndefined()
  })
})

describe.each(['wire', 'kafkajs'] as const)('on a broker, by %s', (driver) => {
  it('seeks from inside and outside', async () => {
    await using broker = await EmbeddedKafka.start({ topics: ['words'] })
    await broker.produce('words', ...['a', 'b', 'c'].map((value) => ({ value })))
    await using k = kafka({
      bootstrapServers: broker.bootstrapServers,
      driver,
      consumer: { autoOffsetReset: 'earliest' },
    })
    const seen: string[] = []
    const container = k.listen(Words, { groupId: 'g' }, (word, ctx) => {
      if (seen.push(word) === 2) ctx.seekToBeginning()
    })
    await k.start()
    await vi.waitFor(() => expect(seen).toHaveLength(5), 10_000)
    container.seekRelative('words', 0, -1, true)
    await vi.waitFor(() => expect(seen).toHaveLength(6), 10_000)
    expect(seen).toEqual(['a', 'b', 'a', 'b', 'c', 'c'])
  })
})
