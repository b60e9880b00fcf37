import { describe, expect, it } from 'vitest'
import { deferred, memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import { DefaultErrorHandler, string, topic } from '../../index.js'
import type { ListenerContext } from '../../index.js'

const Words = topic('words', { value: string() })
const p0 = { topic: 'words', partition: 0 }

describe('ack mode', () => {
  it('RECORD commits each record before the next begins', async () => {
    const app = memoryApp()
    const committed: (number | undefined)[] = []
    app.k.listen(Words, { groupId: 'g', ackMode: 'RECORD' }, () => void committed.push(app.committed('g', p0)))
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c')
    await until(() => app.committed('g', p0) === 3)
    expect(committed).toEqual([undefined, 1, 2])
    await app.k.stop()
  })

  it('BATCH commits after a delivery, in one go, before the next delivery when told to wait', async () => {
    const app = memoryApp({ consumer: { maxPollRecords: 2 } })
    const committed: (number | undefined)[] = []
    const container = app.k.listen(Words, { groupId: 'g', syncCommits: true }, () => {
      committed.push(app.committed('g', p0))
    })
    app.cluster.createTopic('words')
    produce(app, p0, 'a', 'b', 'c', 'd', 'e')
    await app.k.start()
    await until(() => app.committed('g', p0) === 5)
    expect(committed).toEqual([undefined, undefined, 2, 2, 4])
    expect(container.metrics.commits).toBe(3)
    await app.k.stop()
  })

  it('BATCH of a busy partition commits every 10 ms, and at once when nothing waits', async () => {
    const app = memoryApp({ consumer: { maxPollRecords: 1 } })
    const gates = [deferred(), deferred(), deferred(), deferred()]
    let handled = 0
    const container = app.k.listen(Words, { groupId: 'g' }, () => gates[handled++]!.promise)
    app.cluster.createTopic('words')
    produce(app, p0, 'a', 'b', 'c', 'd')
    await app.k.start()
    const finish = async (index: number): Promise<number | undefined> => {
      gates[index]!.resolve()
      await settle()
      return app.committed('g', p0)
    }
    expect(await finish(0)).toBe(1)
    expect(await finish(1)).toBe(1)
    await app.clock.advance(10)
    expect(app.committed('g', p0)).toBe(2)
    expect(await finish(2)).toBe(2)
    expect(await finish(3)).toBe(4)
    expect(container.metrics.commits).toBe(3)
    await app.k.stop()
  })

  it('COUNT commits every so many records, and the rest once nothing waits', async () => {
    const app = memoryApp()
    const committed: (number | undefined)[] = []
    app.k.listen(Words, { groupId: 'g', ackMode: 'COUNT', ackCount: 2 }, () => {
      committed.push(app.committed('g', p0))
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c', 'd', 'e')
    await until(() => app.committed('g', p0) === 5)
    expect(committed).toEqual([undefined, undefined, 2, 2, 4])
    await app.k.stop()
  })

  it('TIME commits once the time has passed', async () => {
    const app = memoryApp()
    let handled = 0
    app.k.listen(Words, { groupId: 'g', ackMode: 'TIME', ackTimeMs: 1_000 }, () => void handled++)
    await app.k.start()
    produce(app, p0, 'a', 'b')
    await until(() => handled === 2)
    await settle()
    expect(app.committed('g', p0)).toBeUndefined()
    await app.clock.advance(1_000)
    await until(() => app.committed('g', p0) === 2)
    await app.k.stop()
  })

  it('COUNT_TIME commits at whichever comes first', async () => {
    const app = memoryApp()
    const gate = deferred()
    let handled = 0
    app.k.listen(Words, { groupId: 'g', ackMode: 'COUNT_TIME', ackCount: 3, ackTimeMs: 1_000 }, async () => {
      if (++handled === 4) await gate.promise
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c', 'd', 'e')
    await until(() => handled === 4)
    expect(app.committed('g', p0)).toBe(3)
    await app.clock.advance(1_000)
    gate.resolve()
    await until(() => app.committed('g', p0) === 5)
    await app.k.stop()
  })

  it('commits what is done when the container stops, whatever the mode', async () => {
    for (const ackMode of ['TIME', 'COUNT', 'COUNT_TIME', 'BATCH', 'RECORD'] as const) {
      const app = memoryApp({ listener: { ackCount: 100, ackTimeMs: 100_000 } })
      let handled = 0
      app.k.listen(Words, { groupId: 'g', ackMode }, () => void handled++)
      await app.k.start()
      produce(app, p0, 'a', 'b')
      await until(() => handled === 2)
      await app.k.stop()
      expect(app.committed('g', p0)).toBe(2)
    }
  })

  it('MANUAL commits what was acknowledged after the delivery, and a later ack commits past one that is missing', async () => {
    const app = memoryApp()
    const seen: (number | undefined)[] = []
    app.k.listen(Words, { groupId: 'g', ackMode: 'MANUAL' }, (word, ctx) => {
      if (word !== 'b' && word !== 'd') ctx.ack()
      seen.push(app.committed('g', p0))
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c', 'd')
    await until(() => seen.length === 4)
    await settle()
    expect(seen).toEqual([undefined, undefined, undefined, undefined])
    expect(app.committed('g', p0)).toBe(3)
    await app.k.stop()
    expect(app.committed('g', p0)).toBe(3)
  })

  it('MANUAL_IMMEDIATE commits before the next record begins', async () => {
    const app = memoryApp()
    const seen: (number | undefined)[] = []
    app.k.listen(Words, { groupId: 'g', ackMode: 'MANUAL_IMMEDIATE' }, (_word, ctx) => {
      seen.push(app.committed('g', p0))
      ctx.acknowledge()
      ctx.acknowledge()
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c')
    await until(() => app.committed('g', p0) === 3)
    expect(seen).toEqual([undefined, 1, 2])
    await app.k.stop()
  })

  it('MANUAL takes an ack that comes after the handler returned', async () => {
    const app = memoryApp()
    let late: ListenerContext | undefined
    app.k.listen(Words, { groupId: 'g', ackMode: 'MANUAL' }, (_word, ctx) => void (late = ctx))
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => late !== undefined)
    await settle()
    expect(app.committed('g', p0)).toBeUndefined()
    late!.ack()
    await until(() => app.committed('g', p0) === 1)
    await app.k.stop()
  })

  it('MANUAL acknowledges what is discarded or skipped, unless ackDiscarded is false', async () => {
    for (const ackDiscarded of [true, false]) {
      const app = memoryApp()
      const seen: string[] = []
      app.k.listen(
        Words,
        {
          groupId: 'g',
          ackMode: 'MANUAL',
          ackDiscarded,
          discardIf: ({ value }) => value === 'discard',
          interceptors: [{ intercept: (record) => (record.value === 'skip' ? null : record) }],
        },
        (word, ctx) => {
          seen.push(word)
          ctx.ack()
        },
      )
      await app.k.start()
      produce(app, p0, 'a', 'discard', 'skip')
      await until(() => seen.length === 1)
      await settle()
      expect(app.committed('g', p0)).toBe(ackDiscarded ? 3 : 1)
      // a later ack commits past them
      produce(app, p0, 'b')
      await until(() => app.committed('g', p0) === 4)
      expect(seen).toEqual(['a', 'b'])
      await app.k.stop()
    }
  })

  it('refuses ack() where the container acknowledges, as an error that is not tried again', async () => {
    const app = memoryApp()
    let attempts = 0
    app.k.listen(Words, { groupId: 'g' }, (_word, ctx) => {
      attempts++
      ctx.ack()
    })
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => app.committed('g', p0) === 1)
    expect(attempts).toBe(1)
    expect(app.lines.find(({ level }) => level === 'error')?.message).toMatch(/ackMode is BATCH.*set ackMode MANUAL/)
    await app.k.stop()
  })
})

describe('async acks', () => {
  it('never commit past a record that is missing, in whatever order they come', async () => {
    const app = memoryApp()
    const contexts: ListenerContext<string, string>[] = []
    app.k.listen(Words, { groupId: 'g', ackMode: 'MANUAL_IMMEDIATE', asyncAcks: true }, (_word, ctx) => {
      contexts.push(ctx)
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c', 'd')
    await until(() => contexts.length === 4)
    contexts[3]!.ack()
    contexts[1]!.ack()
    await settle()
    expect(app.committed('g', p0)).toBeUndefined()
    contexts[0]!.ack()
    await until(() => app.committed('g', p0) === 2)
    contexts[2]!.ack()
    await until(() => app.committed('g', p0) === 4)
    await app.k.stop()
  })

  it('hold back deliveries while as many as one delivery wait to be acknowledged', async () => {
    const app = memoryApp({ consumer: { maxPollRecords: 2 } })
    const contexts: ListenerContext<string, string>[] = []
    produce(app, { topic: app.cluster.createTopic('words').name, partition: 0 }, 'a', 'b', 'c', 'd', 'e')
    app.k.listen(Words, { groupId: 'g', ackMode: 'MANUAL', asyncAcks: true }, (_word, ctx) => void contexts.push(ctx))
    await app.k.start()
    await until(() => contexts.length === 2)
    await settle()
    expect(contexts).toHaveLength(2)
    contexts[0]!.ack()
    await until(() => contexts.length === 4)
    for (const ctx of contexts) ctx.ack()
    await until(() => contexts.length === 5)
    contexts[4]!.ack()
    await until(() => app.committed('g', p0) === 5)
    await app.k.stop()
  })

  it('do not wait for what is discarded, skipped or given up', async () => {
    const app = memoryApp({ consumer: { maxPollRecords: 1 } })
    const seen: string[] = []
    app.k.listen(
      Words,
      {
        groupId: 'g',
        ackMode: 'MANUAL',
        asyncAcks: true,
        discardIf: ({ value }) => value === 'discard',
        interceptors: [{ intercept: (record) => (record.value === 'skip' ? null : record) }],
        errorHandler: new DefaultErrorHandler({ attempts: 1 }),
      },
      (word, ctx) => {
        seen.push(word)
        if (word === 'fail') throw new Error('no')
        ctx.ack()
      },
    )
    await app.k.start()
    produce(app, p0, 'discard', 'skip', 'fail', 'last')
    await until(() => app.committed('g', p0) === 4)
    expect(seen).toEqual(['fail', 'last'])
    await app.k.stop()
  })

  it('are waited for when the container stops', async () => {
    const app = memoryApp()
    let context: ListenerContext | undefined
    app.k.listen(Words, { groupId: 'g', ackMode: 'MANUAL', asyncAcks: true }, (_word, ctx) => void (context = ctx))
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => context !== undefined)
    const stopped = app.k.stop()
    await settle()
    expect(app.k.state).toBe('stopping')
    context!.ack()
    await stopped
    expect(app.committed('g', p0)).toBe(1)
  })
})

describe('async acks of partitions that go', () => {
  it('are waited for as long as a rebalance may take; what comes after that is nothing any more', async () => {
    const one = memoryApp({
      cluster: { topics: [{ name: 'words', partitions: 2 }] },
      consumer: { rebalanceTimeoutMs: 10_000 },
    })
    const p1 = { topic: 'words', partition: 1 }
    const contexts: ListenerContext<string, string>[] = []
    const options = { groupId: 'g', ackMode: 'MANUAL', asyncAcks: true } as const
    const first = one.k.listen(Words, options, (_word, ctx) => void contexts.push(ctx))
    await one.k.start()
    await first.untilAssigned(2)
    produce(one, p1, 'a', 'b')
    await until(() => contexts.length === 2)
    const seen: string[] = []
    const two = memoryApp({ cluster: one.cluster })
    two.k.listen(Words, options, (word, ctx) => {
      seen.push(word)
      ctx.ack()
    })
    await two.k.start()
    contexts[0]!.ack()
    await one.clock.advance(9_900)
    await until(() => seen.length === 1)
    expect(seen).toEqual(['b'])
    await until(() => one.committed('g', p1) === 2)
    contexts[1]!.ack()
    await settle()
    expect(one.committed('g', p1)).toBe(2)
    expect(one.lines.filter(({ level }) => level === 'error')).toEqual([])
    await Promise.all([one.k.stop(), two.k.stop()])
  })
})

describe('nack', () => {
  it('asks for the record again after its sleep, and counts no attempt', async () => {
    const app = memoryApp()
    const seen: string[] = []
    let refused = false
    app.k.listen(Words, { groupId: 'g', ackMode: 'MANUAL' }, (word, ctx) => {
      seen.push(`${word}${ctx.attempt}`)
      if (word === 'b' && !refused) {
        refused = true
        ctx.nack(500)
      } else ctx.ack()
    })
    await app.k.start()
    produce(app, p0, 'a', 'b', 'c')
    await until(() => seen.length === 2)
    await until(() => app.committed('g', p0) === 1)
    await app.clock.advance(499)
    expect(seen).toEqual(['a1', 'b1'])
    await app.clock.advance(1)
    await until(() => app.committed('g', p0) === 3)
    expect(seen).toEqual(['a1', 'b1', 'b1', 'c1'])
    await app.k.stop()
  })
})
