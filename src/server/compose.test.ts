import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { RawClient } from '../../test/server/raw-client.js'
import { logTo } from '../base/log.js'
import { memoryTransport, tcpTransport } from '../net/index.js'
import { ErrorCode } from '../protocol/errors.js'
import * as messages from '../protocol/messages/index.js'
import { BatchBuilder, batchPositions } from '../protocol/records/index.js'
import { startBroker } from './compose.js'
import { faultyDisk } from './disk/faulty-disk.js'
import { memoryDisk } from './disk/memory-disk.js'
import { StartError, type BrokerOptions, type RunningBroker } from './running-broker.js'

const running: RunningBroker[] = []

async function start(options: BrokerOptions = {}): Promise<RunningBroker> {
  const broker = await startBroker({ transport: memoryTransport(), port: 0, ...options })
  running.push(broker)
  return broker
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((broker) => broker.stop()))
})

/** A broker on a network in memory, and a client of it. */
async function served(options: BrokerOptions = {}): Promise<{ broker: RunningBroker; client: RawClient }> {
  const transport = memoryTransport()
  const broker = await start({ ...options, transport })
  return { broker, client: await RawClient.connect(transport, broker.listeners[0]!.port) }
}

function records(...values: readonly string[]): Buffer {
  const batch = new BatchBuilder()
  for (const value of values) batch.append({ key: null, value: Buffer.from(value), timestampMs: Date.now() })
  return batch.finish()
}

const produce = async (client: RawClient, topic: string, ...values: readonly string[]): Promise<number> => {
  const partitionData = [{ index: 0, records: records(...values) }]
  const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData: [{ name: topic, partitionData }] }
  const { responses } = await client.call(messages.produce, 9, request)
  return responses[0]!.partitionResponses[0]!.errorCode
}

const fetchAll = async (client: RawClient, topic: string): Promise<number> => {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }]
  const request = { maxWaitMs: 0, minBytes: 0, topics: [{ topic, partitions }] }
  const answer = await client.call(messages.fetch, 11, request)
  return [...batchPositions(answer.responses[0]!.partitions[0]!.records ?? Buffer.alloc(0))].length
}

const createTopic = (client: RawClient, name: string, configs: Record<string, string> = {}) =>
  client.call(messages.createTopics, 7, {
    topics: [
      {
        name,
        numPartitions: 2,
        replicationFactor: -1,
        assignments: [],
        configs: Object.entries(configs).map(([config, value]) => ({
          name: config,
          value,
        })),
      },
    ],
  })

const nameOnly = (name: string) => [{ name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }]

