import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RawClient } from '../../test/server/raw-client.js'
import { memoryTransport } from '../net/index.js'
import * as messages from '../protocol/messages/index.js'
import { BatchBuilder } from '../protocol/records/index.js'
import { startBroker } from './compose.js'
import { faultyDisk } from './disk/faulty-disk.js'
import { memoryDisk } from './disk/memory-disk.js'
import type { RunningBroker } from './running-broker.js'

const transport = memoryTransport()
const disk = faultyDisk(memoryDisk())
let broker: RunningBroker

beforeEach(async () => {
  disk.faults = () => undefined
  broker = await startBroker({
    transport,
    disk,
    port: 0,
    httpPort: 0,
    hooks: true,
    topics: [{ name: 't' }],
    configs: { 'log.dirs': '/one,/two' },
  })
})
afterEach(() => broker.stop())

async function get(path: string): Promise<{ status: number; text: string; type: string | null }> {
  const answer = await fetch(`${broker.httpUrl}${path}`)
  return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') }
}

async function send(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${broker.httpUrl}${path}`, {
    method,
    ...(body && { headers, body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: await answer.json() }
}

async function produce(...values: readonly string[]): Promise<number> {
  const client = await RawClient.connect(transport, broker.listeners[0]!.port)
  const batch = new BatchBuilder()
  for (const value of values) batch.append({ key: null, value: Buffer.from(value), timestampMs: Date.now() })
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batch.finish() }] }]
  const { responses } = await client.call(messages.produce, 9, { acks: -1, timeoutMs: 1000, topicData })
  client.connection.destroy()
  return responses[0]!.partitionResponses[0]!.errorCode
}

describe('health', () => {
  it('is ready while all directories work', async () => {
    expect((await get('/healthz')).status).toBe(200)
    expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ready\n' })
    disk.faults = (operation, path) => (operation === 'append' && path.includes('/t-0/') ? { code: 'EIO' } : undefined)
    await produce('x')
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      text: expect.stringMatching(/offline: \/(one|two)/) as string,
    })
    expect((await get('/healthz')).status).toBe(200)
  })
})

describe('metrics', () => {
  it("are Kafka's, under the names that the JMX exporter gives them", async () => {
    expect(await produce('a', 'b', 'c')).toBe(0)
    const { text, type } = await get('/metrics')
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
    for (const line of [
      'kafka_server_brokertopicmetrics_messagesin_total{topic="t"} 3',
      'kafka_server_brokertopicmetrics_messagesin_total 3',
      'kafka_network_requestmetrics_requests_total{request="Produce",version="9"} 1',
      'kafka_network_requestmetrics_errors_total{request="Produce",error="NONE"} 1',
      'kafka_network_requestmetrics_totaltimems_count{request="Produce"} 1',
      'kafka_server_replicamanager_partitioncount 1',
      'kafka_controller_kafkacontroller_globaltopiccount 1',
      'kafka_server_kafkaserver_brokerstate 3',
      'kafka_log_log_logendoffset{topic="t",partition="0"} 3',
      'kafka_log_logmanager_offlinelogdirectorycount 0',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
  })

  it('are well-formed: every sample belongs to the family before it, and no sample stands twice', async () => {
    await produce('a')
    const seen = new Set<string>()
    let family = ''
    for (const line of (await get('/metrics')).text.trimEnd().split('\n')) {
      if (line.startsWith('# TYPE ')) family = line.split(' ')[2]!
      if (line.startsWith('#')) continue
      const [, name, labels = '', value] = /^([a-z_]+)(\{.*\})? (\S+)$/.exec(line) ?? []
      expect([line, name]).toEqual([line, family])
      expect(Number.isFinite(Number(value))).toBe(true)
      expect(seen.has(name! + labels)).toBe(false)
      seen.add(name! + labels)
    }
    expect(seen.size).toBeGreaterThan(40)
  })
})

describe('hooks over HTTP', () => {
  it('set, show, await and remove faults', async () => {
    const set = await send('POST', '/hooks/faults', { api: 'Produce', error: 'KAFKA_STORAGE_ERROR', times: 'always' })
    expect(set).toMatchObject({ status: 200, body: { id: 1, hits: 0 } })
    expect(await produce('x')).toBe(56)
    expect(await send('POST', '/hooks/faults/1/wait', { hits: 1 })).toMatchObject({ status: 200, body: { hits: 1 } })
    expect(await send('POST', '/hooks/faults/1/wait', { hits: 2, timeoutMs: 5 })).toMatchObject({ status: 408 })
    expect(await send('DELETE', '/hooks/faults/1')).toMatchObject({ status: 200 })
    expect(await send('GET', '/hooks/faults')).toEqual({ status: 200, body: [] })
    expect(await produce('x')).toBe(0)
    expect(await send('GET', '/hooks/requests?api=Produce')).toMatchObject({ body: [{ faultId: 1 }, {}] })
  })

  it('wait for the high watermark, move the clock, and reset', async () => {
    await produce('x')
    const place = { topic: 't', partition: 0 }
    expect((await send('POST', '/hooks/wait/high-watermark', { ...place, offset: 1 })).status).toBe(200)
    expect((await send('POST', '/hooks/wait/topic', { topic: 't' })).status).toBe(200)
    const beforeMs = broker.parts.clock.now()
    expect((await send('POST', '/hooks/clock/advance', { ms: 3_600_000 })).status).toBe(200)
    expect(broker.parts.clock.now() - beforeMs).toBeGreaterThanOrEqual(3_600_000)
    expect((await send('POST', '/hooks/reset')).status).toBe(200)
  })

  it.each([
    ['POST', '/hooks/faults', { error: 'NONSENSE' }, 400, /no error/],
    ['POST', '/hooks/faults/7/wait', {}, 404, /no fault 7/],
    ['POST', '/hooks/wait/group', { members: 1 }, 400, /'group' is missing/],
    ['POST', '/hooks/wait/group', { group: 'g', size: 1 }, 400, /no 'size'/],
    ['POST', '/hooks/wait/group', { group: 5 }, 400, /must be a string/],
    ['GET', '/nowhere', undefined, 404, /there is no GET/],
  ])('%s %s with what is wrong is told so', async (method, path, body, status, message) => {
    const answer = await send(method, path, body)
    expect(answer.status).toBe(status)
    expect((answer.body as { error: string }).error).toMatch(message)
  })
})
