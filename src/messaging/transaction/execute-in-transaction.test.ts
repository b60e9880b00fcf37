import { describe, expect, it } from 'vitest'
import { deferred, memoryApp, settle } from '../../../test/messaging/memory-app.js'
import type { MemoryApp, MemoryAppOptions } from '../../../test/messaging/memory-app.js'
import { kafka, KafkaError, string, topic } from '../../index.js'
import type { KafkaOperations } from '../../index.js'
import { virtualClock } from '../../base/clock.js'
import { nextTurn } from '../../base/turn.js'
import { silentLog } from '../../base/log.js'
import { DriverError } from '../../client/port.js'
import type { KafkaDriver } from '../../client/port.js'
import { EmbeddedKafka } from '../../testing/embedded-kafka.js'
import { MemoryCluster, memoryDriver } from '../../testing/memory-driver/index.js'

const Words = topic('words', { value: string() })
const p0 = { topic: 'words', partition: 0 }

function transactionalApp(own: MemoryAppOptions = {}): MemoryApp {
  const app = memoryApp({ ...own, producer: { transactionIdPrefix: 'tx-', ...own.producer } })
  app.cluster.createTopic('words')
  return app
}

const committed = (app: MemoryApp): (string | undefined)[] =>
  app.cluster.records('words', 'read_committed').map(({ value }) => value?.toString())

