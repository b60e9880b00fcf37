/**
 * Many of everything on one broker: 1,000 topics of 10 partitions, in memory and on disk, 2,000 idle connections, 100
 * consumers that join one group at once and leave it again.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createDriver, type ConsumerPort } from 'kts-kafka/client'
import { startPulse } from './pulse.js'
import { whole, type Table } from './report.js'
import { startServer, type Server } from './server.js'

const TOPICS = 1_000
const PARTITIONS = 10
const CONNECTIONS = 2_000
const CONSUMERS = 100
const IDLE_MS = 10_000

export async function main(): Promise<Table[]> {
  const rows = [await topics('in memory'), await topicsOnDisk(), await connections(), ...(await consumers())]
  return [{ head: ['what', 'took', 'longest wait of others', 'resident', 'idle CPU'], rows }]
}

type Row = [what: string, took: string, longestWait: string, resident: string, idleCpu: string]

async function topicsOnDisk(): Promise<Row> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kts-bench-'))
  try {
    return await topics('on disk', '--data-dir', dataDir)
  } finally {
    rmSync(dataDir, { recursive: true })
  }
}

async function topics(where: string, ...flags: string[]): Promise<Row> {
  const server = await startServer(...flags)
  const pulse = await startPulse(server.bootstrapServers)
  const driver = createDriver({ bootstrapServers: [server.bootstrapServers] })
  const admin = driver.admin()
  await admin.connect()
  const sinceMs = performance.now()
  const wanted = Array.from({ length: TOPICS }, (_, i) => ({
    name: `topic-${i}`,
    partitions: PARTITIONS,
    replicationFactor: 1,
    configs: {},
  }))
  for (let at = 0; at < TOPICS; at += 100) await admin.createTopics(wanted.slice(at, at + 100), 60_000)
  const tookMs = performance.now() - sinceMs
  const waitedMs = pulse.stop()
  await admin.close()
  await driver.close()
  return settle(server, `${whole(TOPICS)} topics of ${PARTITIONS} partitions created ${where}`, tookMs, waitedMs)
}

async function connections(): Promise<Row> {
  const server = await startServer()
  const [host, port] = server.bootstrapServers.split(':')
  const pulse = await startPulse(server.bootstrapServers)
  const sinceMs = performance.now()
  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), host)
      socket.once('error', reject)
      socket.once('connect', () => resolve(socket))
    })
  const sockets: Socket[] = []
  for (let at = 0; at < CONNECTIONS; at += 100) {
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, open))))
  }
  const tookMs = performance.now() - sinceMs
  const waitedMs = pulse.stop()
  const found = await settle(server, `${whole(CONNECTIONS)} connections opened`, tookMs, waitedMs)
  for (const socket of sockets) socket.destroy()
  return found
}

async function consumers(): Promise<Row[]> {
  const server = await startServer('--topic', `bench:${CONSUMERS}`)
  const driver = createDriver({ bootstrapServers: [server.bootstrapServers] })
  const owned = new Map<ConsumerPort, number>()
  let allOwned!: () => void
  const assigned = new Promise<void>((resolve) => (allOwned = resolve))
  const total = (): number => [...owned.values()].reduce((sum, count) => sum + count, 0)
  const members = Array.from({ length: CONSUMERS }, () =>
    driver.consumer({
      groupId: 'bench',
      assignors: ['range'],
      groupProtocol: 'classic',
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 60_000,
      heartbeatIntervalMs: 1_000,
      fetchMinBytes: 1,
      fetchMaxBytes: 1024 * 1024,
      fetchMaxBytesPerPartition: 1024 * 1024,
      fetchMaxWaitMs: 500,
      isolation: 'read_uncommitted',
      metadataMaxAgeMs: 300_000,
    }),
  )
  const joining = await startPulse(server.bootstrapServers)
  const joinMs = performance.now()
  await Promise.all(
    members.map((member) =>
      member.start(
        { topics: ['bench'] },
        {
          onAssigned(partitions) {
            owned.set(member, partitions.length)
            if (owned.size === CONSUMERS && total() === CONSUMERS) allOwned()
            return Promise.resolve(partitions.map((tp) => ({ ...tp, start: 'earliest' as const })))
          },
          onRevoked: () => Promise.resolve(void owned.set(member, 0)),
          onLost: () => void owned.set(member, 0),
          onRecords: () => {},
          onOffsetOutOfRange: () => {},
          onState: () => {},
        },
      ),
    ),
  )
  await assigned
  const joinedMs = performance.now() - joinMs
  const joinWaitMs = joining.stop()
  const { residentMiB } = server.usage()
  const leaving = await startPulse(server.bootstrapServers)
  const leaveMs = performance.now()
  await Promise.all(members.map((member) => member.close(30_000)))
  const leftMs = performance.now() - leaveMs
  const leaveWaitMs = leaving.stop()
  await driver.close()
  const left = await settle(server, `${CONSUMERS} consumers left at once`, leftMs, leaveWaitMs)
  return [row(`${CONSUMERS} consumers joined one group at once`, joinedMs, joinWaitMs, residentMiB, ''), left]
}

/** Lets the server come to rest, then looks at what it uses doing nothing. */
async function settle(server: Server, what: string, tookMs: number, waitedMs: number): Promise<Row> {
  await wait(1_000)
  const before = server.usage()
  await wait(IDLE_MS)
  const after = server.usage()
  await server.stop()
  const idle = ((after.cpuMs - before.cpuMs) / IDLE_MS) * 100
  return row(what, tookMs, waitedMs, after.residentMiB, `${idle.toFixed(1)} %`)
}

function row(what: string, tookMs: number, waitedMs: number, residentMiB: number, idleCpu: string): Row {
  return [what, `${whole(tookMs)} ms`, `${whole(waitedMs)} ms`, `${residentMiB} MiB`, idleCpu]
}
