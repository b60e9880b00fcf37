import { describe, expect, it } from 'vitest'
import { deferred, memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import { DriverError } from '../../client/port.js'
import { DefaultErrorHandler, fixed, string, topic } from '../../index.js'
import type { ListenerContext } from '../../index.js'

const Words = topic('words', { value: string(), partitions: 2 })
const p0 = { topic: 'words', partition: 0 }
const p1 = { topic: 'words', partition: 1 }

describe('stopping', () => {
  it('finishes the delivery at work, commits it and leaves the group', async () => {
    const app = memoryApp()
    const gate = deferred()
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, async (word) => {
      if (word === 'a') await gate.promise
      seen.push(word)
    })
    await app.k.start()
    produce(app, p0, 'a', 'b')
    await settle()
    const stopped = app.k.stop()
    await settle()
    expect(app.k.state).toBe('stopping')
    gate.resolve()
    await stopped
    expect(seen).toEqual(['a', 'b'])
    expect(app.committed('g', p0)).toBe(2)
    expect(app.cluster.group('g').members.size).toBe(0)
  })

  it('stops after the record in hand with stopImmediate', async () => {
    const app = memoryApp()
    const gate = deferred()
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g', stopImmediate: true }, async (word) => {
      await gate.promise
      seen.push(word)
    })
    await app.k.start()
    produce(app, p0, 'a', 'b')
    await settle()
    const stopped = app.k.stop()
    await settle()
    gate.resolve()
    await stopped
    expect(seen).toEqual(['a'])
    expect(app.committed('g', p0)).toBe(1)
  })

  it('waits no longer than its deadline; the handler is told by its signal, the record comes again', async () => {
    const app = memoryApp()
    let context: ListenerContext<string, string> | undefined
    app.k.listen(Words, { groupId: 'g', shutdownTimeoutMs: 5_000 }, async (word, ctx) => {
      if (word === 'a') return
      context = ctx
      await new Promise(() => {})
    })
    await app.k.start()
    produce(app, p0, 'a', 'stuck')
    await until(() => context !== undefined)
    const stopped = app.k.stop()
    await app.clock.advance(4_999)
    expect(context!.signal.aborted).toBe(false)
    await app.clock.advance(10_000)
    await stopped
    expect(context!.signal.aborted).toBe(true)
    expect(app.committed('g', p0)).toBe(1)
    expect(app.lines.some(({ level, message }) => level === 'warn' && message.includes('words-0'))).toBe(true)
  })

  it('stops listeners before it flushes templates, so that finishing handlers may still send', async () => {
    const app = memoryApp()
    const gate = deferred()
    app.k.listen(Words, { groupId: 'g' }, async () => {
      await gate.promise
      await app.k.template.send('out', 'late')
    })
    await app.k.start()
    produce(app, p0, 'a')
    await settle()
    const stopped = app.k.stop()
    await settle()
    gate.resolve()
    await stopped
    expect(app.values('out')).toEqual(['late'])
    expect(app.committed('g', p0)).toBe(1)
  })

  it('can be followed by another start, from where it was', async () => {
    const app = memoryApp()
    const seen: string[] = []
    const container = app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => app.committed('g', p0) === 1)
    await container.stop()
    expect(container).toMatchObject({ state: 'stopped', stopReason: 'NORMAL', isInExpectedState: true })
    produce(app, p0, 'b')
    await container.start()
    await until(() => app.committed('g', p0) === 2)
    expect(seen).toEqual(['a', 'b'])
    await app.k.stop()
  })
})

