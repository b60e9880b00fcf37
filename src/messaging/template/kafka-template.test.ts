import { describe, expect, it } from 'vitest'
import { deferred, memoryApp, settle, until } from '../../../test/messaging/memory-app.js'
import { DriverError } from '../../client/port.js'
import type { OutgoingBatch, ProducerPort } from '../../client/port.js'
import { memoryDriver } from '../../testing/memory-driver/index.js'
import { Headers, int32, json, KafkaError, roundRobinPartitioner, string, topic } from '../../index.js'
import type { ProducerConfig, ProducerRecord } from '../../index.js'
import type { MemoryApp } from '../../../test/messaging/memory-app.js'

const Words = topic('words', { value: string(), partitions: 4 })

/** A producer that shows each send and lets the test decide when it ends. */
function watched(producer: ProducerConfig = {}): {
  app: MemoryApp
  sends: OutgoingBatch[][]
  release(): void
} {
  const base = memoryApp()
  const driver = memoryDriver(base.cluster)
  const sends: OutgoingBatch[][] = []
  let gate = deferred()
  const app = memoryApp({
    cluster: base.cluster,
    topics: [Words],
    producer,
    driver: {
      ...driver,
      producer(options): ProducerPort {
        const port = driver.producer(options)
        const send = port.send.bind(port)
        port.send = async (batches) => {
          sends.push([...batches])
          await gate.promise
          return send(batches)
        }
        return port
      },
    },
  })
  return {
    app,
    sends,
    release() {
      gate.resolve()
      gate = deferred()
      gate.resolve()
    },
  }
}

const texts = (batch: OutgoingBatch): string[] => batch.records.map(({ value }) => value!.toString())

