import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import { DefaultErrorHandler, fixed, Headers, string, topic } from '../../index.js'
import type { ListenerAdvice } from '../../index.js'

const Words = topic('words', { value: string() })
const p0 = { topic: 'words', partition: 0 }

const told = (calls: string[], name: string): ListenerAdvice => ({
  async invoke(ctx, proceed) {
    calls.push(`${name} before`)
    try {
      return await proceed()
    } finally {
      calls.push(`${name} after ${ctx.attempt}`)
    }
  },
})

describe('advice', () => {
  it("is around each attempt of the handler, the configuration's outermost, by instance or class", async () => {
    const calls: string[] = []
    class Inner implements ListenerAdvice {
      invoke(...[ctx, proceed]: Parameters<ListenerAdvice['invoke']>): unknown {
        return told(calls, 'inner').invoke(ctx, proceed)
      }
    }
    const app = memoryApp({ listener: { adviceChain: [told(calls, 'outer')] } })
    const errorHandler = new DefaultErrorHandler({ attempts: 2, backOff: fixed(0) })
    app.k.listen(Words, { groupId: 'g', errorHandler, adviceChain: [Inner] }, (word, ctx) => {
      calls.push(`handled ${word}`)
      if (ctx.attempt === 1) throw new RangeError('not yet')
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => app.committed('g', p0) === 1)
    expect(calls).toEqual(
      [1, 2].flatMap((attempt) => [
        'outer before',
        'inner before',
        'handled a',
        `inner after ${attempt}`,
        `outer after ${attempt}`,
      ]),
    )
    await app.k.stop()
  })

  it('that throws fails the record, and that swallows makes it done', async () => {
    const app = memoryApp()
    const given: string[] = []
    const errorHandler = new DefaultErrorHandler({
      attempts: 1,
      recoverer: ({ record, error }) => void given.push(`${String(record.value)}: ${String(error)}`),
    })
    const advice: ListenerAdvice = {
      invoke(ctx, proceed) {
        if ('record' in ctx && ctx.record.value === 'refused') throw new Error('not this one')
        try {
          return proceed()
        } catch {
          return undefined
        }
      },
    }
    const seen: string[] = []
    const container = app.k.listen(Words, { groupId: 'g', errorHandler, adviceChain: [advice] }, (word) => {
      seen.push(word)
      if (word === 'bad') throw new Error('swallowed')
    })
    await app.k.start()
    produce(app, p0, 'refused', 'bad', 'good')
    await until(() => app.committed('g', p0) === 3)
    expect([seen, given]).toEqual([['bad', 'good'], ['refused: Error: not this one']])
    expect(container.metrics).toMatchObject({ handled: 2, recovered: 1 })
    await app.k.stop()
  })

  it('hands on the results of a batch, and its records', async () => {
    const app = memoryApp()
    app.cluster.createTopic('words')
    produce(app, p0, 'a', 'bad', 'c')
    const sizes: number[] = []
    const batches: string[] = []
    const advice: ListenerAdvice = {
      invoke(ctx, proceed) {
        sizes.push('records' in ctx ? ctx.records.length : 0)
        return proceed()
      },
    }
    const errorHandler = new DefaultErrorHandler({ attempts: 2, backOff: fixed(0) })
    app.k.listen(Words, { groupId: 'g', batch: true, errorHandler, adviceChain: [advice] }, (records) => {
      batches.push(records.map(({ value }) => value).join(' '))
      return Promise.allSettled(
        records.map(({ value }) => (value === 'bad' ? Promise.reject(new Error('bad')) : Promise.resolve())),
      )
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 3)
    expect([sizes, batches]).toEqual([
      [3, 1],
      ['a bad c', 'bad'],
    ])
    await app.k.stop()
  })

  it('gives the handler, and what that sends, an async context: so traces go from record to record', async () => {
    const trace = new AsyncLocalStorage<string>()
    const advice: ListenerAdvice = {
      invoke: (ctx, proceed) =>
        trace.run('record' in ctx ? (ctx.record.headers.text('trace') ?? 'none') : 'batch', proceed),
    }
    const app = memoryApp({
      producer: {
        transactionIdPrefix: 'tx-',
        interceptors: [{ onSend: (record) => ({ ...record, headers: { trace: `${trace.getStore() ?? 'new'}+` } }) }],
      },
    })
    for (const name of ['words', 'out']) app.cluster.createTopic(name)
    app.k.listen(Words, { groupId: 'g', transactional: true, adviceChain: [advice] }, async (word) => {
      await settle(1)
      await app.k.template.send('out', word)
    })
    await app.k.start()
    await app.k.template.executeInTransaction((ops) => ops.send(Words, 'a'))
    await until(() => app.cluster.records('out', 'read_committed').length === 1)
    expect(new Headers(app.cluster.records('out')[0]!.headers).text('trace')).toBe('new++')
    expect(trace.getStore()).toBeUndefined()
    await app.k.stop()
  })

  it('must be a list', () => {
    const app = memoryApp()
    expect(() => app.k.listen(Words, { groupId: 'g', adviceChain: {} as [] }, () => {})).toThrow(
      'adviceChain must be a list',
    )
  })
})