describe('a rebalance', () => {
  it('lets the record in hand finish, commits, and hands over from there: nothing twice, nothing lost', async () => {
    const one = memoryApp({ topics: [Words] })
    const gate = deferred()
    const seen: string[] = []
    const first = one.k.listen(Words, { groupId: 'g' }, async (word) => {
      if (word === 'a') await gate.promise
      seen.push(`one ${word}`)
    })
    await one.k.start()
    await first.untilAssigned(2)
    produce(one, p1, 'a', 'b')
    await settle()

    const two = memoryApp({ cluster: one.cluster })
    two.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(`two ${word}`))
    await two.k.start()
    await settle()
    expect(seen).toEqual([])
    gate.resolve()
    await until(() => one.committed('g', p1) === 2)
    expect(seen).toEqual(['one a', 'two b'])
    await Promise.all([one.k.stop(), two.k.stop()])
  })

  it('hands over without the handler when the time is over, and commits nothing of its record', async () => {
    const one = memoryApp({ topics: [Words], consumer: { rebalanceTimeoutMs: 10_000 } })
    let aborted = false
    const seen: string[] = []
    const first = one.k.listen(Words, { groupId: 'g' }, async (word, ctx) => {
      if (word !== 'stuck') return
      ctx.signal.addEventListener('abort', () => (aborted = true))
      await new Promise(() => {})
    })
    await one.k.start()
    await first.untilAssigned(2)
    produce(one, p1, 'ok', 'stuck')
    await settle()
    const two = memoryApp({ cluster: one.cluster })
    two.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await two.k.start()
    await one.clock.advance(8_000)
    await until(() => one.committed('g', p1) === 2)
    expect(aborted).toBe(true)
    expect(seen).toEqual(['stuck'])
    await Promise.all([one.k.stop(), two.k.stop()])
  })

  it('calls the rebalance listener around the commit', async () => {
    const app = memoryApp({ topics: [Words] })
    const calls: string[] = []
    const rebalanceListener = {
      onPartitionsAssigned: (tps: readonly unknown[]) => void calls.push(`assigned ${tps.length}`),
      onPartitionsRevokedBeforeCommit: () => void calls.push(`before ${app.committed('g', p0)}`),
      onPartitionsRevokedAfterCommit: () => void calls.push(`after ${app.committed('g', p0)}`),
      onPartitionsLost: () => void calls.push('lost'),
    }
    let handled = 0
    const container = app.k.listen(
      Words,
      { groupId: 'g', ackMode: 'TIME', ackTimeMs: 60_000, rebalanceListener },
      () => void handled++,
    )
    await app.k.start()
    await container.untilAssigned(2)
    produce(app, p0, 'a')
    await until(() => handled === 1)
    await app.k.stop()
    expect(calls).toEqual(['assigned 2', 'before undefined', 'after 1'])
  })

  it('commits nothing of partitions that are lost, and does not wait for their handlers', async () => {
    const app = memoryApp({ topics: [Words] })
    const gate = deferred()
    const seen: string[] = []
    const lost: number[] = []
    const container = app.k.listen(
      Words,
      { groupId: 'g', rebalanceListener: { onPartitionsLost: (tps) => void lost.push(tps.length) } },
      async (word, ctx) => {
        seen.push(word)
        if (seen.length === 1) await gate.promise
        ctx.log.debug('done')
      },
    )
    await app.k.start()
    await container.untilAssigned(2)
    produce(app, p0, 'a')
    await until(() => seen.length === 1)
    app.cluster.group('g').expire([...app.cluster.group('g').members.keys()][0]!)
    await until(() => seen.length === 2)
    expect(lost).toEqual([2])
    gate.resolve()
    await until(() => app.committed('g', p0) === 1)
    expect(seen).toEqual(['a', 'a'])
    await app.k.stop()
  })
})

