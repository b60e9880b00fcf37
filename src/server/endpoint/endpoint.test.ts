import { afterEach, describe, expect, it } from 'vitest'
import { virtualClock, type VirtualClock } from '../../base/clock.js'
import { logTo, silentLog, type Log } from '../../base/log.js'
import { memoryTransport } from '../../net/index.js'
import { ErrorCode } from '../../protocol/errors.js'
import { correlationIdOf, decodeResponse, encodeRequest } from '../../protocol/header.js'
import * as messages from '../../protocol/messages/index.js'
import { apiVersionsHandler } from '../api/api-versions.js'
import { closeConnection, handler, noAnswer, type Answer, type Handler } from '../api/handler.js'
import type { Broker } from '../broker.js'
import { BrokerSettings } from '../config/broker-settings.js'
import { ClusterView } from '../metadata/cluster-view.js'
import { Dispatch } from './dispatch.js'
import { Endpoint } from './endpoint.js'
import { RawClient } from '../../../test/server/raw-client.js'

type Heartbeat = typeof messages.heartbeat

/** Sends a heartbeat whose group tells the test which it is. */
function beat(client: RawClient, correlationId: number, groupId = 'g'): void {
  const body = { groupId, generationId: 0, memberId: '' }
  client.connection.write(encodeRequest(messages.heartbeat, 4, correlationId, 'test', body))
}

const MIB = 1024 * 1024
let endpoint: Endpoint
let clock: VirtualClock
const logged: string[] = []

/** An endpoint that serves these handlers, with a client connected to it. */
async function serve(
  handlers: readonly Handler[],
  options: { settings?: Record<string, string>; chunkBytes?: number; log?: Log } = {},
): Promise<{ connect: () => Promise<RawClient>; client: RawClient }> {
  const transport = memoryTransport({ chunkBytes: options.chunkBytes })
  clock = virtualClock()
  const settings = new BrokerSettings(new Map(Object.entries(options.settings ?? {})))
  const cluster = new ClusterView('cluster', 1, silentLog)
  const log = options.log ?? silentLog
  endpoint = new Endpoint(transport, settings, clock, log)
  const [address] = await endpoint.bind([
    { name: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: '127.0.0.1', port: 0, advertised: undefined },
  ])
  endpoint.serve(new Dispatch(handlers, { cluster, settings } as unknown as Broker, log))
  const connect = (): Promise<RawClient> => RawClient.connect(transport, address!.port)
  return { connect, client: await connect() }
}

afterEach(async () => {
  const stopped = endpoint.stop()
  await clock.advance(1000)
  await stopped
  logged.length = 0
})

const ok = { errorCode: ErrorCode.NONE }