describe('a broker', () => {
  it('serves what it is asked to create as soon as it is ready', async () => {
    const { broker, client } = await served({
      topics: [{ name: 'orders', partitions: 3, configs: { 'retention.ms': '1000' } }],
    })
    const { topics } = await client.call(messages.metadata, 12, {
      topics: nameOnly('orders'),
      includeTopicAuthorizedOperations: false,
    })
    expect(topics[0]).toMatchObject({ errorCode: 0, name: 'orders', isInternal: false })
    expect(topics[0]!.partitions.map(({ leaderId, leaderEpoch }) => [leaderId, leaderEpoch])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ])
    expect(await produce(client, 'orders', 'a')).toBe(ErrorCode.NONE)
    expect(broker.bootstrapServers).toBe(`127.0.0.1:${broker.listeners[0]!.port}`)
  })

  it('answers the creation of a topic when it can be written to, and its deletion when it is gone', async () => {
    const { client } = await served()
    const created = await createTopic(client, 't', { 'cleanup.policy': 'compact' })
    expect(created.topics[0]).toMatchObject({ errorCode: 0, numPartitions: 2, replicationFactor: 1 })
    expect(created.topics[0]!.configs!.find(({ name }) => name === 'cleanup.policy')).toMatchObject({
      value: 'compact',
      configSource: 1,
    })
    expect(await produce(client, 't', 'x')).toBe(ErrorCode.INVALID_RECORD)
    const { responses } = await client.call(messages.deleteTopics, 6, {
      topics: [{ name: null, topicId: created.topics[0]!.topicId }],
      timeoutMs: 0,
    })
    expect(responses[0]).toMatchObject({ errorCode: 0, name: 't' })
    expect(await produce(client, 't', 'x')).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('creates missing topics where client and broker both allow it', async () => {
    const { client } = await served({ configs: { 'num.partitions': '4' } })
    const ask = async (name: string, allowAutoTopicCreation: boolean) => {
      const request = { topics: nameOnly(name), allowAutoTopicCreation, includeTopicAuthorizedOperations: false }
      const { topics } = await client.call(messages.metadata, 12, request)
      return [topics[0]!.errorCode, topics[0]!.partitions.length]
    }
    expect(await ask('a', false)).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0])
    expect(await ask('a', true)).toEqual([ErrorCode.NONE, 4])
    expect(await ask('not a name', true)).toEqual([ErrorCode.INVALID_TOPIC_EXCEPTION, 0])
    const strict = await served({ configs: { 'auto.create.topics.enable': 'false' } })
    const { topics } = await strict.client.call(messages.metadata, 12, {
      topics: nameOnly('a'),
      includeTopicAuthorizedOperations: false,
    })
    expect(topics[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('stops in order under load: nothing fails, and what was answered is there', async () => {
    // files, and many of them: closing takes its time
    const dataDir = mkdtempSync(join(tmpdir(), 'kts-stop-'))
    const errors: string[] = []
    const log = logTo((_, line) => errors.push(line), 'error')
    const { broker, client } = await served({ dataDir, log, topics: [{ name: 't', partitions: 50 }] })
    let answered = 0
    const produceOn = async (): Promise<void> => {
      while ((await produce(client, 't', 'x')) === ErrorCode.NONE) answered++
    }
    const producing = Promise.allSettled(Array.from({ length: 5 }, produceOn))
    while (answered < 100) await new Promise((resolve) => setImmediate(resolve))
    await broker.stop()
    await producing
    expect(errors).toEqual([])
    const next = await served({ dataDir })
    expect(await fetchAll(next.client, 't')).toBeGreaterThanOrEqual(answered)
    await next.broker.stop()
    rmSync(dataDir, { recursive: true })
  })

  it('keeps everything over a restart, in a new leader epoch', async () => {
    const disk = memoryDisk()
    const first = await served({ disk })
    await createTopic(first.client, 't', { 'max.message.bytes': '500' })
    expect(await produce(first.client, 't', 'a', 'b')).toBe(ErrorCode.NONE)
    await first.client.call(messages.incrementalAlterConfigs, 1, {
      resources: [
        {
          resourceType: 4,
          resourceName: '',
          configs: [{ name: 'log.retention.ms', configOperation: 0, value: '77777' }],
        },
      ],
      validateOnly: false,
    })
    const { clusterId } = first.broker
    const { id } = first.broker.parts.cluster.topic('t')!
    await first.broker.stop()

    const second = await served({ disk })
    expect(second.broker.clusterId).toBe(clusterId)
    const topic = second.broker.parts.cluster.topic('t')!
    expect(topic.id).toBe(id)
    expect(topic.partitions.map(({ leaderEpoch }) => leaderEpoch)).toEqual([1, 1])
    expect(second.broker.parts.settings.topic('t').int('max.message.bytes')).toBe(500)
    expect(second.broker.parts.settings.topic('t').long('retention.ms')).toBe(77_777)
    expect(await fetchAll(second.client, 't')).toBe(1)
    expect(await produce(second.client, 't', 'x'.repeat(600))).toBe(ErrorCode.MESSAGE_TOO_LARGE)
  })

  it('keeps every answered record when the power goes without a stop', async () => {
    const disk = memoryDisk()
    const first = await served({ disk, configs: { 'log.flush.interval.messages': '1' } })
    await createTopic(first.client, 't')
    for (let i = 0; i < 5; i++) expect(await produce(first.client, 't', String(i))).toBe(ErrorCode.NONE)
    const left = disk.powerLoss()
    const second = await served({ disk: left })
    expect(await fetchAll(second.client, 't')).toBe(5)
  })

  it('never gives a producer id twice, whether it stops in order or its power goes', async () => {
    const ids: number[] = []
    const take = async (client: RawClient): Promise<void> => {
      const { producerId } = await client.call(messages.initProducerId, 4, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      })
      ids.push(producerId)
    }
    let disk = memoryDisk()
    for (let life = 0; life < 4; life++) {
      const { broker, client } = await served({ disk })
      for (let i = 0; i < 3; i++) await take(client)
      // nothing survives but what was synced
      disk = life % 2 === 0 ? disk.powerLoss() : disk
      await broker.stop()
    }
    expect(new Set(ids).size).toBe(12)
  })

  it('changes what a topic and the broker do while it runs', async () => {
    const { client } = await served({ topics: [{ name: 't' }] })
    const alter = (resourceType: number, resourceName: string, name: string, value: string) =>
      client.call(messages.incrementalAlterConfigs, 1, {
        resources: [{ resourceType, resourceName, configs: [{ name, configOperation: 0, value }] }],
        validateOnly: false,
      })
    expect(await produce(client, 't', 'x'.repeat(200))).toBe(ErrorCode.NONE)
    expect((await alter(4, '1', 'message.max.bytes', '100')).responses[0]!.errorCode).toBe(ErrorCode.NONE)
    expect(await produce(client, 't', 'x'.repeat(200))).toBe(ErrorCode.MESSAGE_TOO_LARGE)
    expect((await alter(2, 't', 'max.message.bytes', '1000')).responses[0]!.errorCode).toBe(ErrorCode.NONE)
    expect(await produce(client, 't', 'x'.repeat(200))).toBe(ErrorCode.NONE)
  })

  it('gives more partitions to a topic, which can be used at once', async () => {
    const { client, broker } = await served({ topics: [{ name: 't' }] })
    const { results } = await client.call(messages.createPartitions, 3, {
      topics: [{ name: 't', count: 5, assignments: null }],
      timeoutMs: 0,
      validateOnly: false,
    })
    expect(results[0]!.errorCode).toBe(ErrorCode.NONE)
    expect(broker.parts.partitions.get('t', 4)?.highWatermark).toBe(0)
  })

  it('describes partitions in pages', async () => {
    const { client } = await served({
      topics: [
        { name: 'b', partitions: 3 },
        { name: 'a', partitions: 2 },
      ],
    })
    const pages: string[][] = []
    let cursor: { topicName: string; partitionIndex: number } | null = null
    do {
      const page: Awaited<ReturnType<typeof ask>> = await ask(cursor)
      pages.push(
        page.topics.flatMap(({ name, partitions }) =>
          partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`),
        ),
      )
      cursor = page.nextCursor
    } while (cursor)
    expect(pages).toEqual([['a-0', 'a-1'], ['b-0', 'b-1'], ['b-2']])

    function ask(from: typeof cursor) {
      return client.call(messages.describeTopicPartitions, 0, { topics: [], responsePartitionLimit: 2, cursor: from })
    }
  })

  it('stops once, whoever asks, and tells when it has', async () => {
    const broker = await start()
    await Promise.all([broker.stop(), broker.stop()])
    await broker.stopped
  })
})

describe("a broker that can't start says why, and harms nothing", () => {
  const refused = async (options: BrokerOptions, message: RegExp): Promise<void> => {
    const failure = await startBroker({ transport: memoryTransport(), port: 0, ...options }).catch(
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(StartError)
    expect((failure as Error).message).toMatch(message)
  }

  it.each<[string, BrokerOptions, RegExp]>([
    ['a bad value', { configs: { 'num.partitions': 'x' } }, /num.partitions/],
    ["a listener that can't be read", { configs: { listeners: 'here' } }, /listeners.*PLAINTEXT:\/\/127/],
    ["a topic that can't be", { topics: [{ name: 'a b' }] }, /'a b'/],
    ['a protocol that is not served', { configs: { listeners: 'SSL://127.0.0.1:0' } }, /SSL/],
  ])('%s', async (_, options, message) => {
    await refused(options, message)
  })

  it('a taken port, before any file is made', async () => {
    const other = await start({ transport: tcpTransport })
    const disk = memoryDisk()
    await refused({ transport: tcpTransport, port: other.listeners[0]!.port, disk }, /is taken/)
    expect(disk.stat('/kts-data')).toBeUndefined()
  })

  it('a directory that another broker holds', async () => {
    const disk = memoryDisk()
    await start({ disk })
    await refused({ disk }, /in use/)
  })

  it('a directory of another node', async () => {
    const disk = memoryDisk()
    await (await start({ disk })).stop()
    await refused({ disk, configs: { 'node.id': '2' } }, /belongs to node 1/)
    const again = await start({ disk })
    expect(again.nodeId).toBe(1)
  })
})

describe('a broker whose disk fails', () => {
  it('gives up when no directory is left, and says so', async () => {
    const lines: string[] = []
    const log = logTo((_, line) => lines.push(line), 'error')
    const inner = memoryDisk()
    const disk = faultyDisk(inner)
    const { broker, client } = await served({ disk, log, topics: [{ name: 't' }] })
    disk.faults = (operation, path) =>
      operation === 'append' && path.includes('/t-0/') ? { code: 'ENOSPC' } : undefined
    await produce(client, 't', 'x').catch(() => {})
    await expect(broker.stopped).rejects.toThrow(/no log directory/)
    expect(lines.join('\n')).toMatch(/offline/)
  })
})