describe('pausing', () => {
  it('ends deliveries after the one at work, keeps the partitions, and resumes', async () => {
    const app = memoryApp({ topics: [Words] })
    const seen: string[] = []
    const events: string[] = []
    const container = app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    app.k.on('consumerPaused', () => events.push('paused'))
    app.k.on('consumerResumed', () => events.push('resumed'))
    await app.k.start()
    await container.untilAssigned(2)
    container.pause()
    expect(container).toMatchObject({ isPauseRequested: true, isPaused: true })
    produce(app, p0, 'a')
    await settle()
    expect(seen).toEqual([])
    expect(container.assignedPartitions).toHaveLength(2)
    container.resume()
    await until(() => seen.length === 1)
    expect(events).toEqual(['paused', 'resumed'])
    await app.k.stop()
  })

  it('lets the delivery at work come to its end, and is effective only then', async () => {
    const app = memoryApp({ topics: [Words], consumer: { maxPollRecords: 2 } })
    const gate = deferred()
    const seen: string[] = []
    const container = app.k.listen(Words, { groupId: 'g' }, async (word) => {
      if (word === 'a') await gate.promise
      seen.push(word)
    })
    await app.k.start()
    await container.untilAssigned(2)
    produce(app, p0, 'a', 'b', 'c')
    await settle()
    container.pause()
    expect(container).toMatchObject({ isPauseRequested: true, isPaused: false })
    gate.resolve()
    await until(() => app.committed('g', p0) === 2)
    await settle()
    expect(seen).toEqual(['a', 'b'])
    expect(container.isPaused).toBe(true)
    container.resume()
    await until(() => seen.length === 3)
    await app.k.stop()
  })

  it('of one partition lets the others go on, and holds across a rebalance', async () => {
    const app = memoryApp({ topics: [Words] })
    const seen: string[] = []
    const container = app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    await container.untilAssigned(2)
    container.pausePartition(p0)
    app.cluster.group('g').rebalance()
    await settle()
    produce(app, p0, 'a')
    produce(app, p1, 'b')
    await until(() => seen.length === 1)
    await settle()
    expect(seen).toEqual(['b'])
    expect(container.isPartitionPauseRequested(p0)).toBe(true)
    container.resumePartition(p0)
    await until(() => seen.length === 2)
    await app.k.stop()
  })

  it('asked for before the start, starts paused', async () => {
    const app = memoryApp({ topics: [Words] })
    const seen: string[] = []
    const container = app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    container.pause()
    await app.k.start()
    produce(app, p0, 'a')
    await settle()
    expect(seen).toEqual([])
    container.resume()
    await until(() => seen.length === 1)
    await app.k.stop()
  })
})

describe('a handler that hangs', () => {
  it('meets its deadline: its signal aborts, the error handler decides, its partition goes on', async () => {
    const app = memoryApp()
    const aborted: boolean[] = []
    const timedOut: number[] = []
    const errorHandler = new DefaultErrorHandler({ attempts: 2, backOff: fixed(0) })
    app.k.on('handlerTimedOut', ({ offset }) => timedOut.push(offset))
    app.k.listen(Words, { groupId: 'g', handlerTimeoutMs: 1_000, errorHandler }, async (word, ctx) => {
      if (word !== 'hangs') return
      ctx.signal.addEventListener('abort', () => aborted.push(ctx.signal.aborted))
      await new Promise(() => {})
    })
    await app.k.start()
    produce(app, p0, 'hangs', 'fine')
    await settle()
    await app.clock.advance(1_000)
    await settle()
    await app.clock.advance(1_000)
    await until(() => app.committed('g', p0) === 2)
    expect(aborted).toEqual([true, true])
    expect(timedOut).toEqual([0, 0])
    await app.k.stop()
  })
})

describe('idle events', () => {
  it('come when nothing does, five times later before the first record, and again', async () => {
    const app = memoryApp({ topics: [Words] })
    const events: string[] = []
    const container = app.k.listen(
      Words,
      { groupId: 'g', idleEventIntervalMs: 1_000, idlePartitionEventIntervalMs: 2_000 },
      () => {},
    )
    app.k.on('containerIdle', ({ listenerId, partitions }) => events.push(`idle ${listenerId} ${partitions.length}`))
    app.k.on('containerNoLongerIdle', () => events.push('busy'))
    app.k.on('partitionIdle', ({ partition }) => events.push(`idle p${partition}`))
    await app.k.start()
    await container.untilAssigned(2)
    await app.clock.advance(4_900)
    expect(events).toEqual([])
    await app.clock.advance(200)
    expect(events).toEqual(['idle words 2'])
    produce(app, p0, 'a')
    await settle()
    expect(events).toEqual(['idle words 2', 'busy'])
    await app.clock.advance(2_300)
    expect(events).toEqual(['idle words 2', 'busy', 'idle words 2', 'idle words 2', 'idle p0'])
    await app.k.stop()
  })
})