/** Heartbeats that are answered when told to, by their group. */
function held(): {
  handler: Handler
  started: string[]
  answer: (groupId: string, answer?: Answer<Heartbeat>) => void
} {
  const waiting = new Map<string, (answer: Answer<Heartbeat>) => void>()
  const started: string[] = []
  return {
    started,
    answer: (groupId, answer = ok) => waiting.get(groupId)!(answer),
    handler: handler(messages.heartbeat, () => ({ groupId }) => {
      started.push(groupId)
      return new Promise<Answer<Heartbeat>>((resolve) => waiting.set(groupId, resolve))
    }),
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe('a client connection', () => {
  it('starts requests in order and answers them in that order, whichever is ready first', async () => {
    const gate = held()
    const { client } = await serve([gate.handler])
    for (const [i, group] of ['a', 'b', 'c'].entries()) beat(client, i, group)
    await settle()
    expect(gate.started).toEqual(['a', 'b', 'c'])
    gate.answer('c')
    gate.answer('b')
    await settle()
    expect(client.frames).toEqual([])
    gate.answer('a')
    expect((await client.answers(3)).map(correlationIdOf)).toEqual([0, 1, 2])
  })

  it('starts no more than it may have in flight, and goes on when some are answered', async () => {
    const gate = held()
    const { client } = await serve([gate.handler])
    for (let i = 0; i < 150; i++) beat(client, i, String(i))
    await settle()
    expect(gate.started).toHaveLength(100)
    for (let i = 0; i < 50; i++) gate.answer(String(i))
    await settle()
    expect(gate.started).toHaveLength(150)
    for (let i = 50; i < 150; i++) gate.answer(String(i))
    expect((await client.answers(150)).map(correlationIdOf)).toEqual(Array.from({ length: 150 }, (_, i) => i))
  })

  it('starts no more bytes than it may have in flight, but one request of any size', async () => {
    const started: { size: number; answer: () => void }[] = []
    const large = handler(messages.saslAuthenticate, () => ({ authBytes }) => {
      const done = { errorCode: ErrorCode.NONE, errorMessage: null, authBytes: Buffer.alloc(0) }
      return new Promise((resolve) => started.push({ size: authBytes.length / MIB, answer: () => resolve(done) }))
    })
    const { client } = await serve([large])
    const sizes = [7, 7, 7, 20, 1]
    for (const [i, size] of sizes.entries()) {
      const body = { authBytes: Buffer.alloc(size * MIB) }
      client.connection.write(encodeRequest(messages.saslAuthenticate, 1, i, 'test', body))
    }
    const sizesStarted = async (count: number): Promise<number[]> => {
      while (started.length < count) await settle()
      await settle()
      return started.map(({ size }) => size)
    }
    // 14 MiB leave room for a request, whatever its size; 21 MiB do not
    expect(await sizesStarted(3)).toEqual([7, 7, 7])
    started[0]!.answer()
    expect(await sizesStarted(4)).toEqual([7, 7, 7, 20])
    started[1]!.answer()
    started[2]!.answer()
    expect(await sizesStarted(4)).toEqual([7, 7, 7, 20])
    started[3]!.answer()
    expect(await sizesStarted(5)).toEqual(sizes)
    started[4]!.answer()
    expect((await client.answers(5)).map(correlationIdOf)).toEqual([0, 1, 2, 3, 4])
  })

  it('reads frames however they are cut', async () => {
    const { client } = await serve([handler(messages.heartbeat, () => () => ok)], { chunkBytes: 3 })
    for (let i = 0; i < 20; i++) beat(client, i)
    expect((await client.answers(20)).map(correlationIdOf)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  it('does not read on from a client that takes no answers', async () => {
    let started = 0
    const broker = { brokerId: 1, host: 'x'.repeat(30_000), port: 1 }
    const answer = { clusterId: '', errorCode: ErrorCode.NONE, brokers: Array(30).fill(broker) as (typeof broker)[] }
    const { client } = await serve([handler(messages.describeCluster, () => () => (started++, answer))])
    client.connection.pause()
    const body = { includeClusterAuthorizedOperations: false }
    for (let i = 0; i < 50; i++) client.connection.write(encodeRequest(messages.describeCluster, 0, i, null, body))
    await settle()
    expect(started).toBeLessThan(10)
    client.connection.resume()
    await client.answers(50)
    expect(started).toBe(50)
  })

  it('answers nothing where nothing is to be answered, and keeps the order around it', async () => {
    const gate = held()
    const { client } = await serve([gate.handler])
    beat(client, 0, 'a')
    beat(client, 1, 'b')
    await settle()
    gate.answer('a', noAnswer)
    gate.answer('b')
    expect((await client.answers(1)).map(correlationIdOf)).toEqual([1])
  })

  it('answers what came before, then closes, when a handler says so', async () => {
    const gate = held()
    const { client } = await serve([gate.handler])
    for (const [i, group] of ['a', 'b', 'c'].entries()) beat(client, i, group)
    await settle()
    gate.answer('b', closeConnection)
    gate.answer('c')
    gate.answer('a')
    await client.closed
    expect(client.frames.map(correlationIdOf)).toEqual([0])
  })

  it('tells handlers when the client is gone', async () => {
    let signal: AbortSignal | undefined
    const waiting = handler(messages.heartbeat, () => (_, context) => {
      signal = context.signal
      return new Promise(() => {})
    })
    const { client } = await serve([waiting])
    beat(client, 0)
    await settle()
    expect(signal!.aborted).toBe(false)
    client.connection.destroy()
    await settle()
    expect(signal!.aborted).toBe(true)
    expect(endpoint.connectionCount).toBe(0)
  })

  it('answers UNKNOWN_SERVER_ERROR when a handler fails, now or later, and logs it', async () => {
    const log = logTo((level, message) => logged.push(`${level} ${message}`), 'error')
    const failing = handler(messages.heartbeat, () => ({ groupId }) => {
      if (groupId === 'now') throw new Error('bug')
      return Promise.reject(new Error('bug'))
    })
    const { client } = await serve([failing], { log })
    beat(client, 0, 'now')
    beat(client, 1, 'later')
    for (const frame of await client.answers(2)) {
      expect(decodeResponse(messages.heartbeat, 4, frame).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR)
    }
    expect(logged).toEqual(Array(2).fill('error Heartbeat v4 of client test failed unexpectedly'))
  })
})

describe('what is refused', () => {
  const beats = handler(messages.heartbeat, () => () => ok)
  const frame = (...parts: readonly Buffer[]): Buffer[] => {
    const size = Buffer.alloc(4)
    size.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0))
    return [size, ...parts]
  }
  const header = (key: number, version: number): Buffer => {
    const out = Buffer.alloc(10)
    out.writeInt16BE(key, 0)
    out.writeInt16BE(version, 2)
    out.writeInt32BE(7, 4)
    out.writeInt16BE(-1, 8)
    return out
  }

  it.each([
    ['an API that is not served', frame(header(1, 12), Buffer.alloc(40))],
    ['a version that is not served', frame(header(12, 99), Buffer.alloc(40))],
    ['a body that ends too soon', frame(header(12, 0), Buffer.alloc(2))],
    ['a header that ends too soon', frame(Buffer.alloc(3))],
    ['an empty frame', frame()],
    ['a negative size', [Buffer.from([0xff, 0xff, 0xff, 0xff])]],
    ['a size above socket.request.max.bytes', [Buffer.from([0x7f, 0xff, 0xff, 0xff])]],
  ])('%s closes the connection, after the answers that are due', async (_, bytes) => {
    const { client, connect } = await serve([beats])
    beat(client, 3)
    client.connection.write(bytes)
    await client.closed
    expect(client.frames.map(correlationIdOf)).toEqual([3])
    const other = await connect()
    beat(other, 4)
    expect((await other.answers(1)).map(correlationIdOf)).toEqual([4])
  })

  it('keeps to socket.request.max.bytes', async () => {
    const { client } = await serve([beats], { settings: { 'socket.request.max.bytes': '50' } })
    beat(client, 0, 'x'.repeat(60))
    await client.closed
    expect(client.frames).toEqual([])
  })

  it('keeps to max.connections.per.ip', async () => {
    const { connect } = await serve([beats], { settings: { 'max.connections.per.ip': '1' } })
    await settle()
    await (
      await connect()
    ).closed
    expect(endpoint.connectionCount).toBe(1)
  })

  it('keeps to max.connections.per.ip.overrides', async () => {
    const settings = { 'max.connections.per.ip': '0', 'max.connections.per.ip.overrides': '10.0.0.1:1,127.0.0.1:2' }
    const { connect } = await serve([beats], { settings })
    await connect()
    await (
      await connect()
    ).closed
    expect(endpoint.connectionCount).toBe(2)
  })
})

describe('ApiVersions', () => {
  const handlers: Handler[] = [
    handler(messages.heartbeat, () => () => ok),
    handler(messages.produce, () => () => noAnswer),
    apiVersionsHandler(() => handlers.map(({ api }) => api)),
  ]
  const ask = { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }

  it('tells what is served, Produce from 0 on', async () => {
    const { client } = await serve(handlers)
    client.connection.write(encodeRequest(messages.apiVersions, 3, 1, null, ask))
    const answer = decodeResponse(messages.apiVersions, 3, (await client.answers(1))[0]!)
    expect(answer.errorCode).toBe(ErrorCode.NONE)
    expect(answer.apiKeys).toEqual([
      { apiKey: 0, minVersion: 0, maxVersion: 13 },
      { apiKey: 12, minVersion: 0, maxVersion: 4 },
      { apiKey: 18, minVersion: 0, maxVersion: 4 },
    ])
  })

  it('answers a version from the future in version 0, with its own range', async () => {
    const { client } = await serve(handlers)
    const [first, ...rest] = encodeRequest(messages.apiVersions, 4, 1, null, ask)
    first!.writeInt16BE(99, 6)
    client.connection.write([first!, ...rest])
    const answer = decodeResponse(messages.apiVersions, 0, (await client.answers(1))[0]!)
    expect(answer.errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION)
    expect(answer.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }])
  })

  it('refuses a client software name that breaks the rule', async () => {
    const { client } = await serve(handlers)
    client.connection.write(encodeRequest(messages.apiVersions, 3, 1, null, { ...ask, clientSoftwareName: '-x' }))
    const answer = decodeResponse(messages.apiVersions, 3, (await client.answers(1))[0]!)
    expect(answer.errorCode).toBe(ErrorCode.INVALID_REQUEST)
  })
})

describe('an endpoint', () => {
  it('closes connections that were silent for connections.max.idle.ms, and no others', async () => {
    const gate = held()
    const settings = { 'connections.max.idle.ms': '1000' }
    const { client, connect } = await serve([gate.handler], { settings })
    const busy = await connect()
    beat(busy, 0, 'waits')
    await settle()
    await clock.advance(900)
    expect(endpoint.connectionCount).toBe(2)
    await clock.advance(200)
    await client.closed
    await settle()
    expect(endpoint.connectionCount).toBe(1)
    gate.answer('waits')
    await busy.answers(1)
    await clock.advance(1500)
    await busy.closed
  })

  it('answers what is under way when it stops, and takes nothing new', async () => {
    const gate = held()
    const { client, connect } = await serve([gate.handler])
    beat(client, 0, 'a')
    await settle()
    const stopped = endpoint.stop()
    await settle()
    beat(client, 1, 'b')
    await expect(connect()).rejects.toThrow()
    gate.answer('a')
    await stopped
    await client.closed
    expect(client.frames.map(correlationIdOf)).toEqual([0])
    expect(gate.started).toEqual(['a'])
  })
})
