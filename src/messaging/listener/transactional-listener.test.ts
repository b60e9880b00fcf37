import { describe, expect, it, vi } from 'vitest'
import { deferred, memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import type { MemoryApp, MemoryAppOptions } from '../../../test/messaging/memory-app.js'
import {
  BatchListenerFailedException,
  deadLetter,
  DefaultAfterRollbackProcessor,
  fixed,
  kafka,
  string,
  topic,
} from '../../index.js'
import type { BatchInterceptor, ListenerContext, RecordInterceptor } from '../../index.js'
import { DriverError } from '../../client/port.js'
import { EmbeddedKafka } from '../../testing/embedded-kafka.js'

const Words = topic('words', { value: string() })
const Out = topic('out', { value: string() })
const p0 = { topic: 'words', partition: 0 }

function transactionalApp(own: MemoryAppOptions = {}): MemoryApp {
  const app = memoryApp({ ...own, producer: { transactionIdPrefix: 'tx-', ...own.producer } })
  for (const name of ['words', 'out', 'words-dlt']) if (!app.cluster.topic(name)) app.cluster.createTopic(name)
  return app
}

const committed = (app: MemoryApp, name = 'out'): (string | undefined)[] =>
  app.cluster.records(name, 'read_committed').map(({ value }) => value?.toString())

describe('a transactional record listener', () => {
  it('commits what it sends together with its offset, record by record', async () => {
    const app = transactionalApp()
    const inside: unknown[] = []
    app.k.listen(Words, { groupId: 'g', transactional: true }, async (word) => {
      await app.k.template.send(Out, `${word}!`)
      inside.push([app.k.template.inTransaction, app.committed('g', p0) ?? 0, committed(app).length])
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c')
    await until(() => app.committed('g', p0) === 3)
    expect(inside).toEqual([
      [true, 0, 0],
      [true, 1, 1],
      [true, 2, 2],
    ])
    expect(committed(app)).toEqual(['a!', 'b!', 'c!'])
    await app.k.stop()
  })

  it('rolls back what it sent when it throws, and has the record again', async () => {
    const app = transactionalApp()
    const attempts: number[] = []
    app.k.listen(
      Words,
      {
        groupId: 'g',
        transactional: true,
        afterRollbackProcessor: new DefaultAfterRollbackProcessor({ backOff: fixed(0) }),
      },
      async (word, ctx) => {
        attempts.push(ctx.attempt)
        await app.k.template.send(Out, word)
        if (ctx.attempt < 3) throw new Error('not yet')
      },
    )
    await app.k.start()
    produce(app, p0, 'a', 'b')
    await until(() => app.committed('g', p0) === 2)
    expect(attempts).toEqual([1, 2, 3, 1, 2, 3])
    expect(committed(app)).toEqual(['a', 'b'])
    expect(app.cluster.records('out')).toHaveLength(6)
    await app.k.stop()
  })

  it('recovers in a transaction of its own, with the offset', async () => {
    const app = transactionalApp()
    const processor = new DefaultAfterRollbackProcessor({ attempts: 2, backOff: fixed(0), recoverer: deadLetter() })
    const container = app.k.listen(
      Words,
      { groupId: 'g', transactional: true, afterRollbackProcessor: processor },
      async (word) => {
        await app.k.template.send(Out, word)
        if (word === 'bad') throw new Error('never')
      },
    )
    let refused = 1
    app.cluster.faults.produce = ({ topic: name }) =>
      name === 'words-dlt' && refused-- > 0 ? new DriverError('timeout', 'no answer') : undefined
    await app.k.start()
    produce(app, p0, 'bad', 'good')
    await settle()
    expect(app.committed('g', p0)).toBe(undefined) // the dead letter was not written: nothing is passed over
    await app.clock.advance(200)
    await until(() => app.committed('g', p0) === 2)
    expect(committed(app, 'words-dlt')).toEqual(['bad'])
    expect(committed(app)).toEqual(['good'])
    expect(container.metrics).toMatchObject({ recovered: 1, handled: 1 })
    await app.k.stop()
  })

  it('an errorHandler of the cluster is asked after the rollback', async () => {
    const app = transactionalApp({
      listener: { errorHandler: new DefaultAfterRollbackProcessor({ attempts: 1, recoverer: deadLetter() }) },
    })
    app.k.listen(Words, { groupId: 'g', transactional: true }, () => {
      throw new Error('no')
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => app.committed('g', p0) === 1)
    expect(committed(app, 'words-dlt')).toEqual(['a'])
    await app.k.stop()
  })

  it('executeInTransaction in it is independent of it', async () => {
    const app = transactionalApp()
    app.k.listen(Words, { groupId: 'g', transactional: true }, async (word, ctx) => {
      const { template } = app.k
      await template.send(Out, `joined ${word} ${ctx.attempt}`)
      await template.executeInTransaction(() => template.send(Out, `own ${word} ${ctx.attempt}`))
      if (ctx.attempt === 1) throw new Error('again')
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => committed(app).length > 0)
    await app.clock.advance(1_000)
    await until(() => app.committed('g', p0) === 1)
    expect(committed(app)).toEqual(['own a 1', 'joined a 2', 'own a 2'])
    await app.k.stop()
  })

  it('partitions at work at the same time have transactions of their own', async () => {
    const app = transactionalApp({ cluster: { topics: [{ name: 'words', partitions: 2 }] } })
    const gate = deferred()
    app.k.listen(Words, { groupId: 'g', transactional: true }, async (word) => {
      await app.k.template.send(Out, word)
      if (word === 'slow') await gate.promise
    })
    await app.k.start()
    produce(app, p0, 'slow')
    produce(app, { topic: 'words', partition: 1 }, 'fast')
    await until(() => app.committed('g', { topic: 'words', partition: 1 }) === 1)
    expect(app.committed('g', p0)).toBeUndefined()
    gate.resolve()
    await until(() => app.committed('g', p0) === 1)
    expect(new Set(committed(app))).toEqual(new Set(['slow', 'fast']))
    await app.k.stop()
  })

  it('one that takes longer than a transaction may is rolled back and told', async () => {
    const app = transactionalApp({ producer: { transactionTimeoutMs: 1_000 } })
    const signals: AbortSignal[] = []
    app.k.listen(Words, { groupId: 'g', transactional: true }, async (word, ctx) => {
      signals.push(ctx.signal)
      await app.k.template.send(Out, `${word}${ctx.attempt}`)
      if (ctx.attempt === 1) await deferred().promise
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => signals.length === 1)
    await settle()
    await app.clock.advance(1_000)
    await settle()
    expect(signals[0]!.aborted).toBe(true)
    await app.clock.advance(1_000)
    await until(() => app.committed('g', p0) === 1)
    expect(committed(app)).toEqual(['a2'])
    await app.k.stop()
  })

  it('fenced by another producer it goes on under another id, or stops where that is asked for', async () => {
    for (const stopContainerWhenFenced of [false, true]) {
      const app = transactionalApp()
      const other = memoryApp({ cluster: app.cluster, producer: { transactionIdPrefix: 'tx-' } })
      let fence = true
      const container = app.k.listen(
        Words,
        { groupId: 'g', transactional: true, stopContainerWhenFenced },
        async (word) => {
          await app.k.template.send(Out, word)
          if (fence) await other.k.template.executeInTransaction((ops) => ops.send(Out, 'theirs'))
          fence = false
        },
      )
      await app.k.start()
      produce(app, p0, 'a')
      await until(() => committed(app).length > 0)
      await settle()
      if (stopContainerWhenFenced) {
        await until(() => container.state === 'stopped')
        expect(container.stopReason).toBe('FENCED')
        expect(app.committed('g', p0)).toBeUndefined()
      } else {
        await app.clock.advance(1_000)
        await until(() => app.committed('g', p0) === 1)
        expect(committed(app)).toEqual(['theirs', 'a'])
      }
      await Promise.all([app.k.stop(), other.k.stop()])
    }
  })

  it('what can not be read, and what is discarded, passes without a handler', async () => {
    const app = transactionalApp()
    const seen: string[] = []
    const strict = topic('words', {
      value: {
        ...string(),
        deserialize: (data: Buffer) => {
          if (data.toString() === 'poison') throw new Error('poison')
          return data.toString()
        },
      },
    })
    const afterRollbackProcessor = new DefaultAfterRollbackProcessor({ recoverer: deadLetter() })
    const container = app.k.listen(
      strict,
      { groupId: 'g', transactional: true, afterRollbackProcessor, discardIf: ({ value }) => value === 'skip' },
      (word: string) => void seen.push(word),
    )
    produce(app, p0, 'a', 'poison', 'skip', 'b', 'skip')
    await app.k.start()
    await until(() => app.committed('g', p0) === 5)
    expect(seen).toEqual(['a', 'b'])
    expect(committed(app, 'words-dlt')).toEqual(['poison'])
    expect(container.metrics).toMatchObject({ handled: 2, recovered: 1, discarded: 2 })
    await app.k.stop()
  })
})

describe('interceptors of a transactional listener', () => {
  it('are called in the transaction, and to the end also for a record that one skips', async () => {
    const app = transactionalApp()
    const calls: string[] = []
    const interceptor: RecordInterceptor = {
      intercept: (record) => {
        calls.push(`intercept ${String(record.value)} ${app.k.template.inTransaction}`)
        return record.value === 'skip' ? null : record
      },
      success: ({ value }) => void calls.push(`success ${String(value)}`),
      failure: ({ value }) => void calls.push(`failure ${String(value)}`),
      afterRecord: ({ value }) => void calls.push(`after ${String(value)}`),
    }
    const errorHandler = new DefaultAfterRollbackProcessor({ attempts: 2, backOff: fixed(0) })
    app.k.listen(
      Words,
      { groupId: 'g', transactional: true, interceptors: [interceptor], afterRollbackProcessor: errorHandler },
      (word, ctx) => {
        if (word === 'bad' && ctx.attempt === 1) throw new Error('bad')
      },
    )
    produce(app, p0, 'skip', 'bad')
    await app.k.start()
    await until(() => app.committed('g', p0) === 2)
    expect(calls).toEqual([
      'intercept skip true',
      'after skip',
      'intercept bad true',
      'failure bad',
      'intercept bad true',
      'success bad',
      'after bad',
    ])
    await app.k.stop()
  })
})

describe('a transactional batch listener', () => {
  it('commits a delivery in one transaction', async () => {
    const app = transactionalApp()
    const batches: string[][] = []
    produce(app, p0, 'a', 'b', 'c')
    app.k.listen(Words, { groupId: 'g', transactional: true, batch: true }, async (records) => {
      batches.push(records.map(({ value }) => value))
      for (const { value } of records) await app.k.template.send(Out, value)
      if (batches.length === 1) throw new Error('again')
    })
    await app.k.start()
    await until(() => batches.length === 1)
    await settle()
    await app.clock.advance(1_000)
    await until(() => app.committed('g', p0) === 3)
    expect(batches).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ])
    expect(committed(app)).toEqual(['a', 'b', 'c'])
    await app.k.stop()
  })

  it('gives up the record that failed, and only that one', async () => {
    const app = transactionalApp()
    const batches: string[] = []
    produce(app, p0, 'a', 'b', 'bad', 'c')
    const afterRollbackProcessor = new DefaultAfterRollbackProcessor({
      attempts: 3,
      backOff: fixed(0),
      recoverer: deadLetter(),
    })
    app.k.listen(Words, { groupId: 'g', transactional: true, batch: true, afterRollbackProcessor }, async (records) => {
      batches.push(records.map(({ value }) => value).join(' '))
      for (const [index, { value }] of records.entries()) {
        if (value === 'bad') throw new BatchListenerFailedException('bad', index)
        await app.k.template.send(Out, value)
      }
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 4)
    expect(batches).toEqual(['a b bad c', 'a b', 'bad c', 'bad c', 'c'])
    expect(committed(app)).toEqual(['a', 'b', 'c'])
    expect(committed(app, 'words-dlt')).toEqual(['bad'])
    await app.k.stop()
  })

  it('a failed place is one among the records that the handler saw, though an interceptor left some out', async () => {
    const app = transactionalApp()
    produce(app, p0, 'skip', 'a', 'bad', 'c')
    const afterRollbackProcessor = new DefaultAfterRollbackProcessor({
      attempts: 2,
      backOff: fixed(0),
      recoverer: deadLetter(),
    })
    const interceptors: BatchInterceptor[] = [
      { intercept: (records) => records.filter(({ value }) => value !== 'skip') },
    ]
    const options = { groupId: 'g', transactional: true, batch: true, afterRollbackProcessor, interceptors } as const
    app.k.listen(Words, options, async (records) => {
      for (const [index, { value }] of records.entries()) {
        if (value === 'bad') throw new BatchListenerFailedException('bad', index)
        await app.k.template.send(Out, value)
      }
    })
    await app.k.start()
    await until(() => app.committed('g', p0) === 4)
    expect(committed(app)).toEqual(['a', 'c'])
    expect(committed(app, 'words-dlt')).toEqual(['bad'])
    await app.k.stop()
  })

  it('results for each: one that is rejected rolls all back', async () => {
    const app = transactionalApp()
    produce(app, p0, 'a', 'bad')
    const afterRollbackProcessor = new DefaultAfterRollbackProcessor({ attempts: 1, recoverer: deadLetter() })
    app.k.listen(Words, { groupId: 'g', transactional: true, batch: true, afterRollbackProcessor }, (records) =>
      Promise.allSettled(
        records.map(async ({ value }) => {
          await app.k.template.send(Out, value)
          if (value === 'bad') throw new Error('no')
        }),
      ),
    )
    await app.k.start()
    await until(() => app.committed('g', p0) === 2)
    expect(committed(app)).toEqual(['a'])
    expect(committed(app, 'words-dlt')).toEqual(['bad'])
    await app.k.stop()
  })
})

describe('at start', () => {
  it('transactional is refused without a prefix, with ack modes, and by drivers that can not', async () => {
    const plain = memoryApp()
    plain.k.listen(Words, { groupId: 'g', transactional: true }, () => 1)
    await expect(plain.k.start()).rejects.toThrow(/template 'default', which has no transactionIdPrefix/)
    const app = transactionalApp()
    expect(() => app.k.listen(Words, { groupId: 'g', transactional: true, ackMode: 'MANUAL' }, () => 1)).toThrow(
      /ackMode has no meaning in a transactional listener/,
    )
    expect(() =>
      app.k.listen(Words, { groupId: 'g', afterRollbackProcessor: new DefaultAfterRollbackProcessor() }, () => 1),
    ).toThrow(/afterRollbackProcessor is for transactional listeners/)
    app.k.listen(Words, { groupId: 'g', transactional: 'nobody' }, () => 1)
    await expect(app.k.start()).rejects.toThrow(/there is no template of that name/)
  })
})

describe('on a broker', () => {
  it('reads, processes and writes each record once, while members come and go', async () => {
    const count = 200
    await using broker = await EmbeddedKafka.start({ topics: [{ name: 'words', partitions: 4 }, 'out'] })
    const member = async (prefix: string): Promise<ReturnType<typeof kafka>> => {
      const k = kafka({
        bootstrapServers: broker.bootstrapServers,
        driver: 'wire',
        producer: { transactionIdPrefix: prefix },
        consumer: { autoOffsetReset: 'earliest', isolationLevel: 'read_committed', heartbeatIntervalMs: 100 },
        listener: { errorHandler: new DefaultAfterRollbackProcessor({ backOff: fixed(0) }) },
      })
      let calls = 0
      k.listen(Words, { groupId: 'g', transactional: true, concurrency: 2 }, async (word, ctx: ListenerContext) => {
        await k.template.send(Out, word, { key: ctx.key })
        if (++calls % 7 === 0) throw new Error('now and then')
      })
      await k.start()
      return k
    }
    await broker.produce(
      'words',
      ...Array.from({ length: count }, (_, i) => ({ key: `k${i % 10}`, value: `${i}`, partition: (i % 10) % 4 })),
    )
    const seen: string[] = []
    const gate = deferred()
    await using reader = kafka({
      bootstrapServers: broker.bootstrapServers,
      driver: 'wire',
      consumer: { autoOffsetReset: 'earliest', isolationLevel: 'read_committed' },
    })
    reader.listen(Out, { groupId: 'reader' }, (word) => {
      if (seen.push(word) === count) gate.resolve()
    })
    const first = await member('a-')
    await reader.start()
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(20), 10_000)
    const second = await member('b-')
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(80), 10_000)
    await first.stop()
    await gate.promise
    expect(new Set(seen).size).toBe(count)
    for (let key = 0; key < 10; key++) {
      const own = seen.map(Number).filter((n) => n % 10 === key)
      expect(own).toEqual(own.toSorted((x, y) => x - y))
    }
    await second.stop()
    const admin = await broker.admin()
    const offsets = await admin.committedOffsets(
      'g',
      [0, 1, 2, 3].map((partition) => ({ topic: 'words', partition })),
    )
    expect(offsets.reduce((sum, { offset }) => sum + offset, 0)).toBe(count)
  }, 30_000)
})
