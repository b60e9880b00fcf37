import { describe, expect, it } from 'vitest'
import { memoryApp, produce, until } from '../../../test/messaging/memory-app.js'
import { DefaultErrorHandler, exponential, fixed, kafka, KafkaError, string, topic, topicPattern } from '../../index.js'
import type { CommonErrorHandler, KafkaConfig, RecordListenerOptions } from '../../index.js'
import { clusterSettings } from './cluster-settings.js'

const Words = topic('words', { value: string() })

/** What the KafkaError says that it is refused with. */
const refusal = (make: () => unknown): string => {
  try {
    make()
    return 'none'
  } catch (error) {
    expect(KafkaError.is(error) && error.kind).toBe('config')
    return (error as Error).message
  }
}
const problem = (config: object): string => refusal(() => kafka(config as KafkaConfig))

describe('the configuration', () => {
  it('is refused in one message that lists all that is wrong', () => {
    expect(
      problem({
        bootstrapServers: 'localhost',
        startup: 'maybe',
        producer: { acks: 'one', lingerMs: -1, idempotence: 'yes' },
        consumer: { maxPollRecords: 0, groupid: 'x', heartbeatIntervalMs: 60_000 },
        listener: { ackMode: 'record' },
        sasl: { mechanism: 'PLAIN', username: 'u' },
        nonsense: 1,
      }),
    ).toBe(
      [
        "the configuration of Kafka cluster 'default' is wrong in 11 places:",
        "startup must be one of wait, fail, background, not 'maybe'",
        'nonsense is no option; there are bootstrapServers, name, clientId, tls, sasl, requestTimeoutMs, connectionTimeoutMs, ' +
          'topics, producer, template, templates, consumer, listener, admin, startup, driver',
        "producer.acks must be one of all, leader, none, not 'one'",
        'producer.lingerMs must be milliseconds, 0 or more, not -1',
        "producer.idempotence must be true or false, not 'yes'",
        'consumer.maxPollRecords must be a whole number, 1 or more, not 0',
        'consumer.groupid is no option; is it groupId?',
        'consumer.heartbeatIntervalMs (60000) must be below consumer.sessionTimeoutMs (45000); a third of it is usual',
        "listener.ackMode must be one of RECORD, BATCH, TIME, COUNT, COUNT_TIME, MANUAL, MANUAL_IMMEDIATE, not 'record'",
        "bootstrapServers: 'localhost' is not of the form host:port",
        'sasl.password must be text',
      ].join('\n  - '),
    )
  })

  it('is refused where it contradicts itself', () => {
    const servers = { bootstrapServers: 'a:1' }
    expect(problem({ ...servers, sasl: { mechanism: 'plain', username: 'u', password: 'p' } })).toMatch(
      /, not 'plain'$/,
    )
    expect(problem({ ...servers, producer: { idempotence: true, acks: 'leader' } })).toBe(
      "the configuration of Kafka cluster 'default' is wrong: producer.idempotence needs acks 'all', and producer.acks is 'leader'",
    )
    expect(problem({ ...servers, producer: { batchSizeBytes: 10, bufferMemoryBytes: 5 } })).toContain(
      'batchSizeBytes (10) is more than',
    )
    expect(problem({ ...servers, producer: { lingerMs: 10, deliveryTimeoutMs: 10 } })).toContain('leaves nothing of')
    expect(problem({ ...servers, consumer: { groupProtocol: 'consumer', sessionTimeoutMs: 1 } })).toContain(
      "consumer.sessionTimeoutMs has no meaning with consumer.groupProtocol 'consumer'",
    )
    expect(problem({ ...servers, templates: { default: {} } })).toContain(
      "templates.default is the name of the template that 'producer'",
    )
  })

  it('is refused where a part of it is made wrongly', () => {
    expect(problem({ bootstrapServers: 'a:1', listener: { errorHandler: {} } })).toContain(
      'listener.errorHandler must be an error handler (with handleRecord and handleBatch), or its class or token, not an object',
    )
    expect(refusal(() => new DefaultErrorHandler({ attempt: 3 } as object))).toBe(
      'DefaultErrorHandler is wrong: attempt is no option; is it attempts?',
    )
    expect(refusal(() => new DefaultErrorHandler({ attempts: 0, backOff: 100 as never }))).toBe(
      [
        'DefaultErrorHandler is wrong in 2 places:',
        'attempts must be a number, 1 or more, not 0',
        'backOff must be a back-off, such as fixed(1_000), or a function, not 100',
      ].join('\n  - '),
    )
    expect(refusal(() => fixed(-1))).toBe('fixed(…) is wrong: its interval must be milliseconds, 0 or more, not -1')
    expect(refusal(() => exponential({ initialMs: 9, maxMs: 5 }))).toBe(
      'exponential(…) is wrong: maxMs (5) is below initialMs (9)',
    )
    const app = memoryApp()
    const listen = (topics: unknown): unknown => app.k.listen(topics as string, { groupId: 'g' }, () => {})
    expect(refusal(() => listen([topicPattern(/a.*/, { value: string() })]))).toContain(
      'not an object: a pattern stands by itself',
    )
  })

  it('takes raw Kafka settings in `properties`, and refuses those that are unknown or said twice', () => {
    const settings = clusterSettings({
      bootstrapServers: 'a:1',
      producer: { properties: { acks: '1', 'linger.ms': '5', 'compression.type': 'GZIP' } },
      consumer: { properties: { 'max.poll.records': '7', 'partition.assignment.strategy': 'range, roundrobin' } },
    })
    expect(settings.templates.get('default')!.producer).toMatchObject({
      acks: 'leader',
      lingerMs: 5,
      compression: 'gzip',
    })
    expect(settings.consumer).toMatchObject({ maxPollRecords: 7, partitionAssignors: ['range', 'roundrobin'] })
    expect(
      problem({
        bootstrapServers: 'a:1',
        consumer: { maxPollRecords: 1, properties: { 'max.poll.records': '2', 'no.such': 'x' } },
      }),
    ).toMatch(
      /properties\['max.poll.records'\] and consumer.maxPollRecords say the same(.|\n)*properties\['no.such'\] is not supported/,
    )
    expect(problem({ bootstrapServers: 'a:1', producer: { properties: { 'linger.ms': 'soon' } } })).toContain(
      'producer.lingerMs must be milliseconds, 0 or more, not NaN',
    )
  })

  it('takes servers as text, as a list, and as a broker prints them', () => {
    const servers = (bootstrapServers: string | string[]): readonly string[] =>
      clusterSettings({ bootstrapServers }).connection.bootstrapServers
    expect(servers('a:1, b:2')).toEqual(['a:1', 'b:2'])
    expect(servers(['[::1]:9092'])).toEqual(['[::1]:9092'])
    expect(servers('PLAINTEXT://127.0.0.1:9092')).toEqual(['127.0.0.1:9092'])
    expect(problem({ bootstrapServers: [] })).toContain("bootstrapServers must be 'host:port'")
    expect(problem({ bootstrapServers: 'a:99999' })).toContain("'a:99999' is not of the form host:port")
  })

  it('lets named templates differ from the default one only where they say so', () => {
    const { templates } = clusterSettings({
      bootstrapServers: 'a:1',
      producer: { lingerMs: 5, acks: 'leader' },
      templates: { bulk: { lingerMs: 50, defaultTopic: 'bulk' } },
    })
    expect(templates.get('bulk')).toMatchObject({
      producer: { lingerMs: 50, acks: 'leader' },
      template: { defaultTopic: 'bulk' },
    })
    expect(templates.get('default')).toMatchObject({ producer: { lingerMs: 5 }, template: { defaultTopic: undefined } })
  })

  it('is refused at start where the driver can not do it, naming the driver', async () => {
    const app = memoryApp({
      consumer: { groupProtocol: 'consumer', groupInstanceId: 'me' },
      templates: { t: { compression: 'zstd' } },
    })
    await expect(app.k.start()).rejects.toThrow(
      /consumer.groupProtocol 'consumer': the memory driver only has 'classic', take driver 'wire'\n.*groupInstanceId: the memory driver has no static members/,
    )
  })
})