describe('send', () => {
  it('resolves with where the record is', async () => {
    const app = memoryApp({ topics: [Words] })
    await app.k.start()
    const sent = await app.k.template.send(Words, 'hello', { key: 'k', partition: 2, timestampMs: 5 })
    expect(sent.metadata).toEqual({
      topic: 'words',
      partition: 2,
      offset: 0,
      timestampMs: 5,
      serializedKeySize: 1,
      serializedValueSize: 5,
    })
    expect(sent.record).toMatchObject({ topic: 'words', value: 'hello', key: 'k' })
    const all = await Promise.all(['a', 'b', 'c'].map((word) => app.k.template.send(Words, word, { partition: 2 })))
    expect(all.map(({ metadata }) => metadata.offset)).toEqual([1, 2, 3])
    await app.k.stop()
  })

  it('works before the application is started', async () => {
    const app = memoryApp()
    await app.k.template.send(Words, 'a')
    expect(app.values('words')).toEqual(['a'])
    await app.k.stop()
  })

  it('writes keys, headers and tombstones', async () => {
    const app = memoryApp()
    const Numbered = topic('numbered', { key: int32(), value: json<{ id: number }>() })
    await app.k.template.send(Numbered, { id: 1 }, { key: 7, headers: { one: '1', many: ['a', 'b'], none: null } })
    await app.k.template.send(Numbered, null, { key: 7 })
    const [first, second] = app.cluster.records('numbered')
    expect(first!.key).toEqual(Buffer.from([0, 0, 0, 7]))
    expect(first!.headers.map(({ key, value }) => [key, value?.toString()])).toEqual([
      ['one', '1'],
      ['many', 'a'],
      ['many', 'b'],
      ['none', undefined],
    ])
    expect(second!.value).toBeNull()
    await app.k.stop()
  })

  it('takes a record, and topics by name with the serdes of the declared topic', async () => {
    const app = memoryApp({ topics: [topic('orders', { value: json() })] })
    await app.k.template.send({ topic: 'orders', value: { id: 1 } })
    await app.k.template.send('orders', { id: 2 })
    await app.k.template.send('undeclared', 'text')
    await app.k.template.send('undeclared', Buffer.from('bytes'))
    expect(app.values('orders')).toEqual(['{"id":1}', '{"id":2}'])
    expect(app.values('undeclared')).toEqual(['text', 'bytes'])
    await expect(app.k.template.send('undeclared', { id: 3 })).rejects.toThrow(/send to a topic\(…\)/)
    await app.k.stop()
  })

  it('never throws synchronously: what is wrong with a call rejects, with the record', async () => {
    const app = memoryApp()
    const cases: [Promise<unknown>, RegExp][] = [
      [app.k.template.send('words', undefined), /undefined is not a value for words: send null for a tombstone/],
      [
        app.k.template.send(topic('n', { value: int32() }), 1.5),
        /the value of a record for n can't be written as int32/,
      ],
      [app.k.template.send(Words, 'a', { partition: 9 }), /words has no partition 9, it has 0 to 0/],
      [app.k.template.sendDefault('a'), /no defaultTopic/],
    ]
    for (const [sent, message] of cases) await expect(sent).rejects.toThrow(message)
    const error = await app.k.template.send('words', undefined).catch((thrown: unknown) => thrown)
    expect(KafkaError.is(error) && error.record?.topic).toBe('words')
    await app.k.stop()
    await expect(app.k.template.send(Words, 'late')).rejects.toMatchObject({ kind: 'closed' })
  })

  it('rejects each record of a batch that fails, with the record and the cause', async () => {
    const app = memoryApp()
    app.cluster.faults.produce = () => new DriverError('authorization', 'not allowed', 'TOPIC_AUTHORIZATION_FAILED')
    const results = await Promise.allSettled(['a', 'b'].map((word) => app.k.template.send(Words, word)))
    for (const [index, result] of results.entries()) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { kind: 'auth', code: 'TOPIC_AUTHORIZATION_FAILED', record: { value: ['a', 'b'][index] } },
      })
    }
    await app.k.stop()
  })

  it('refuses a record over maxRequestBytes', async () => {
    const app = memoryApp({ producer: { maxRequestBytes: 100 } })
    await expect(app.k.template.send(Words, 'x'.repeat(200))).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
    await app.k.stop()
  })

  it('keeps the order of calls, also when a serde or the connection takes its time', async () => {
    const app = memoryApp()
    const slowly = {
      ...string(),
      serialize: async (value: string) => {
        await settle(value === 'a' ? 5 : 1)
        return Buffer.from(value)
      },
    }
    const Slow = topic('words', { value: slowly })
    const sent = ['a', 'b', 'c'].map((word) => app.k.template.send(Slow, word))
    sent.push(app.k.template.send(Words, 'd'))
    await Promise.all(sent)
    void app.k.template.send(Slow, 'e')
    await app.k.template.send(Words, 'f')
    expect(app.values('words')).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    await app.k.stop()
  })

  it('serializes once: headers that a serde adds are there once', async () => {
    const app = memoryApp()
    const tagging = {
      ...string(),
      serialize: async (value: string, { headers }: { headers: Headers }) => {
        headers.add('tag', value)
        return Buffer.from(value)
      },
    }
    const Tagged = topic('tagged', { value: tagging, key: tagging })
    await app.k.template.send(Tagged, 'v', { key: 'k' })
    await app.k.template.send(Tagged, 'v', { key: 'k' })
    for (const { headers } of app.cluster.records('tagged')) {
      expect(headers.map(({ value }) => value!.toString())).toEqual(['k', 'v'])
    }
    await app.k.stop()
  })
})

describe('emit', () => {
  it('logs what fails', async () => {
    const app = memoryApp()
    app.k.template.emit('words', undefined)
    app.k.template.emit(Words, 'a')
    await app.k.template.flush()
    expect(app.values('words')).toEqual(['a'])
    expect(app.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'undefined is not a value for words: send null for a tombstone',
    ])
    await app.k.stop()
  })
})

