import { describe, expect, it } from 'vitest'
import { memoryApp, produce, settle, until } from '../../../test/messaging/memory-app.js'
import spring from '../../../test/facts/spring.json' with { type: 'json' }
import { silentLog } from '../../base/log.js'
import { DriverError } from '../../client/port.js'
import {
  ConsumerRecord,
  DeadLetter,
  deadLetter,
  deadLetterTopic,
  DefaultErrorHandler,
  DeserializationError,
  fixed,
  Headers,
  int32,
  json,
  string,
  topic,
} from '../../index.js'
import type { DeadLetterOptions, FailedRecord, RecordHeader } from '../../index.js'

const Orders = topic('orders', { value: json<{ id: number }>(), partitions: 3 })
const p2 = { topic: 'orders', partition: 2 }

const handlerWith = (options: DeadLetterOptions = {}): DefaultErrorHandler =>
  new DefaultErrorHandler({ attempts: 1, recoverer: deadLetter(options) })

describe('deadLetter()', () => {
  it('writes the very headers that Spring writes, hop by hop', async () => {
    const failure = (record: ConsumerRecord<unknown, unknown>, groupId: string, why: string): FailedRecord => {
      const cause = Object.assign(new Error(why), { name: 'java.lang.IllegalStateException' })
      const error = Object.assign(new Error('Listener failed', { cause }), {
        name: 'org.springframework.kafka.listener.ListenerExecutionFailedException',
      })
      return {
        record,
        error,
        attempt: 1,
        groupId,
        listenerId: 'l',
        signal: new AbortController().signal,
        log: silentLog,
      }
    }
    const shown = (headers: readonly RecordHeader[]): string[][] =>
      headers.map(({ key, value }) => [key, key.endsWith('stacktrace') ? 'e280a6' : value!.toString('hex')])
    const app = memoryApp({ cluster: { topics: ['orders-dlt', 'orders-dlt-again'] } })
    const template = app.k.template
    const [k, v] = [Buffer.from('k'), Buffer.from('v')]
    const given = Headers.from({ mine: 'x' })
    const first = new ConsumerRecord(
      'orders',
      2,
      5_000_000_000,
      'k',
      'v',
      given,
      1_234_567_890_123,
      'CreateTime',
      0,
      k,
      v,
    )
    await deadLetter({ template }).recover(failure(first, 'billing', 'no such order'))
    const [dead] = app.cluster.records('orders-dlt')
    expect(shown(dead!.headers)).toEqual(spring.deadLetter)

    const headers = new Headers(dead!.headers)
    const second = new ConsumerRecord(
      'orders-dlt',
      2,
      3,
      'k',
      'v',
      headers,
      1_234_567_890_999,
      'LogAppendTime',
      0,
      k,
      v,
    )
    const destination = (): string => 'orders-dlt-again'
    await deadLetter({ template, destination }).recover(failure(second, 'reports', 'no report'))
    expect(shown(app.cluster.records('orders-dlt-again')[0]!.headers)).toEqual(spring.deadLetterOfDeadLetter)
    await app.k.stop()
  })

  it('publishes the record as it came, to the same partition, with the error that the handler threw', async () => {
    const app = memoryApp()
    app.k.listen(Orders, { groupId: 'billing', errorHandler: handlerWith() }, () => {
      throw new RangeError('no such order', { cause: new TypeError('id is odd') })
    })
    await app.k.start()
    await app.k.template.send(Orders, { id: 1 }, { partition: 2, key: 'k', headers: { mine: 'x' }, timestampMs: 5 })
    await until(() => app.committed('billing', p2) === 1)
    const [dead] = app.cluster.records('orders-dlt')
    // its time is its own, or retention might take it at once; the origin's is in a header
    expect(dead).toMatchObject({ partition: 2, timestampMs: app.clock.now() })
    expect([dead!.key, dead!.value].map(String)).toEqual(['k', '{"id":1}'])
    const headers = new Headers(dead!.headers)
    expect(headers.text('kafka_dlt-exception-fqcn')).toBe('RangeError')
    expect(headers.text('kafka_dlt-exception-cause-fqcn')).toBe('TypeError')
    expect(headers.text('kafka_dlt-exception-message')).toBe('no such order; id is odd')
    expect(headers.text('kafka_dlt-exception-stacktrace')).toContain('RangeError: no such order')
    await app.k.stop()
  })

  it('creates the dead-letter topic like its topic, when the application starts', async () => {
    const app = memoryApp()
    app.k.listen(Orders, { groupId: 'g', errorHandler: handlerWith() }, () => {})
    await app.k.start()
    expect(app.cluster.topic('orders-dlt')?.partitions).toHaveLength(3)
    await app.k.stop()
  })

  it('publishes what can not be read with its raw bytes; a key that fails is told as one', async () => {
    const app = memoryApp()
    const Numbered = topic('numbered', { key: int32(), value: json<number>() })
    app.k.listen(Numbered, { groupId: 'g', errorHandler: handlerWith() }, () => {})
    const dead: (DeadLetter | undefined)[] = []
    const values: unknown[] = []
    app.k.listen(deadLetterTopic(topic('numbered', { value: json<number>() })), { groupId: 'd' }, (value, ctx) => {
      values.push(value instanceof DeserializationError ? value.data.toString() : value)
      dead.push(ctx.deadLetter)
    })
    await app.k.start()
    app.cluster.append('numbered', { key: Buffer.from([0, 0, 0, 1]), value: Buffer.from('not json') })
    app.cluster.append('numbered', { key: Buffer.from('xx'), value: Buffer.from('7') })
    await until(() => dead.length === 2)
    expect(values).toEqual(['not json', 7])
    expect(dead[0]).toMatchObject({ isKeyFailure: false, errorName: 'DeserializationError', origin: 'numbered-0@0' })
    // why, and not once more from its cause
    expect(dead[0]!.errorMessage).toMatch(/^the value of a record of numbered can't be read: [^;]+$/)
    expect(dead[1]).toMatchObject({
      isKeyFailure: true,
      errorName: 'DeserializationError',
      errorCauseName: 'RangeError',
    })
    await app.k.stop()
  })

  it('loses nothing while it can not publish: the record is tried again until it can', async () => {
    const app = memoryApp()
    let down = true
    app.cluster.faults.produce = ({ topic: name }) =>
      down && name === 'orders-dlt' ? new DriverError('retriable', 'the broker is busy') : undefined
    let attempts = 0
    app.k.listen(Orders, { groupId: 'g', errorHandler: handlerWith() }, () => {
      attempts++
      throw new Error('no')
    })
    await app.k.start()
    produce(app, p2, '{"id":1}', '{"id":2}')
    await until(() => attempts === 1)
    await settle()
    expect(app.committed('g', p2)).toBeUndefined()
    down = false
    await app.clock.advance(200)
    await until(() => app.committed('g', p2) === 2)
    expect(app.values('orders-dlt', 2)).toEqual(['{"id":1}', '{"id":2}'])
    expect(attempts).toBe(3)
    await app.k.stop()
  })

  it('leaves the partition to the partitioner when the dead-letter topic has fewer', async () => {
    const app = memoryApp({ cluster: { topics: ['orders-dlt'] } })
    const errorHandler = new DefaultErrorHandler({ attempts: 1, recoverer: deadLetter({ createTopics: false }) })
    app.k.listen(Orders, { groupId: 'g', errorHandler }, () => {
      throw new Error('no')
    })
    await app.k.start()
    produce(app, p2, '{"id":1}')
    await until(() => app.committed('g', p2) === 1)
    expect(app.values('orders-dlt', 0)).toEqual(['{"id":1}'])
    await app.k.stop()
  })

  it('keeps the origin of every hop and the exception of the last', async () => {
    const app = memoryApp()
    const Retry = topic('retry', { value: json<{ id: number }>() })
    app.k.listen(Orders, { groupId: 'one', errorHandler: handlerWith({ destination: () => 'retry' }) }, () => {
      throw new Error('first')
    })
    app.k.listen(Retry, { groupId: 'two', errorHandler: handlerWith() }, () => {
      throw new Error('second')
    })
    await app.k.start()
    produce(app, p2, '{"id":1}')
    await until(() => app.cluster.records('retry-dlt').length === 1)
    const headers = new Headers(app.cluster.records('retry-dlt')[0]!.headers)
    expect(headers.getAll('kafka_dlt-original-topic').map(String)).toEqual(['orders', 'retry'])
    expect(headers.getAll('kafka_dlt-exception-message').map(String)).toEqual(['second'])
    await app.k.stop()
  })

  it('drops with a log line where no destination is given, or fails when told to', async () => {
    const app = memoryApp()
    app.k.listen(Orders, { groupId: 'g', errorHandler: handlerWith({ destination: () => null }) }, () => {
      throw new Error('no')
    })
    await app.k.start()
    produce(app, p2, '{"id":1}')
    await until(() => app.committed('g', p2) === 1)
    expect(app.lines.find(({ level }) => level === 'error')?.message).toContain('orders-2@0 is dropped')
    await app.k.stop()

    const strict = memoryApp()
    const errorHandler = handlerWith({ destination: () => null, failWithoutDestination: true })
    const container = strict.k.listen(Orders, { groupId: 'g', errorHandler }, () => {
      throw new Error('no')
    })
    await strict.k.start()
    produce(strict, p2, '{"id":1}')
    await until(() => container.metrics.retried === 1)
    expect(strict.lines.find(({ level }) => level === 'error')?.message).toContain(
      'the recoverer failed for orders-2@0 (listener orders, group g), the record comes again',
    )
    expect(strict.committed('g', p2)).toBeUndefined()
    await strict.k.stop()
  })

  it('adds headers of your own, keeps exceptions of earlier hops when told to, and takes the partition that is said', async () => {
    const app = memoryApp({ cluster: { topics: [{ name: 'graves', partitions: 5 }] } })
    const errorHandler = handlerWith({
      destination: () => ({ topic: 'graves', partition: 4 }),
      stripPreviousExceptionHeaders: false,
      headers: ({ attempt }) => [{ key: 'attempts', value: Buffer.from(String(attempt)) }],
    })
    app.k.listen(Orders, { groupId: 'g', errorHandler }, () => {
      throw new RangeError('second')
    })
    await app.k.start()
    await app.k.template.send(Orders, { id: 1 }, { headers: { 'kafka_dlt-exception-message': 'first' } })
    await until(() => app.values('graves', 4).length === 1)
    const headers = new Headers(app.cluster.records('graves')[0]!.headers)
    expect(headers.text('attempts')).toBe('1')
    const messages = headers.toArray().filter(({ key }) => key === 'kafka_dlt-exception-message')
    expect(messages.map(({ value }) => value?.toString())).toEqual(['first', 'second'])
    await app.k.stop()
  })

  it('publishes a tombstone as one', async () => {
    const app = memoryApp()
    app.k.listen(Orders, { groupId: 'g', errorHandler: handlerWith() }, () => {})
    await app.k.start()
    produce(app, p2, null)
    await until(() => app.committed('g', p2) === 1)
    expect(app.values('orders-dlt', 2)).toEqual([null])
    await app.k.stop()
  })

  it('does not send what can not be read round in circles', async () => {
    const app = memoryApp()
    const errorHandler = handlerWith({ destination: ({ record }) => record.topic })
    app.k.listen(Orders, { groupId: 'g', errorHandler }, () => {})
    await app.k.start()
    produce(app, p2, 'not json')
    await until(() => app.committed('g', p2) === 1)
    expect(app.values('orders', 2)).toEqual(['not json'])
    await app.k.stop()
  })

  it('leaves a dead letter whose own handler fails where it is', async () => {
    const app = memoryApp()
    app.k.listen(deadLetterTopic(Orders), { groupId: 'd', errorHandler: handlerWith() }, () => {
      throw new Error('again')
    })
    await app.k.start()
    produce(app, { topic: 'orders-dlt', partition: 0 }, '{"id":1}')
    await until(() => app.committed('d', { topic: 'orders-dlt', partition: 0 }) === 1)
    expect(app.cluster.topicNames).toEqual(['orders-dlt'])
    expect(
      app.lines.some(
        ({ message }) => message === 'orders-dlt-0@0 is a dead letter already and stays where it is: again',
      ),
    ).toBe(true)
    await app.k.stop()
  })

  it('works for batches, one record at a time', async () => {
    const app = memoryApp()
    const errorHandler = new DefaultErrorHandler({ attempts: 2, backOff: fixed(0), recoverer: deadLetter() })
    app.k.listen(topic('words', { value: string() }), { groupId: 'g', batch: true, errorHandler }, () => {
      throw new Error('no')
    })
    await app.k.start()
    produce(app, { topic: 'words', partition: 0 }, 'a', 'b')
    await until(() => app.committed('g', { topic: 'words', partition: 0 }) === 2)
    expect(app.values('words-dlt')).toEqual(['a', 'b'])
    await app.k.stop()
  })
})

describe('DeadLetter', () => {
  it('reads what Spring wrote', () => {
    const written = (rows: string[][]): Headers =>
      new Headers(rows.map(([key, hex]) => ({ key: key!, value: Buffer.from(hex!, 'hex') })))
    expect(DeadLetter.from({ headers: written(spring.deadLetter) })).toMatchObject({
      origin: 'orders-2@5000000000',
      originalTimestampMs: 1_234_567_890_123,
      consumerGroup: 'billing',
      errorName: 'org.springframework.kafka.listener.ListenerExecutionFailedException',
      errorCauseName: 'java.lang.IllegalStateException',
      errorMessage: 'Listener failed; no such order',
      isKeyFailure: false,
    })
    expect(DeadLetter.from({ headers: written(spring.deadLetterOfDeadLetter) })?.origin).toBe('orders-dlt-2@3')
    expect(DeadLetter.from({ headers: new Headers() })).toBeUndefined()
  })
})