describe('topics', () => {
  const circle = 'does its module import this one, in a circle?'
  const servers = { bootstrapServers: 'a:1' }
  const listening = (...args: readonly unknown[]): string =>
    refusal(() => (kafka(servers).listen as (...all: readonly unknown[]) => unknown)(...args))

  it('that are none are refused, and one that is not there yet is told as an import that goes round', () => {
    expect(problem({ ...servers, topics: ['words'] })).toBe('declared topics must each be a topic(…), and one is words')
    expect(problem({ ...servers, topics: [Words, undefined] })).toContain(`one is undefined: ${circle}`)
    expect(listening(undefined, { groupId: 'g' }, () => {})).toContain(`not undefined: ${circle}`)
    expect(listening([Words, undefined], { groupId: 'g' }, () => {})).toContain(`not undefined: ${circle}`)
  })

  it('by a name that no topic can have, such as a pattern, are refused', () => {
    expect(listening('words.*', { groupId: 'g' }, () => {})).toMatch(
      /'words\.\*' can't be the name of a topic.*topicPattern/,
    )
    expect(listening('one,two', { groupId: 'g' }, () => {})).toContain('take a list')
  })

  it('without a function to call are refused', () => {
    expect(listening(Words, { groupId: 'g' })).toBe('listener words is wrong: it has no function to call')
  })
})