describe('batching', () => {
  it('sends what comes in one turn together, one send a partition at a time', async () => {
    const { app, sends, release } = watched()
    await app.k.start()
    await app.k.template.partitionsFor('words')
    const sent = ['a', 'b'].map((word) => app.k.template.send(Words, word, { partition: 0 }))
    sent.push(app.k.template.send(Words, 'x', { partition: 1 }))
    await settle()
    sent.push(app.k.template.send(Words, 'c', { partition: 0 }), app.k.template.send(Words, 'd', { partition: 0 }))
    await settle()
    expect(sends.map((batches) => batches.map(texts))).toEqual([[['a', 'b'], ['x']]])
    release()
    await Promise.all(sent)
    expect(sends.map((batches) => batches.map(texts))).toEqual([[['a', 'b'], ['x']], [['c', 'd']]])
    await app.k.stop()
  })

  it('makes a batch no larger than batchSizeBytes, but for a single record', async () => {
    const { app, sends, release } = watched({ batchSizeBytes: 100 })
    release()
    await app.k.start()
    await app.k.template.partitionsFor('words')
    const words = ['x'.repeat(40), 'y'.repeat(40), 'z'.repeat(300)]
    await Promise.all(words.map((word) => app.k.template.send(Words, word, { partition: 0 })))
    expect(sends.flat().map(({ records }) => records.length)).toEqual([1, 1, 1])
    await app.k.stop()
  })

  it('waits lingerMs for more, unless a batch is full or a flush asks', async () => {
    const { app, sends, release } = watched({ lingerMs: 50, batchSizeBytes: 100 })
    release()
    await app.k.start()
    await app.k.template.partitionsFor('words')
    const send = (word: string): void => void app.k.template.send(Words, word, { partition: 0 })
    send('a')
    await app.clock.advance(40)
    send('b')
    expect(sends).toHaveLength(0)
    await app.clock.advance(10)
    expect(sends.flat().map(texts)).toEqual([['a', 'b']])
    send('c')
    send('d'.repeat(90))
    await settle()
    expect(sends.flat().map(({ records }) => records.length)).toEqual([2, 1, 1])
    send('e')
    await settle()
    expect(sends).toHaveLength(3)
    await app.k.template.flush()
    expect(sends.flat().map(({ records }) => records.length)).toEqual([2, 1, 1, 1])
    await app.k.stop()
  })

  it('makes send wait when bufferMemoryBytes are held, and gives up after maxBlockMs', async () => {
    const { app, sends, release } = watched({ bufferMemoryBytes: 300, batchSizeBytes: 300, maxBlockMs: 1_000 })
    await app.k.start()
    await app.k.template.partitionsFor('words')
    const outcomes: string[] = []
    const send = (word: string): void =>
      void app.k.template.send(Words, word.repeat(100), { partition: 0 }).then(
        () => outcomes.push(`${word} sent`),
        (error: unknown) => outcomes.push(`${word} ${(error as KafkaError).kind}`),
      )
    send('a')
    send('b')
    send('c')
    await settle()
    expect(sends.flat().map(({ records }) => records.length)).toEqual([2])
    await app.clock.advance(1_000)
    await until(() => outcomes.length === 1)
    send('d')
    release()
    await until(() => outcomes.length === 4)
    expect(outcomes).toEqual(['c timeout', 'a sent', 'b sent', 'd sent'])
    await app.k.stop()
  })

  it('fails records that were not sent within deliveryTimeoutMs', async () => {
    const { app, release } = watched({ deliveryTimeoutMs: 1_000 })
    await app.k.start()
    await app.k.template.partitionsFor('words')
    const first = app.k.template.send(Words, 'a', { partition: 0 })
    await settle()
    const second = app.k.template.send(Words, 'b', { partition: 0 })
    second.catch(() => undefined)
    await app.clock.advance(1_500)
    release()
    await first
    await expect(second).rejects.toMatchObject({ kind: 'timeout', record: { value: 'b' } })
    await app.k.stop()
  })

  it('stays with one partition for about a batch when there is no key, and follows the key when there is', async () => {
    const app = memoryApp({ topics: [Words], producer: { batchSizeBytes: 1_000 } })
    await app.k.start()
    const keyless = await Promise.all(Array.from({ length: 100 }, () => app.k.template.send(Words, 'x'.repeat(76))))
    const runs = keyless.reduce<number[]>((lengths, { metadata }, i) => {
      if (i > 0 && keyless[i - 1]!.metadata.partition === metadata.partition) lengths[lengths.length - 1]!++
      else lengths.push(1)
      return lengths
    }, [])
    expect(runs.length).toBeLessThan(15)
    const keyed = await Promise.all(['abc', 'abc', 'foobar'].map((key) => app.k.template.send(Words, 'v', { key })))
    // as Java's client places them: murmur2('abc') and murmur2('foobar') over four partitions
    expect(keyed.map(({ metadata }) => metadata.partition)).toEqual([
      479470107 % 4,
      479470107 % 4,
      (-790332482 & 0x7fffffff) % 4,
    ])
    await app.k.stop()
  })

  it('asks another partitioner where one is given, as an object or a function', async () => {
    const app = memoryApp({
      topics: [Words],
      producer: { partitioner: roundRobinPartitioner() },
      templates: { last: { partitioner: (_record, partitions) => partitions - 1 }, broken: { partitioner: () => 99 } },
    })
    await app.k.start()
    const sent = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => app.k.template.send(Words, 'v', { key })))
    expect(sent.map(({ metadata }) => metadata.partition)).toEqual([0, 1, 2, 3, 0])
    const { metadata } = await app.k.templateNamed('last').send(Words, 'v')
    expect(metadata.partition).toBe(3)
    await expect(app.k.templateNamed('broken').send(Words, 'v')).rejects.toThrow(
      'the partitioner chose partition 99 of words',
    )
    expect(() => app.k.templateNamed('nope')).toThrow("has no template 'nope'; there are default, last, broken")
    await app.k.stop()
  })
})

