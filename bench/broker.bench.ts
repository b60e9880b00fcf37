/**
 * Beside Apache Kafka on the same machine, each alone, in turns: Kafka's own ProducerPerformance and ConsumerPerformance,
 * acks=all, files on disk, one node, defaults of both, the JVM as Kafka's scripts start it. The figure to watch is the ratio.
 *
 * Needs Java and Maven for Kafka itself (test/interop/kafka.sh brings it); without Java it says so and does nothing.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median, whole, type Table } from './report.js'
import { startServer, usageOf } from './server.js'

const ROUNDS = 3
const PARTITIONS = 3
const WARM_UP_RECORDS = 300_000
const LOADS = [
  { name: '100 B', bytes: 100, records: 1_000_000 },
  { name: '1 KiB', bytes: 1024, records: 300_000 },
]
const KAFKA_PORT = 19_492

interface Peer {
  readonly bootstrap: string
  readonly startMs: number
  residentMiB(): number
  stop(): Promise<void>
}

const peers: Readonly<Record<string, () => Promise<Peer>>> = { 'kts-server': ktsServer, 'Apache Kafka': apacheKafka }

export async function main(): Promise<Table[]> {
  if (!hasJava()) {
    console.log('skipped: there is no Java to run Apache Kafka and its tools')
    return []
  }
  const figures = new Map<string, number[]>()
  const note = (what: string, peer: string, figure: number): void => {
    const name = `${what}/${peer}`
    figures.set(name, [...(figures.get(name) ?? []), figure])
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, start] of Object.entries(peers)) {
      const peer = await start()
      note('start', name, peer.startMs)
      note('idle', name, peer.residentMiB())
      await produce(peer, 'warm-up', 100, WARM_UP_RECORDS)
      await consume(peer, 'warm-up', WARM_UP_RECORDS)
      for (const load of LOADS) {
        const topic = `load-${load.bytes}`
        const produced = await produce(peer, topic, load.bytes, load.records)
        note(`produce ${load.name}`, name, produced.perSecond)
        note(`latency ${load.name}`, name, produced.p99Ms)
        note(`consume ${load.name}`, name, await consume(peer, topic, load.records))
      }
      note('loaded', name, peer.residentMiB())
      await peer.stop()
    }
  }

  const row = (title: string, what: string, unit: string): string[] => {
    const [ours, theirs] = Object.keys(peers).map((peer) => median(figures.get(`${what}/${peer}`)!))
    const text = (figure: number): string => `${whole(figure)} ${unit}`
    return [title, text(ours!), text(theirs!), (ours! / theirs!).toFixed(2)]
  }
  const rows = [
    ...LOADS.map(({ name }) => row(`produce ${name}, acks=all`, `produce ${name}`, 'records/s')),
    ...LOADS.map(({ name }) => row(`its latency, 99th percentile`, `latency ${name}`, 'ms')),
    ...LOADS.map(({ name }) => row(`consume ${name}`, `consume ${name}`, 'records/s')),
    row('start', 'start', 'ms'),
    row('resident, just started', 'idle', 'MiB'),
    row('resident, after all that', 'loaded', 'MiB'),
  ]
  return [{ head: ['', 'kts-server', 'Apache Kafka', 'ratio'], rows }]
}

async function produce(peer: Peer, topic: string, bytes: number, records: number) {
  const { bootstrap } = peer
  const create = `--bootstrap-server ${bootstrap} --create --topic ${topic} --partitions ${PARTITIONS}`
  await tool('kafka-topics', create)
  const said = await tool(
    'kafka-producer-perf-test',
    `--topic ${topic} --num-records ${records} --record-size ${bytes} --throughput -1
     --command-property bootstrap.servers=${bootstrap} acks=all`,
  )
  const total = said.trim().split('\n').at(-1)!
  const perSecond = Number(/([\d.]+) records\/sec/.exec(total)![1])
  const p99Ms = Number(/(\d+) ms 99th/.exec(total)![1])
  return { perSecond, p99Ms }
}

/** Records a second, from the first fetch on. */
async function consume({ bootstrap }: Peer, topic: string, records: number): Promise<number> {
  const options = `--bootstrap-server ${bootstrap} --topic ${topic} --num-records ${records} --hide-header`
  const said = await tool('kafka-consumer-perf-test', options)
  return Number(said.trim().split('\n').at(-1)!.split(',').at(-1))
}

async function ktsServer(): Promise<Peer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kts-bench-'))
  const server = await startServer('--data-dir', dataDir)
  return {
    bootstrap: server.bootstrapServers,
    startMs: server.readyMs,
    residentMiB: () => server.usage().residentMiB,
    async stop() {
      await server.stop()
      rmSync(dataDir, { recursive: true })
    },
  }
}

/** Started twice: the first start formats its storage. */
async function apacheKafka(): Promise<Peer> {
  const port = String(KAFKA_PORT)
  await kafka(BROKER_JVM, 'start', '--port', port)
  await kafka(BROKER_JVM, 'stop', '--port', port)
  const sinceMs = performance.now()
  await kafka(BROKER_JVM, 'start', '--keep', '--port', port)
  const startMs = performance.now() - sinceMs
  const pid = Number(readFileSync(`${root}.interop/kafka/run/${port}/0/pid`, 'utf8'))
  return {
    bootstrap: `127.0.0.1:${port}`,
    startMs,
    residentMiB: () => usageOf(pid).residentMiB,
    stop: async () => void (await kafka(BROKER_JVM, 'stop', '--port', port)),
  }
}

// kafka-run-class.sh, kafka-server-start.sh and kafka-*-perf-test.sh
const G1 = '-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35'
const BROKER_JVM = `-Xmx1G -Xms1G ${G1}`
const TOOL_JVM = `-Xmx512M ${G1}`
const root = fileURLToPath(new URL('../../', import.meta.url))

const tool = (name: string, options: string): Promise<string> =>
  kafka(TOOL_JVM, 'tool', name, ...options.trim().split(/\s+/))

async function kafka(jvm: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, KAFKA_JVM_OPTS: jvm }
  const { stdout } = await promisify(execFile)('bash', [`${root}test/interop/kafka.sh`, ...args], { env })
  return stdout
}

function hasJava(): boolean {
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
