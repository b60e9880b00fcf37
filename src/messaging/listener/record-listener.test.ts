import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { deferred, memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import { json, nullable, orError, string, topic, topicPattern } from '../../index.js'
import { DefaultErrorHandler, DeserializationError, fixed } from '../../index.js'
import { virtualClock } from '../../base/clock.js'
import { MemoryCluster, memoryDriver } from '../../testing/memory-driver/index.js'

const Words = topic('words', { value: string(), partitions: 2 })
const p0 = { topic: 'words', partition: 0 }
const p1 = { topic: 'words', partition: 1 }

describe('a record listener', () => {
  it("handles a partition's records one after another, in order, and commits them", async () => {
    const app = memoryApp()
    const seen: string[] = []
    let atWork = 0
    app.k.listen(Words, { groupId: 'g' }, async (word, ctx) => {
      expect(++atWork).toBe(1)
      await settle(1)
      atWork--
      seen.push(`${word}@${ctx.offset}`)
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c')
    await until(() => app.committed('g', p0) === 3)
    expect(seen).toEqual(['a@0', 'b@1', 'c@2'])
    await app.k.stop()
  })

  it('lets a slow partition hold up no other', async () => {
    const app = memoryApp()
    const gate = deferred()
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, async (word) => {
      if (word === 'slow') await gate.promise
      seen.push(word)
    })
    await app.k.start()
    produce(app, p0, 'slow', 'after slow')
    produce(app, p1, 'a', 'b', 'c')
    await until(() => app.committed('g', p1) === 3)
    expect(seen).toEqual(['a', 'b', 'c'])
    gate.resolve()
    await until(() => app.committed('g', p0) === 2)
    expect(seen).toEqual(['a', 'b', 'c', 'slow', 'after slow'])
    await app.k.stop()
  })

  it('runs each handler in an async context of its own, outside of whoever started the container', async () => {
    const app = memoryApp()
    const storage = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    await storage.run('starter', async () => {
      app.k.listen(Words, { groupId: 'g' }, (word) => {
        seen.push(storage.getStore())
        storage.enterWith(word)
      })
      await app.k.start()
    })
    produce(app, p0, 'a', 'b')
    await until(() => seen.length === 2)
    expect(seen).toEqual([undefined, undefined])
    await app.k.stop()
  })

  it('never runs user code in the call stack of its driver', async () => {
    const app = memoryApp()
    let stack = ''
    app.k.listen(Words, { groupId: 'g' }, () => {
      stack = new Error('here').stack!
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => stack !== '')
    expect(stack).not.toContain('memory-consumer')
    await app.k.stop()
  })

  it('hands over key, headers, coordinates and timestamp', async () => {
    const app = memoryApp({ topics: [Words] })
    const seen: unknown[] = []
    app.k.listen(Words, { groupId: 'g', id: 'listener' }, (word, ctx) => {
      seen.push(word, ctx.key, ctx.headers.text('h'), ctx.record.coordinates, ctx.timestampMs, ctx.attempt)
      seen.push(ctx.groupId, ctx.listenerId)
    })
    await app.k.start()
    await app.k.template.send(Words, 'a', { key: 'k', headers: { h: 'v' }, partition: 1, timestampMs: 42 })
    await until(() => seen.length === 8)
    expect(seen).toEqual(['a', 'k', 'v', 'words-1@0', 42, 1, 'g', 'listener'])
    await app.k.stop()
  })

  it('passes over what discardIf discards, and commits it', async () => {
    const app = memoryApp()
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g', discardIf: ({ value }) => value === 'no' }, (word) => void seen.push(word))
    await app.k.start()
    produce(app, p0, 'no', 'yes', 'no')
    await until(() => app.committed('g', p0) === 3)
    expect(seen).toEqual(['yes'])
    expect(app.k.registry.all[0]!.metrics).toMatchObject({ received: 3, handled: 1, discarded: 2 })
    await app.k.stop()
  })

  it('calls interceptors around each attempt, and they may replace or skip a record', async () => {
    const app = memoryApp()
    const calls: string[] = []
    const seen: string[] = []
    const container = app.k.listen(
      Words,
      {
        groupId: 'g',
        errorHandler: new DefaultErrorHandler({ attempts: 2, backOff: fixed(0) }),
        interceptors: [
          {
            intercept(record) {
              calls.push(`intercept ${String(record.value)}`)
              if (record.value === 'skip') return null
              return record.value === 'good' ? record.with({ value: 'better', headers: { by: 'me' } }) : record
            },
            success: (record) => void calls.push(`success ${String(record.value)}`),
            failure: (record) => void calls.push(`failure ${String(record.value)}`),
            afterRecord: (record) => void calls.push(`after ${String(record.value)}`),
          },
        ],
      },
      (word, ctx) => {
        if (word === 'bad' && ctx.attempt === 1) throw new Error('bad')
        seen.push([word, ctx.headers.text('by'), ctx.record.coordinates, ctx.record.rawValue?.toString()].join())
      },
    )
    await app.k.start()
    produce(app, p0, 'skip', 'bad', 'good')
    await until(() => app.committed('g', p0) === 3)
    expect(seen).toEqual(['bad,,words-0@1,bad', 'better,me,words-0@2,good'])
    expect(calls.slice(0, 7)).toEqual([
      'intercept skip',
      'after skip',
      'intercept bad',
      'failure bad',
      'intercept bad',
      'success bad',
      'after bad',
    ])
    expect(container.metrics).toMatchObject({ discarded: 1, handled: 2, retried: 1 })
    await app.k.stop()
  })

  it('gives a tombstone to nullable topics only; elsewhere it is given up at once', async () => {
    const app = memoryApp()
    const Maybe = topic('maybe', { value: nullable(string()) })
    const seen: (string | null)[] = []
    app.k.listen(Maybe, { groupId: 'g' }, (word) => void seen.push(word))
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    produce(app, { topic: 'maybe', partition: 0 }, null)
    produce(app, p0, null, 'a')
    await until(() => app.committed('g', p0) === 2 && seen.length === 2)
    expect(new Set(seen)).toEqual(new Set(['a', null]))
    expect(app.lines.find(({ level }) => level === 'error')?.message).toContain(
      'words-0@0 (listener words, group g) is skipped after 1 attempt',
    )
    await app.k.stop()
  })

  it('hands a record that can not be read to the error handler, once, with its raw bytes', async () => {
    const app = memoryApp()
    const Orders = topic('orders', { value: json<{ id: number }>() })
    const failures: unknown[] = []
    const seen: number[] = []
    app.k.listen(
      Orders,
      { groupId: 'g', errorHandler: new DefaultErrorHandler({ recoverer: ({ error }) => void failures.push(error) }) },
      (order) => void seen.push(order.id),
    )
    await app.k.start()
    produce(app, { topic: 'orders', partition: 0 }, '{"id":1}', 'not json', '{"id":2}')
    await until(() => app.committed('g', { topic: 'orders', partition: 0 }) === 3)
    expect(seen).toEqual([1, 2])
    expect(failures).toHaveLength(1)
    expect(failures[0]).toBeInstanceOf(DeserializationError)
    expect((failures[0] as DeserializationError).data.toString()).toBe('not json')
    await app.k.stop()
  })

  it('gives what can not be read as a value where the topic says so', async () => {
    const app = memoryApp()
    const Orders = topic('orders', { value: orError(json<{ id: number }>()) })
    const seen: string[] = []
    app.k.listen(Orders, { groupId: 'g' }, (order) => {
      seen.push(order instanceof DeserializationError ? order.data.toString() : `order ${order.id}`)
    })
    await app.k.start()
    produce(app, { topic: 'orders', partition: 0 }, 'not json', '{"id":2}')
    await until(() => seen.length === 2)
    expect(seen).toEqual(['not json', 'order 2'])
    await app.k.stop()
  })

  it('reads values with an asynchronous serde in order', async () => {
    const app = memoryApp()
    const slowly = {
      ...string(),
      deserialize: async (data: Buffer) => {
        await settle(data.toString() === 'a' ? 5 : 1)
        return data.toString()
      },
    }
    const seen: string[] = []
    app.k.listen(topic('slow', { value: slowly }), { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    produce(app, { topic: 'slow', partition: 0 }, 'a', 'b', 'c')
    await until(() => seen.length === 3)
    expect(seen).toEqual(['a', 'b', 'c'])
    await app.k.stop()
  })

  it('shares the partitions of a topic among `concurrency` consumers', async () => {
    const app = memoryApp({ topics: [Words] })
    const container = app.k.listen(Words, { groupId: 'g', concurrency: 2 }, () => {})
    const assigned: number[] = []
    app.k.on('partitionsAssigned', ({ consumer, partitions }) => (assigned[consumer] = partitions.length))
    await app.k.start()
    await container.untilAssigned(2)
    expect(assigned).toEqual([1, 1])
    await app.k.stop()
  })

  it('picks up topics that match its pattern later', async () => {
    const app = memoryApp({ cluster: { topics: ['log.a', 'other'] } })
    const seen: string[] = []
    app.k.listen(topicPattern(/log\..+/, { value: string() }), { groupId: 'g' }, (word, ctx) => {
      seen.push(`${ctx.topic} ${word}`)
    })
    await app.k.start()
    produce(app, { topic: 'log.a', partition: 0 }, '1')
    produce(app, { topic: 'other', partition: 0 }, '2')
    await until(() => seen.length === 1)
    app.cluster.createTopic('log.b')
    app.cluster.createTopic('a.log.b')
    produce(app, { topic: 'log.b', partition: 0 }, '3')
    await until(() => seen.length === 2)
    expect(seen).toEqual(['log.a 1', 'log.b 3'])
    await app.k.stop()
  })

  it.each(['by the driver', 'by the records alone'])('tells how far each partition is: %s', async (by) => {
    const cluster = new MemoryCluster({ clock: virtualClock(), topics: [{ name: 'words', partitions: 2 }] })
    const driver = memoryDriver(cluster)
    const consumer: typeof driver.consumer = (options) => {
      const port = driver.consumer(options)
      return by === 'by the driver' ? port : Object.assign(port, { positions: undefined })
    }
    const app = memoryApp({ cluster, driver: { ...driver, consumer } })
    produce(app, p0, 'a', 'b', 'c')
    const gates = [deferred(), deferred()]
    const container = app.k.listen(Words, { groupId: 'g' }, async (_word, ctx) => gates[ctx.offset]?.promise)
    expect(container.positions()).toEqual([])
    await app.k.start()
    await until(() => container.metrics.received === 3)
    const told = by === 'by the driver' ? { position: 0, lag: 0 } : { position: undefined, lag: undefined }
    const idle = { topic: 'words', partition: 1, committed: undefined, ...told }
    expect(container.positions()).toEqual([{ ...p0, position: 0, committed: undefined, lag: 3 }, idle])
    gates[0]!.resolve()
    await until(() => container.positions()[0]!.lag === 2)
    gates[1]!.resolve()
    await until(() => app.committed('g', p0) === 3)
    expect(container.positions()).toEqual([{ ...p0, position: 3, committed: 3, lag: 0 }, idle])
    await app.k.stop()
    expect(container.positions()).toEqual([])
  })

  it('takes whatever a handler gives back that can be waited for, also when asking it throws', async () => {
    const app = memoryApp({ listener: { errorHandler: new DefaultErrorHandler({ backOff: fixed(0) }) } })
    const seen: number[] = []
    const container = app.k.listen(Words, { groupId: 'g' }, (_word, ctx) => {
      seen.push(ctx.attempt)
      // oxlint-disable-next-line unicorn/no-thenable -- a library's lazy query
      return {
        then(done: () => void) {
          if (ctx.attempt === 1) throw new Error('no connection')
          done()
        },
      }
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => app.committed('g', p0) === 1 || !container.isRunning)
    expect(seen).toEqual([1, 2])
    await app.k.stop()
  })

  it('stops fetching a partition whose handler is behind, and goes on later', async () => {
    const app = memoryApp({ consumer: { queuedBytesMax: 10_000, maxPartitionFetchBytes: 5_000, maxPollRecords: 10 } })
    const gate = deferred()
    let count = 0
    const container = app.k.listen(Words, { groupId: 'g' }, async () => {
      await gate.promise
      count++
    })
    await app.k.start()
    produce(app, p0, ...Array.from({ length: 500 }, () => 'x'.repeat(100)))
    await until(() => container.metrics.received > 0)
    await settle()
    expect(container.metrics.received).toBeLessThan(150)
    gate.resolve()
    await until(() => count === 500)
    await app.k.stop()
  })
})
