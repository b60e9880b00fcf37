/** How the wire driver finds and leaves brokers: several listeners, brokers that are gone or frozen, others in their place. */
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { createDriver, wireAdmin } from 'kts-kafka/client'
import { startBroker } from 'kts-kafka/server'
import { EmbeddedKafka } from 'kts-kafka/testing'
import { describe, expect, it } from 'vitest'
import { producerOptions } from '../src/testing/driver-contract/harness.js'

/** Takes connections, and never says a word. */
async function frozen(): Promise<{ address: string; taken: () => number; stop: () => void }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => sockets.add(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: () => sockets.size,
    stop: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('a cluster', () => {
  it('is spoken to through the listener that we came by', async () => {
    const broker = await startBroker({
      configs: {
        listeners: 'PLAINTEXT://127.0.0.1:0,INSIDE://127.0.0.1:0',
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
      },
    })
    const ports = broker.listeners.map(({ port }) => port)
    expect(new Set(ports).size).toBe(2)
    for (const port of ports) {
      const admin = wireAdmin({ bootstrapServers: [`127.0.0.1:${port}`] })
      expect((await admin.describeCluster()).nodes.map((node) => node.port)).toEqual([port])
      admin.close()
    }
    await broker.stop()
  })

  it('that has gone is looked for anew where we began, and may be another', async () => {
    const first = await EmbeddedKafka.start({ topics: ['first'] })
    const second = await EmbeddedKafka.start({ topics: ['second'] })
    const bootstrapServers = [first.bootstrapServers, second.bootstrapServers]
    const admin = createDriver({ driver: 'wire', bootstrapServers }).admin()
    await admin.connect()
    const [before] = await admin.listTopics()
    const [gone, left] = before === 'first' ? [first, second] : [second, first]
    await gone.stop()
    expect(await admin.listTopics()).toEqual([before === 'first' ? 'second' : 'first'])
    await admin.close()
    await left.stop()
  })

  it('is found past a bootstrap server that is frozen', async () => {
    await using broker = await EmbeddedKafka.start({ topics: ['there'] })
    const ice = await frozen()
    const bootstrapServers = [ice.address, broker.bootstrapServers]
    for (let i = 0; i < 4; i++) {
      const admin = createDriver({ driver: 'wire', bootstrapServers, connectionTimeoutMs: 200 }).admin()
      expect(await admin.listTopics()).toEqual(['there'])
      await admin.close()
    }
    ice.stop()
  })
})

describe('closing', () => {
  it('is not held up by a broker that does not answer', async () => {
    const ice = await frozen()
    const driver = createDriver({ driver: 'wire', bootstrapServers: [ice.address] })
    const admin = driver.admin()
    const producer = driver.producer(producerOptions())
    const failures = [admin.listTopics(), producer.connect()].map((work) =>
      expect(work).rejects.toMatchObject({ kind: 'closed' }),
    )
    await expect.poll(ice.taken).toBe(2)
    const sinceMs = performance.now()
    await Promise.all([admin.close(), producer.close(100)])
    await Promise.all(failures)
    expect(performance.now() - sinceMs).toBeLessThan(1_000)
    ice.stop()
  })
})