describe('interceptors', () => {
  it('may replace a record, see its outcome, and never stop it by failing', async () => {
    const seen: string[] = []
    const app = memoryApp({
      producer: {
        interceptors: [
          {
            onSend() {
              throw new Error('broken')
            },
          },
          {
            onSend: (record: ProducerRecord<unknown, unknown>) => ({ ...record, headers: { traced: 'yes' } }),
            onAcknowledgement: (record, metadata, error) =>
              void seen.push(`${String(record.value)} ${metadata?.offset} ${error?.message}`),
          },
          {
            onAcknowledgement: async () => {
              throw new Error('broken later')
            },
          },
        ],
      },
    })
    await app.k.template.send(Words, 'a')
    await app.k.template.send(Words, 'b', { partition: 9 }).catch(() => undefined)
    expect(app.cluster.records('words')[0]!.headers[0]).toMatchObject({ key: 'traced' })
    expect(seen).toEqual(['a 0 undefined', 'b undefined words has no partition 9, it has 0 to 0'])
    await settle()
    expect(app.lines.filter(({ message }) => message.includes('interceptor failed'))).toHaveLength(4)
    await app.k.stop()
  })
})

describe('a broker that is down', () => {
  it('is waited for, as long as send may wait', async () => {
    const app = memoryApp({ producer: { maxBlockMs: 1_000 } })
    app.cluster.stop()
    const failed = app.k.template.send(Words, 'a')
    failed.catch(() => undefined)
    await app.clock.advance(2_000)
    await expect(failed).rejects.toMatchObject({ kind: 'connection', retriable: true })
    const sent = app.k.template.send(Words, 'b')
    await app.clock.advance(300)
    app.cluster.start()
    await app.clock.advance(300)
    await sent
    expect(app.values('words')).toEqual(['b'])
    await app.k.stop()
  })
})

describe('closing', () => {
  it('waits for what is under way, then fails what is left', async () => {
    const { app, release } = watched()
    await app.k.start()
    await app.k.template.partitionsFor('words')
    const sent = app.k.template.send(Words, 'a', { partition: 0 })
    await settle()
    const left = app.k.template.send(Words, 'b', { partition: 0 })
    left.catch(() => undefined)
    const closed = app.k.template.close(1_000)
    await app.clock.advance(1_000)
    await expect(left).rejects.toMatchObject({ kind: 'closed' })
    await app.clock.advance(5_000)
    await closed
    // what the driver has when it closes ends as the driver says
    release()
    await expect(sent).rejects.toMatchObject({ kind: 'closed' })
    await app.k.stop()
  })
})