describe('commits', () => {
  it('that fail and may pass are tried again', async () => {
    const app = memoryApp()
    let failures = 2
    app.cluster.faults.commit = () => (failures-- > 0 ? new DriverError('retriable', 'coordinator loading') : undefined)
    const container = app.k.listen(Words, { groupId: 'g' }, () => {})
    await app.k.start()
    produce(app, p0, 'a')
    await settle()
    await app.clock.advance(300)
    await until(() => app.committed('g', p0) === 1)
    expect(container.metrics).toMatchObject({ commits: 1, commitFailures: 2 })
    await app.k.stop()
  })

  it('go on being tried while the broker is away, though nothing more is handled', async () => {
    const app = memoryApp()
    let down = true
    app.cluster.faults.commit = () => (down ? new DriverError('retriable', 'not connected') : undefined)
    let handled = 0
    app.k.listen(Words, { groupId: 'g', ackMode: 'RECORD' }, () => void handled++)
    await app.k.start()
    produce(app, p0, 'a', 'b')
    await until(() => handled === 1)
    await app.clock.advance(10_000)
    expect(handled).toBe(2)
    expect(app.committed('g', p0)).toBeUndefined()
    down = false
    await app.clock.advance(2_000)
    expect(app.committed('g', p0)).toBe(2)
    expect(app.lines.some(({ level }) => level === 'error')).toBe(false)
    await app.k.stop()
    expect(app.clock.pending).toBe(0)
  })

  it('that do not pass are told, and the next one makes up for them', async () => {
    const app = memoryApp()
    let broken = true
    app.cluster.faults.commit = () => (broken ? new DriverError('fatal', 'metadata too large') : undefined)
    let handled = 0
    app.k.listen(Words, { groupId: 'g' }, () => void handled++)
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => handled === 1 && app.lines.some(({ level }) => level === 'error'))
    expect(app.lines.find(({ level }) => level === 'error')?.message).toBe(
      'offsets words-0@1 could not be committed: metadata too large',
    )
    broken = false
    produce(app, p0, 'b')
    await until(() => app.committed('g', p0) === 2)
    await app.k.stop()
  })
})

describe('where a group begins', () => {
  const begun = async (autoOffsetReset: 'earliest' | 'latest' | 'none') => {
    const app = memoryApp({ consumer: { autoOffsetReset }, cluster: { topics: [{ name: 'words', partitions: 2 }] } })
    produce(app, p0, 'old')
    const seen: string[] = []
    const container = app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    await settle()
    return { app, seen, container }
  }

  it("'earliest' is the first record there is", async () => {
    const { app, seen } = await begun('earliest')
    await until(() => seen.length === 1)
    await app.k.stop()
  })

  it('by_duration is the first record that is not older, or the end', async () => {
    const app = memoryApp({
      consumer: { autoOffsetReset: 'by_duration:PT1H' },
      cluster: { topics: [{ name: 'words', partitions: 2 }] },
    })
    const p1 = { topic: 'words', partition: 1 }
    produce(app, p0, 'old')
    produce(app, p1, 'old')
    await app.clock.advance(3_700_000)
    produce(app, p0, 'young')
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    await until(() => seen.length === 1)
    produce(app, p1, 'after')
    await until(() => seen.length === 2)
    expect(seen).toEqual(['young', 'after'])
    await app.k.stop()
  })

  it("'latest' is the end, committed at once: what comes before a restart is not skipped", async () => {
    const { app, seen } = await begun('latest')
    expect(app.committed('g', p0)).toBe(1)
    await app.k.stop()
    produce(app, p0, 'while away')
    const again = memoryApp({ cluster: app.cluster, consumer: { autoOffsetReset: 'latest' } })
    again.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await again.k.start()
    await until(() => seen.length === 1)
    expect(seen).toEqual(['while away'])
    await again.k.stop()
  })

  it("'none' stops the container and says what to do", async () => {
    const { app, seen, container } = await begun('none')
    await until(() => container.state === 'stopped')
    expect(container.stopReason).toBe('NO_OFFSET')
    expect(container.lastError?.message).toBe(
      "group g has no committed offset for words-0, words-1, and autoOffsetReset is 'none'",
    )
    expect(seen).toEqual([])
    await app.k.stop()
  })

  it('follows the policy when its offset is out of range', async () => {
    const app = memoryApp({ cluster: { topics: [{ name: 'words', partitions: 2 }] } })
    produce(app, p0, 'a', 'b', 'c')
    app.cluster.commit('g', [{ ...p0, offset: 0 }])
    app.cluster.partition(p0).deleteBefore(2)
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    await until(() => seen.length === 1)
    expect(seen).toEqual(['c'])
    expect(app.lines.some(({ message }) => message.includes('words-0@0, which the broker does not have'))).toBe(true)
    await app.k.stop()
  })
})