describe("a listener's options", () => {
  const refused = (options: object): string =>
    refusal(() => memoryApp().k.listen(Words, options as RecordListenerOptions<string, string>, () => {}))

  it('are refused where they are wrong or contradict each other', () => {
    expect(refused({})).toBe(
      'listener words is wrong: it has no group: set its groupId, or consumer.groupId for all (its id is never the group)',
    )
    expect(refused({ groupId: 'g', batch: true, ackMode: 'RECORD' })).toContain(
      'ackMode RECORD is for record listeners',
    )
    expect(refused({ groupId: 'g', asyncAcks: true })).toContain(
      'asyncAcks needs ackMode MANUAL or MANUAL_IMMEDIATE, and it is BATCH',
    )
    expect(refused({ groupId: 'g', ackCount: 5 })).toContain('ackCount is for ackMode COUNT or COUNT_TIME')
    expect(refused({ groupId: 'g', ackMode: 'COUNT', ackTimeMs: 5 })).toContain(
      'ackTimeMs is for ackMode TIME or COUNT_TIME',
    )
    expect(refused({ groupId: 'g', ackDiscarded: false })).toContain('ackDiscarded is for the manual ack modes')
    expect(refused({ groupId: 'g', concurrency: 0 })).toContain('concurrency must be a whole number, 1 or more, not 0')
    expect(refused({ groupId: 'g', concurency: 2 })).toContain('concurency is no option')
  })

  it('may be functions of the environment', () => {
    const app = memoryApp({ services: { env: { get: (name) => ({ GROUP: 'from-env', TOPIC: 'words' })[name] } } })
    const container = app.k.addListener({
      topics: (env) => env.get('TOPIC')!,
      options: { groupId: (env) => env.get('GROUP')!, concurrency: () => 2, autoStartup: () => false },
      handler: () => {},
      source: 'Billing.bill',
    })
    expect(container).toMatchObject({ id: 'Billing.bill', groupId: 'from-env', autoStartup: false, topics: ['words'] })
  })

  it('give every listener an id of its own, and refuse one that is taken', () => {
    const app = memoryApp()
    app.k.listen(Words, { groupId: 'a' }, () => {})
    app.k.listen(Words, { groupId: 'b' }, () => {})
    app.k.listen(Words, { groupId: 'c', id: 'mine' }, () => {})
    expect(app.k.registry.ids).toEqual(['words', 'words#2', 'mine'])
    expect(() => app.k.listen(Words, { groupId: 'c', id: 'mine' }, () => {})).toThrow(
      "two listeners have the id 'mine'",
    )
    expect(() => app.k.registry.get('other')).toThrow(
      "there is no listener with id 'other'; known: words, words#2, mine",
    )
  })

  it('name an instance, a class, or a token of the container', async () => {
    class Dropping implements CommonErrorHandler {
      handleRecord(): { action: 'skip'; recovered: boolean } {
        return { action: 'skip', recovered: false }
      }
      handleBatch(): { action: 'skip'; from: number; recovered: number; dropped: number } {
        return { action: 'skip', from: 0, recovered: 0, dropped: 0 }
      }
    }
    const TOKEN = Symbol('handler')
    const asked: unknown[] = []
    for (const errorHandler of [new Dropping(), Dropping, TOKEN]) {
      const resolver = {
        resolve(token: unknown) {
          asked.push(token)
          return new Dropping()
        },
      }
      const app = memoryApp({ services: { resolver } })
      const container = app.k.listen(Words, { groupId: 'g', errorHandler }, () => {
        throw new Error('no')
      })
      await app.k.start()
      produce(app, { topic: 'words', partition: 0 }, 'a')
      await until(() => container.metrics.dropped === 1)
      await app.k.stop()
    }
    expect(asked).toEqual([Dropping, TOKEN])
  })

  it('name a token that no container knows: all of those are told at start', async () => {
    class Needy {
      constructor(readonly what: string) {}
    }
    const app = memoryApp()
    app.k.listen(Words, { groupId: 'a', errorHandler: Symbol('x') }, () => {})
    app.k.listen(Words, { groupId: 'b', interceptors: [Needy as never] }, () => {})
    await expect(app.k.start()).rejects.toThrow(
      /wrong in 2 places(.|\n)*Symbol\(x\) is a container's token, and there is no container here(.|\n)*Needy needs constructor arguments/,
    )
  })
})
