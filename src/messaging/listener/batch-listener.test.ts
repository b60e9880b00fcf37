import { describe, expect, it } from 'vitest'
import { memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import type { MemoryApp } from '../../../test/messaging/memory-app.js'
import { BatchListenerFailedException, DefaultErrorHandler, fixed, json, string, topic } from '../../index.js'
import type { BatchInterceptor, FailedRecord } from '../../index.js'

const Words = topic('words', { value: string() })
const p0 = { topic: 'words', partition: 0 }

/** A topic that has these before anyone listens, so that they come as one batch. */
function withWords(app: MemoryApp, ...words: (string | null)[]): void {
  app.cluster.createTopic('words')
  produce(app, p0, ...words)
}

describe('a batch listener', () => {
  it('is given all records of a delivery, of one partition, at most maxPollRecords', async () => {
    const app = memoryApp({ consumer: { maxPollRecords: 3 } })
    withWords(app, 'a', 'b', 'c', 'd', 'e')
    const batches: string[][] = []
    const committed: (number | undefined)[] = []
    app.k.listen(Words, { groupId: 'g', batch: true, syncCommits: true }, (records, ctx) => {
      expect([ctx.topic, ctx.partition, ctx.attempt]).toEqual(['words', 0, 1])
      batches.push(records.map(({ value }) => value))
      committed.push(app.committed('g', p0))
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 5)
    expect(batches).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ])
    expect(committed).toEqual([undefined, 3])
    await app.k.stop()
  })

  it('makes full batches of small fetches', async () => {
    const app = memoryApp({ consumer: { maxPartitionFetchBytes: 1 } })
    withWords(app, 'a', 'b', 'c')
    const batches: string[][] = []
    app.k.listen(
      Words,
      { groupId: 'g', batch: true },
      (records) => void batches.push(records.map(({ value }) => value)),
    )
    await app.k.start()
    await until(() => app.committed('g', p0) === 3)
    expect(batches).toEqual([['a', 'b', 'c']])
    await app.k.stop()
  })

  it.each([false, true])('may do with its list what it likes, transactional: %s', async (transactional) => {
    const app = memoryApp({ consumer: { maxPollRecords: 2 }, producer: { transactionIdPrefix: 'tx' } })
    withWords(app, 'a', 'b', 'c', 'd')
    const seen: (string | undefined)[] = []
    const errorHandler = new DefaultErrorHandler({ backOff: fixed(0) })
    const handling = transactional
      ? ({ transactional, afterRollbackProcessor: errorHandler } as const)
      : ({ errorHandler } as const)
    const container = app.k.listen(Words, { groupId: 'g', batch: true, ...handling }, (records, ctx) => {
      records.reverse()
      while (records.length > 0) seen.push(records.pop()?.value)
      if (seen.length === 2) throw new BatchListenerFailedException('the second', ctx.records[1]!)
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 4 || !container.isRunning)
    expect(seen).toEqual(transactional ? ['a', 'b', 'a', 'b', 'c', 'd'] : ['a', 'b', 'b', 'c', 'd'])
    await app.k.stop()
  })

  it('is delivered again as a whole when it throws, and in the end every record is given up', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'b')
    const attempts: number[] = []
    const given: string[] = []
    const errorHandler = new DefaultErrorHandler({
      attempts: 3,
      backOff: fixed(100),
      recoverer: ({ record }) => void given.push(record.coordinates),
    })
    const container = app.k.listen(Words, { groupId: 'g', batch: true, errorHandler }, (_records, ctx) => {
      attempts.push(ctx.attempt)
      throw new Error('no')
    })
    await app.k.start()
    await until(() => attempts.length === 1)
    expect(app.committed('g', p0)).toBeUndefined()
    await app.clock.advance(100)
    await until(() => attempts.length === 2)
    await app.clock.advance(100)
    await until(() => app.committed('g', p0) === 2)
    expect(attempts).toEqual([1, 2, 3])
    expect(given).toEqual(['words-0@0', 'words-0@1'])
    expect(container.metrics).toMatchObject({ failed: 3, retried: 2, recovered: 2, handled: 0 })
    await app.k.stop()
  })

  it('tries again from the record that BatchListenerFailedException names, and gives up only that one', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'bad', 'c')
    const batches: string[] = []
    const given: FailedRecord[] = []
    const committed: (number | undefined)[] = []
    const errorHandler = new DefaultErrorHandler({
      attempts: 2,
      backOff: fixed(0),
      recoverer: (failure) => void given.push(failure),
    })
    app.k.listen(Words, { groupId: 'g', batch: true, errorHandler }, (records, ctx) => {
      batches.push(`${records.map(({ value }) => value).join(' ')} #${ctx.attempt}`)
      committed.push(app.committed('g', p0))
      const index = records.findIndex(({ value }) => value === 'bad')
      if (index >= 0) throw new Error('wrapped', { cause: new BatchListenerFailedException('bad', records[index]!) })
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 3)
    expect(batches).toEqual(['a bad c #1', 'bad c #2', 'c #1'])
    expect(given.map(({ record, attempt }) => [record.value, attempt])).toEqual([['bad', 2]])
    await app.k.stop()
  })

  it('counts attempts of a record that fails later in the batch from its own first failure', async () => {
    const app = memoryApp()
    withWords(app, 'x', 'y')
    const given: string[] = []
    let calls = 0
    const errorHandler = new DefaultErrorHandler({
      attempts: 3,
      backOff: fixed(0),
      recoverer: ({ record, attempt }) => void given.push(`${String(record.value)} after ${attempt}`),
    })
    app.k.listen(Words, { groupId: 'g', batch: true, errorHandler }, (records) => {
      calls++
      // x fails twice, then y for ever
      const index = calls <= 2 ? 0 : records.findIndex(({ value }) => value === 'y')
      if (index >= 0) throw new BatchListenerFailedException('no', index)
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 2)
    expect(given).toEqual(['y after 3'])
    await app.k.stop()
  })

  it('takes a result for each record: only those that failed come again, and commits never pass them', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'b1', 'c', 'b2')
    const batches: string[][] = []
    const given: string[] = []
    const errorHandler = new DefaultErrorHandler({
      attempts: 2,
      backOff: fixed(100),
      recoverer: ({ record }) => void given.push(record.coordinates),
    })
    app.k.listen(Words, { groupId: 'g', batch: true, errorHandler }, (records) => {
      batches.push(records.map(({ value }) => value))
      return Promise.allSettled(
        records.map(async ({ value }) => {
          if (value.startsWith('b')) throw new Error(value)
        }),
      )
    })
    await app.k.start()
    await until(() => batches.length === 1)
    await settle()
    await app.k.stop()
    expect(app.committed('g', p0)).toBe(1)

    const again = memoryApp({ cluster: app.cluster })
    again.k.listen(Words, { groupId: 'g', batch: true, errorHandler }, (records) => {
      batches.push(records.map(({ value }) => value))
      return Promise.allSettled(
        records.map(({ value }) => (value === 'b1' ? Promise.reject(new Error('b1')) : Promise.resolve())),
      )
    })
    await again.k.start()
    await until(() => batches.length === 2)
    await again.clock.advance(100)
    await until(() => again.committed('g', p0) === 4)
    expect(batches).toEqual([['a', 'b1', 'c', 'b2'], ['b1', 'c', 'b2'], ['b1']])
    expect(given).toEqual(['words-0@1'])
    await again.k.stop()
  })

  it('refuses results that are not one for each record', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'b')
    const errorHandler = new DefaultErrorHandler()
    app.k.listen(Words, { groupId: 'g', batch: true, errorHandler }, () => Promise.allSettled([Promise.resolve()]))
    await app.k.start()
    await until(() => app.committed('g', p0) === 2)
    expect(app.lines.find(({ level }) => level === 'error')?.message).toContain('gave 1 results for 2 records')
    await app.k.stop()
  })

  it('never sees what can not be read', async () => {
    const app = memoryApp()
    withWords(app, '1', 'x', '3')
    const given: string[] = []
    const batches: number[][] = []
    const errorHandler = new DefaultErrorHandler({ recoverer: ({ record }) => void given.push(record.coordinates) })
    app.k.listen(topic('words', { value: json<number>() }), { groupId: 'g', batch: true, errorHandler }, (records) => {
      batches.push(records.map(({ value }) => value))
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 3)
    expect(batches).toEqual([[1, 3]])
    expect(given).toEqual(['words-0@1'])
    await app.k.stop()
  })

  it('acknowledges through an index, and asks for the rest again', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'b', 'c')
    const batches: string[][] = []
    app.k.listen(Words, { groupId: 'g', batch: true, ackMode: 'MANUAL_IMMEDIATE' }, (records, ctx) => {
      batches.push(records.map(({ value }) => value))
      if (batches.length === 1) return ctx.nack(1, 500)
      ctx.ack(0)
      expect(() => ctx.ack(7)).toThrow(RangeError)
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 1)
    await app.clock.advance(500)
    await until(() => app.committed('g', p0) === 2)
    expect(batches).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ])
    await app.k.stop()
    expect(app.committed('g', p0)).toBe(2)
  })

  it('is not called when discardIf leaves nothing', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'b')
    let called = 0
    app.k.listen(Words, { groupId: 'g', batch: true, discardIf: () => true }, () => void called++)
    await app.k.start()
    await until(() => app.committed('g', p0) === 2)
    expect(called).toBe(0)
    await app.k.stop()
  })

  it('hands a record for which discardIf throws to the error handler', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'odd', 'c')
    const batches: string[][] = []
    let asked = 0
    const errorHandler = new DefaultErrorHandler({ attempts: 3, backOff: fixed(0) })
    const discardIf = ({ value }: { value: string }): boolean => {
      if (value === 'odd' && ++asked < 3) throw new Error('can not tell')
      return value === 'a'
    }
    app.k.listen(Words, { groupId: 'g', batch: true, errorHandler, discardIf }, (records) => {
      batches.push(records.map(({ value }) => value))
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 3)
    expect(batches).toEqual([['odd', 'c']])
    await app.k.stop()
  })

  it('calls batch interceptors around each attempt', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'b')
    const calls: string[] = []
    app.k.listen(
      Words,
      {
        groupId: 'g',
        batch: true,
        interceptors: [
          {
            intercept: (records) => records.filter(({ value }) => value !== 'a'),
            success: (records) => void calls.push(`success ${records.length}`),
            failure: (records, error) => void calls.push(`failure ${records.length} ${String(error)}`),
          },
        ],
        errorHandler: new DefaultErrorHandler({ attempts: 2, backOff: fixed(0) }),
      },
      (records, ctx) => {
        calls.push(`handled ${records.map(({ value }) => value).join(' ')} #${ctx.attempt}`)
        if (ctx.attempt === 1) throw new RangeError('not yet')
      },
    )
    await app.k.start()
    await until(() => app.committed('g', p0) === 2)
    expect(calls).toEqual(['handled b #1', 'failure 1 RangeError: not yet', 'handled b #2', 'success 1'])
    await app.k.stop()
  })

  it('interceptors see records as they came at each attempt, and what they leave out counts as done', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'b', 'skip', 'c')
    const batches: string[] = []
    const given: unknown[] = []
    const shout: BatchInterceptor<string, string> = {
      intercept: (records) =>
        records
          .filter(({ value }) => value !== 'skip')

          .map((record) => record.with({ value: `${record.value}!` })),
    }
    const container = app.k.listen(
      Words,
      {
        groupId: 'g',
        batch: true,
        ackMode: 'MANUAL',
        asyncAcks: true,
        interceptors: [shout as BatchInterceptor],
        errorHandler: new DefaultErrorHandler({
          attempts: 2,
          backOff: fixed(0),
          recoverer: ({ record }) => void given.push(record.value, record.rawValue?.toString()),
        }),
      },
      (records, ctx) => {
        batches.push(records.map(({ value }) => value).join(' '))
        if (records[0]!.value === 'b!') throw new BatchListenerFailedException('no', 0)
        if (batches.length === 1) throw new BatchListenerFailedException('no', 1)
        ctx.ack()
      },
    )
    await app.k.start()
    await until(() => app.committed('g', p0) === 4)
    expect(batches).toEqual(['a! b! c!', 'b! c!', 'c!'])
    // a dead letter would be what came
    expect(given).toEqual(['b!', 'b'])
    expect(container.metrics).toMatchObject({ discarded: 1, recovered: 1 })
    await app.k.stop()
  })

  it('that an interceptor skips counts as done', async () => {
    const app = memoryApp()
    withWords(app, 'a', 'b')
    let called = 0
    const container = app.k.listen(
      Words,
      { groupId: 'g', batch: true, interceptors: [{ intercept: () => null }] },
      () => void called++,
    )
    await app.k.start()
    await until(() => app.committed('g', p0) === 2)
    expect([called, container.metrics.discarded]).toEqual([0, 2])
    await app.k.stop()
  })
})