describe('executeInTransaction', () => {
  it('commits what was sent by its operations and by the template, and gives what the callback gives', async () => {
    const { k, ...app } = transactionalApp()
    const seen: boolean[] = []
    const result = await k.template.executeInTransaction(async (ops) => {
      await ops.send(Words, 'a')
      await nextTurn()
      await k.template.send(Words, 'b')
      seen.push(k.template.inTransaction, ops.inTransaction)
      expect(committed({ k, ...app })).toEqual([])
      return 'done'
    })
    expect(result).toBe('done')
    expect(committed({ k, ...app })).toEqual(['a', 'b'])
    expect([...seen, k.template.inTransaction]).toEqual([true, true, false])
    await k.stop()
  })

  it('commits what was sent and not waited for', async () => {
    const app = transactionalApp()
    await app.k.template.executeInTransaction((ops) => {
      ops.send(Words, 'a').catch(() => undefined)
      void ops.send(Words, 'b')
    })
    expect(committed(app)).toEqual(['a', 'b'])
    await app.k.stop()
  })

  it('aborts when the callback throws, and rejects with just that', async () => {
    const app = transactionalApp()
    const thrown = new RangeError('no')
    const failed = app.k.template.executeInTransaction(async (ops) => {
      await ops.send(Words, 'a')
      throw thrown
    })
    await expect(failed).rejects.toBe(thrown)
    await app.k.template.executeInTransaction((ops) => ops.send(Words, 'b'))
    expect(app.values('words')).toEqual(['a', 'b'])
    expect(committed(app)).toEqual(['b'])
    await app.k.stop()
  })

  it('a send that failed can not be committed, whether the callback cared or not', async () => {
    const app = transactionalApp()
    app.cluster.faults.produce = ({ records }) =>
      records[0]!.value?.toString() === 'bad'
        ? new DriverError('tooLarge', 'too large', 'MESSAGE_TOO_LARGE')
        : undefined
    const failed = app.k.template.executeInTransaction(async (ops) => {
      await ops.send(Words, 'good')
      await ops.send(Words, 'bad').catch(() => undefined)
    })
    await expect(failed).rejects.toMatchObject({ kind: 'protocol', code: 'MESSAGE_TOO_LARGE' })
    expect(committed(app)).toEqual([])
    await app.k.stop()
  })

  it('a record that can not be written leaves the transaction as it is', async () => {
    const app = transactionalApp()
    await app.k.template.executeInTransaction(async (ops) => {
      await expect(ops.send(Words, 1 as unknown as string)).rejects.toMatchObject({ kind: 'serde' })
      await ops.send(Words, 'good')
    })
    expect(committed(app)).toEqual(['good'])
    await app.k.stop()
  })

  it('those at the same time each have a producer of their own, and do not see each other', async () => {
    const app = transactionalApp()
    const { template } = app.k
    const gate = deferred()
    const one = template.executeInTransaction(async () => {
      await template.send(Words, 'one')
      await gate.promise
      throw new Error('abort')
    })
    await template.executeInTransaction(() => template.send(Words, 'two'))
    expect(committed(app)).toEqual([]) // behind an open one
    gate.resolve()
    await expect(one).rejects.toThrow('abort')
    expect(committed(app)).toEqual(['two'])
    await app.k.stop()
  })

  it('producers are used again: never more of them than transactions at a time', async () => {
    const cluster = new MemoryCluster({ clock: virtualClock() })
    const ids: (string | undefined)[] = []
    const own = memoryDriver(cluster)
    const driver: KafkaDriver = {
      ...own,
      producer: (options) => {
        ids.push(options.transactionalId)
        return own.producer(options)
      },
    }
    const app = transactionalApp({ cluster, driver })
    const send = (value: string): Promise<unknown> =>
      app.k.template.executeInTransaction((ops) => ops.send(Words, value))
    await Promise.all([send('a'), send('b')])
    await settle()
    for (const value of ['c', 'd', 'e']) await send(value)
    expect(ids).toEqual(['tx-0', 'tx-1'])
    await app.k.stop()
  })

  it('one inside another of the same template is refused, of another template is independent', async () => {
    const app = transactionalApp({ templates: { audit: {} } })
    const { template } = app.k
    const audit = app.k.templateNamed('audit')
    await template.executeInTransaction(async (ops) => {
      await ops.send(Words, 'outer')
      await expect(template.executeInTransaction(() => 1)).rejects.toMatchObject({ kind: 'config' })
      await audit.executeInTransaction(() => audit.send(Words, 'audited'))
      await expect(audit.send(Words, 'x')).rejects.toMatchObject({ kind: 'config' })
    })
    expect(committed(app)).toEqual(['outer', 'audited'])
    await app.k.stop()
  })

  it('what comes after its end is refused', async () => {
    const app = transactionalApp()
    const { template } = app.k
    const gate = deferred()
    let late: Promise<unknown> | undefined
    let kept: KafkaOperations | undefined
    await template.executeInTransaction(async (ops) => {
      kept = ops
      await ops.send(Words, 'a')
      late = gate.promise.then(() => template.send(Words, 'late'))
      late.catch(() => undefined)
    })
    gate.resolve()
    await expect(late).rejects.toMatchObject({ kind: 'transaction', code: 'TRANSACTION_OVER' })
    await expect(kept!.send(Words, 'late')).rejects.toMatchObject({ code: 'TRANSACTION_OVER' })
    expect(committed(app)).toEqual(['a'])
    await app.k.stop()
  })

  it('one that takes too long is aborted, and its producer is used again', async () => {
    const app = transactionalApp({ producer: { transactionTimeoutMs: 1_000 } })
    const never = app.k.template.executeInTransaction(async (ops) => {
      await ops.send(Words, 'a')
      await deferred().promise
    })
    const failed = expect(never).rejects.toMatchObject({ kind: 'transaction', code: 'TRANSACTION_TIMED_OUT' })
    await settle()
    await app.clock.advance(1_000)
    await failed
    await app.k.template.executeInTransaction((ops) => ops.send(Words, 'b'))
    expect(committed(app)).toEqual(['b'])
    await app.k.stop()
  })

  it('a newer producer of the same id fences it', async () => {
    const app = transactionalApp()
    const other = memoryApp({ cluster: app.cluster, producer: { transactionIdPrefix: 'tx-' } })
    const failed = app.k.template.executeInTransaction(async (ops) => {
      await ops.send(Words, 'old')
      await other.k.template.executeInTransaction((theirs) => theirs.send(Words, 'young'))
    })
    await expect(failed).rejects.toMatchObject({ kind: 'fenced', code: 'PRODUCER_FENCED' })
    // and goes on under another id, without fencing the other in turn
    await app.k.template.executeInTransaction((ops) => ops.send(Words, 'again'))
    await other.k.template.executeInTransaction((theirs) => theirs.send(Words, 'theirs'))
    expect(committed(app)).toEqual(['young', 'again', 'theirs'])
    await Promise.all([app.k.stop(), other.k.stop()])
  })

  it('offsets are committed with it', async () => {
    const app = transactionalApp()
    const offsets = [{ ...p0, offset: 5 }]
    const failed = app.k.template.executeInTransaction(async (ops) => {
      await ops.sendOffsetsToTransaction(offsets, { groupId: 'g' })
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(app.committed('g', p0)).toBeUndefined()
    await app.k.template.executeInTransaction((ops) => ops.sendOffsetsToTransaction(offsets, { groupId: 'g' }))
    expect(app.committed('g', p0)).toBe(5)
    await expect(app.k.template.sendOffsetsToTransaction(offsets, { groupId: 'g' })).rejects.toMatchObject({
      kind: 'config',
    })
    await app.k.stop()
  })

  it('outside of one a transactional template sends nothing, unless allowed', async () => {
    const app = transactionalApp()
    await expect(app.k.template.send(Words, 'a')).rejects.toThrow(/outside of a transaction/)
    await app.k.stop()
    const allowed = transactionalApp({ template: { allowNonTransactional: true } })
    await allowed.k.template.send(Words, 'a')
    expect(committed(allowed)).toEqual(['a'])
    await allowed.k.stop()
  })

  it('needs a prefix, a driver that can, and agreement', async () => {
    const plain = memoryApp()
    await expect(plain.k.template.executeInTransaction(() => 1)).rejects.toThrow(/set producer.transactionIdPrefix/)
    await plain.k.stop()
    expect(() => memoryApp({ producer: { transactionIdPrefix: 'a', acks: 'leader' } })).toThrow(/needs acks 'all'/)
    const incapable = kafka(
      { bootstrapServers: 'localhost:1', driver: 'kafkajs', producer: { transactionIdPrefix: 'a' } },
      { log: silentLog },
    )
    await expect(incapable.start()).rejects.toThrow(
      /producer.transactionIdPrefix: the kafkajs driver has no transactions, take driver 'wire'/,
    )
  })

  it('on a broker: seen whole, or not at all', async () => {
    await using broker = await EmbeddedKafka.start({ topics: ['words'] })
    await using k = kafka({
      bootstrapServers: broker.bootstrapServers,
      driver: 'wire',
      producer: { transactionIdPrefix: 'tx-' },
      consumer: { isolationLevel: 'read_committed', autoOffsetReset: 'earliest' },
    })
    const seen: string[] = []
    const gate = deferred()
    k.listen(Words, { groupId: 'g' }, (word) => {
      seen.push(word)
      if (word === 'end') gate.resolve()
    })
    await k.start()
    const { template } = k
    const failed = template.executeInTransaction(async (ops) => {
      await ops.send(Words, 'aborted')
      throw new RangeError('no')
    })
    await expect(failed).rejects.toThrow(RangeError)
    await Promise.all(
      ['a', 'b', 'c'].map((word) =>
        template.executeInTransaction(async () => {
          await template.send(Words, `${word}1`)
          await template.send(Words, `${word}2`)
        }),
      ),
    )
    await template.executeInTransaction((ops) => ops.send(Words, 'end'))
    await gate.promise
    expect(seen.toSorted((x, y) => x.localeCompare(y))).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'end'])
    expect(KafkaError.is(await template.send(Words, 'x').catch((error: unknown) => error))).toBe(true)
  })
})
