/**
 * Nothing is left behind by connections that are lost: 10,000 of them in full (KTS_RECONNECTS), a slice otherwise. What a
 * reconnect would leak shows as heap, as handles of the process, or as listeners on a signal that lives on.
 */
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { getEventListeners, once } from 'node:events'
import { expect, it } from 'vitest'
import { wallClock } from '../../src/base/clock.js'
import { silentLog } from '../../src/base/log.js'
import { systemRandom } from '../../src/base/random.js'
import { Reader } from '../../src/base/bytes.js'
import { Cluster } from '../../src/client/wire/cluster.js'
import { toDriverError } from '../../src/client/wire/errors.js'
import { FrameReader, tcpTransport } from '../../src/net/index.js'
import { encodeResponse, messages, readRequestHeader } from '../../src/protocol/index.js'
import { sized } from './sizes.js'

const reconnects = sized('KTS_RECONNECTS', 300)
const HEAP_GROWTH_MIB_MAX = 4
const BACK_OFF_MS_MAX = 1_200
const clock = wallClock()

it(
  `${reconnects} lost connections leave nothing behind`,
  async () => {
    const { port, stop } = await hangingUp()
    const cluster = new Cluster({
      connection: { bootstrapServers: [`127.0.0.1:${port}`], clientId: 'reconnects' },
      // the back-off is tested elsewhere: its waits, and no time-outs, are cut short
      clock: { ...clock, after: (ms, task) => clock.after(ms <= BACK_OFF_MS_MAX ? 1 : ms, task) },
      transport: tcpTransport,
      random: systemRandom,
      log: silentLog,
    })
    const lose = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        // not by expect: the runner keeps each promise that it is given
        const failure = await cluster.refresh([]).then(() => undefined, toDriverError)
        if (failure?.kind !== 'retriable') throw failure ?? new Error('it was answered')
      }
    }
    await lose(Math.min(reconnects / 3, 500))
    const before = await held(cluster)
    await lose(reconnects)
    const after = await held(cluster)
    cluster.close()
    stop()
    expect(after.listeners).toBe(before.listeners)
    expect(after.handles).toBeLessThanOrEqual(before.handles + 2)
    if (globalThis.gc) expect(after.heapMiB - before.heapMiB).toBeLessThan(HEAP_GROWTH_MIB_MAX)
  },
  30_000 + reconnects * 20,
)

async function held(cluster: Cluster): Promise<{ heapMiB: number; handles: number; listeners: number }> {
  // sockets that were destroyed are let go of in a later turn
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc?.()
  const handles = process
    .getActiveResourcesInfo()
    .filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout').length
  const heapMiB = process.memoryUsage().heapUsed / 2 ** 20
  return { heapMiB, handles, listeners: getEventListeners(cluster.signal, 'abort').length }
}

/** Tells its versions and hangs up on whatever is asked next. */
async function hangingUp(): Promise<{ port: number; stop: () => void }> {
  const { apiVersions, metadata } = messages
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const frames = new FrameReader(100_000)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      frames.push(chunk)
      for (let frame = frames.next(); frame; frame = frames.next()) {
        const header = readRequestHeader(new Reader(frame))
        if (header.apiKey !== apiVersions.key) return socket.destroy()
        const apiKeys = [apiVersions, metadata].map(({ key, versions: [minVersion, maxVersion] }) => ({
          apiKey: key,
          minVersion,
          maxVersion,
        }))
        const body = { errorCode: 0, apiKeys, finalizedFeatures: [] }
        for (const part of encodeResponse(apiVersions, header.apiVersion, header.correlationId, body))
          socket.write(part)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
