import { describe, expect, it } from 'vitest'
import { memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import {
  BatchListenerFailedException,
  CommonContainerStoppingErrorHandler,
  CommonDelegatingErrorHandler,
  CommonLoggingErrorHandler,
  DefaultErrorHandler,
  exponential,
  fixed,
  string,
  topic,
} from '../../index.js'
import type { CommonErrorHandler, FailedRecord } from '../../index.js'

const Words = topic('words', { value: string(), partitions: 2 })
const p0 = { topic: 'words', partition: 0 }
const p1 = { topic: 'words', partition: 1 }

describe('retries', () => {
  it('back off as told, count attempts, and hold up only their own partition', async () => {
    const app = memoryApp()
    const seen: string[] = []
    const errorHandler = new DefaultErrorHandler({ attempts: 4, backOff: exponential({ initialMs: 100, maxMs: 150 }) })
    const container = app.k.listen(Words, { groupId: 'g', errorHandler }, (word, ctx) => {
      seen.push(`${word}${ctx.attempt}`)
      if (word === 'bad' && ctx.attempt < 4) throw new Error('not yet')
    })
    await app.k.start()
    produce(app, p0, 'bad', 'next')
    await until(() => seen.length === 1)
    produce(app, p1, 'x', 'y')
    await until(() => app.committed('g', p1) === 2)
    await app.clock.advance(99)
    expect(seen).toEqual(['bad1', 'x1', 'y1'])
    await app.clock.advance(1)
    await until(() => seen.length === 4)
    await app.clock.advance(150)
    await until(() => seen.length === 5)
    await app.clock.advance(150)
    await until(() => app.committed('g', p0) === 2)
    expect(seen).toEqual(['bad1', 'x1', 'y1', 'bad2', 'bad3', 'bad4', 'next1'])
    expect(container.metrics).toMatchObject({ failed: 3, retried: 3, handled: 4, dropped: 0 })
    await app.k.stop()
  })

  it('end with an error line that names the record, and the record is counted as dropped', async () => {
    const app = memoryApp()
    const errorHandler = new DefaultErrorHandler({ attempts: 2, backOff: fixed(0) })
    const container = app.k.listen(Words, { groupId: 'g', id: 'l', errorHandler }, () => {
      throw new RangeError('out of stock')
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => app.committed('g', p0) === 1)
    expect(app.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([
      {
        level: 'warn',
        message: 'record words-0@0 failed in attempt 1 of 2, the next is in 0 ms: RangeError: out of stock',
      },
      {
        level: 'error',
        message: 'record words-0@0 (listener l, group g) is skipped after 2 attempts: RangeError: out of stock',
      },
    ])
    expect(container.metrics).toMatchObject({ dropped: 1, recovered: 0 })
    await app.k.stop()
  })

  it('are not made for errors that are named, wherever in the chain of causes', async () => {
    const app = memoryApp()
    const given: FailedRecord[] = []
    const errorHandler = new DefaultErrorHandler({
      notRetryable: [RangeError],
      recoverer: (failure) => void given.push(failure),
    })
    app.k.listen(Words, { groupId: 'g', errorHandler }, () => {
      throw new Error('outer', { cause: new Error('middle', { cause: new RangeError('inner') }) })
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => app.committed('g', p0) === 1)
    expect(given.map(({ attempt }) => attempt)).toEqual([1])
    await app.k.stop()
  })

  it('are made only for errors of the allow list when there is one', async () => {
    class Busy extends Error {}
    const app = memoryApp()
    const given: string[] = []
    const errorHandler = new DefaultErrorHandler({
      attempts: 3,
      backOff: fixed(0),
      retryable: [Busy],
      recoverer: ({ record, attempt }) => void given.push(`${String(record.value)} ${attempt}`),
    })
    app.k.listen(Words, { groupId: 'g', errorHandler }, (word) => {
      throw word === 'busy' ? new Busy() : new Error('other')
    })
    await app.k.start()
    produce(app, p0, 'busy', 'other')
    await until(() => app.committed('g', p0) === 2)
    expect(given).toEqual(['busy 3', 'other 1'])
    await app.k.stop()
  })

  it('tell their listeners of each failure and of the end', async () => {
    const app = memoryApp()
    const told: string[] = []
    let recoveries = 0
    const errorHandler = new DefaultErrorHandler({
      attempts: 2,
      backOff: fixed(0),
      recoverer: () => {
        if (recoveries++ === 0) throw new Error('recoverer down')
      },
      retryListeners: [
        {
          failedDelivery: ({ attempt }) => void told.push(`failed ${attempt}`),
          recovered: () => void told.push('recovered'),
          recoveryFailed: (_failure, error) => void told.push((error as Error).message),
        },
        {
          failedDelivery() {
            throw new Error('listeners only watch')
          },
        },
      ],
    })
    app.k.listen(Words, { groupId: 'g', errorHandler }, () => {
      throw new Error('no')
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => told.includes('recoverer down'))
    expect(app.committed('g', p0)).toBeUndefined()
    await app.clock.advance(100)
    await until(() => app.committed('g', p0) === 1)
    // the record is tried anew, its attempts counted from 1
    expect(told).toEqual(['failed 1', 'failed 2', 'recoverer down', 'failed 1', 'failed 2', 'recovered'])
    await app.k.stop()
  })

  it('commit what is done before they wait, so that it does not come again should the process end', async () => {
    for (const batch of [false, true]) {
      const app = memoryApp()
      app.cluster.createTopic('words')
      produce(app, p0, 'a', 'b', 'c')
      const errorHandler = new DefaultErrorHandler({ attempts: 3, backOff: fixed(60_000) })
      const options = { groupId: 'g', errorHandler }
      let failures = 0
      const container = batch
        ? app.k.listen(Words, { ...options, batch: true }, (records) => {
            const index = records.findIndex(({ value }) => value === 'b')
            if (++failures === 1) throw new BatchListenerFailedException('no', index)
          })
        : app.k.listen(Words, options, (word) => {
            if (word === 'b' && ++failures === 1) throw new Error('no')
          })
      await app.k.start()
      await until(() => container.metrics.retried === 1)
      await settle()
      expect(app.committed('g', p0)).toBe(1)
      await app.clock.advance(60_000)
      await until(() => app.committed('g', p0) === 3)
      await app.k.stop()
    }
  })

  it('end at once when the container stops, and the record comes again', async () => {
    const app = memoryApp()
    let attempts = 0
    const errorHandler = new DefaultErrorHandler({ backOff: fixed(1_000_000) })
    app.k.listen(Words, { groupId: 'g', errorHandler }, () => {
      attempts++
      throw new Error('no')
    })
    await app.k.start()
    produce(app, p0, 'a', 'b')
    await until(() => attempts === 1)
    await app.k.stop()
    expect(attempts).toBe(1)
    expect(app.committed('g', p0)).toBeUndefined()
  })

  it('are not made by a handler of errors that says stop: nothing is committed, the container tells why', async () => {
    const app = memoryApp()
    const errorHandler: CommonErrorHandler = {
      handleRecord: () => ({ action: 'stop' }),
      handleBatch: () => ({ action: 'stop', from: 0 }),
    }
    const container = app.k.listen(Words, { groupId: 'g', errorHandler }, (word) => {
      if (word === 'b') throw new Error('poisoned')
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c')
    await until(() => container.state === 'stopped')
    expect(app.committed('g', p0)).toBe(1)
    expect(container).toMatchObject({ stopReason: 'ERROR', isInExpectedState: false })
    expect(container.lastError?.message).toBe('poisoned')
    expect(app.k.health()).toMatchObject({
      ok: false,
      listeners: [{ ok: false, stopReason: 'ERROR', error: 'poisoned' }],
    })
    await app.k.stop()
  })

  it('go on when the error handler itself fails: the record is delivered again, nothing is lost', async () => {
    const app = memoryApp()
    let asked = 0
    const errorHandler: CommonErrorHandler = {
      handleRecord() {
        if (asked++ === 0) throw new Error('handler broken')
        return { action: 'skip', recovered: false }
      },
      handleBatch: () => ({ action: 'stop', from: 0 }),
    }
    let attempts = 0
    app.k.listen(Words, { groupId: 'g', errorHandler }, () => {
      attempts++
      throw new Error('no')
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => asked === 1)
    await settle()
    await app.clock.advance(1_000)
    await until(() => app.committed('g', p0) === 1)
    expect(attempts).toBe(2)
    await app.k.stop()
  })

  it('wait as a function of the error says, and as usual where it says nothing', async () => {
    const app = memoryApp()
    const times: number[] = []
    const errorHandler = new DefaultErrorHandler({
      attempts: 3,
      backOff: (error, record) => (error instanceof RangeError && record.topic === 'words' ? fixed(60_000) : undefined),
    })
    app.k.listen(Words, { groupId: 'g', errorHandler }, () => {
      times.push(app.clock.now())
      throw times.length === 1 ? new RangeError('slow') : new TypeError('usual')
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => times.length === 1)
    await settle()
    await app.clock.advance(59_999)
    expect(times).toHaveLength(1)
    await app.clock.advance(1)
    await until(() => times.length === 2)
    await settle()
    await app.clock.advance(200)
    await until(() => app.committed('g', p0) === 1)
    expect(times[1]! - times[0]!).toBe(60_000)
    expect(times[2]! - times[1]!).toBe(200)
    await app.k.stop()
  })
})

describe('error handlers without retries', () => {
  it('CommonContainerStoppingErrorHandler stops, and what failed comes again', async () => {
    for (const batch of [false, true]) {
      const app = memoryApp()
      let isBroken = true
      const seen: string[] = []
      const handle = (words: readonly string[]): void => {
        if (isBroken && words.includes('b')) throw new Error('broken')
        seen.push(...words)
      }
      const options = { groupId: 'g', errorHandler: new CommonContainerStoppingErrorHandler() }
      const container = batch
        ? app.k.listen(Words, { ...options, batch: true }, (records) => handle(records.map(({ value }) => value)))
        : app.k.listen(Words, options, (word) => handle([word]))
      await app.k.start()
      produce(app, p0, 'a', 'b', 'c')
      await until(() => container.state === 'stopped')
      expect(container).toMatchObject({ stopReason: 'ERROR', isInExpectedState: false })
      isBroken = false
      await container.start()
      await until(() => app.committed('g', p0) === 3)
      expect(seen).toEqual(['a', 'b', 'c'])
      await app.k.stop()
    }
  })

  it('CommonLoggingErrorHandler tells and goes on', async () => {
    const app = memoryApp()
    const seen: string[] = []
    const errorHandler = new CommonLoggingErrorHandler()
    const container = app.k.listen(Words, { groupId: 'g', errorHandler }, (word) => {
      seen.push(word)
      if (word === 'b') throw new RangeError('broken')
    })
    const batches = app.k.listen(Words, { groupId: 'batches', batch: true, errorHandler }, () => {
      throw new RangeError('all broken')
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c')
    await until(() => app.committed('g', p0) === 3 && app.committed('batches', p0) === 3)
    expect(seen).toEqual(['a', 'b', 'c'])
    expect([container.metrics.dropped, batches.metrics.dropped]).toEqual([1, 3])
    const told = app.lines.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(told).toEqual(
      expect.arrayContaining([
        'record words-0@1 is skipped: RangeError: broken',
        'records words-0@0 to words-0@2 are skipped: RangeError: all broken',
      ]),
    )
    await app.k.stop()
  })

  it("CommonDelegatingErrorHandler asks by the error's class, along its causes unless told not to", async () => {
    const asked: string[] = []
    const named = (name: string): CommonErrorHandler => ({
      bind: () => void asked.push(`${name} bound`),
      handleRecord: () => {
        asked.push(name)
        return { action: 'skip', recovered: false }
      },
      handleBatch: ({ records }) => ({ action: 'skip', from: records.length, recovered: 0, dropped: records.length }),
    })
    const app = memoryApp()
    const [range, other] = [named('range'), named('other')]
    app.k.listen(
      Words,
      { groupId: 'g', errorHandler: new CommonDelegatingErrorHandler([[RangeError, range]], other) },
      (word) => {
        throw new Error(word, { cause: word === 'b' ? new RangeError('inside') : undefined })
      },
    )
    await app.k.start()
    produce(app, p0, 'a', 'b')
    await until(() => app.committed('g', p0) === 2)
    expect(asked).toEqual(['range bound', 'other bound', 'other', 'range'])
    const flat = new CommonDelegatingErrorHandler([[RangeError, range]], other, { causes: false })
    void flat.handleRecord({ error: new Error('b', { cause: new RangeError('inside') }) } as FailedRecord)
    expect(asked.at(-1)).toBe('other')
    await app.k.stop()
  })
})
