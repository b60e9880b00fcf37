// The broker under test. TARGET=kts (the default) is the built kts-server; TARGET=kafka is Apache Kafka itself, on
// which every case must pass too: that proves the case.
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { type TestContext, afterAll, beforeAll } from 'vitest'
import { Running, home, kafkaTool, root, run } from './commands.js'

export interface Target {
  readonly name: 'kts' | 'kafka'
  /** host:port, the same after a restart. */
  readonly bootstrap: string
  /** The folder that holds `<topic>-<partition>` folders. */
  readonly dataDir: string
  /** An unclean end, then a start on the same data. */
  kill(): Promise<void>
  start(): Promise<void>
  /** A clean end. */
  stop(): Promise<void>
}

export const targetName: Target['name'] = process.env['TARGET'] === 'kafka' ? 'kafka' : 'kts'

/** A started broker for the cases of one file, stopped after them. */
export function useTarget(settings: Readonly<Record<string, string>> = {}): () => Target {
  let target: Target | undefined
  beforeAll(async () => {
    target = await startTarget(settings)
  })
  afterAll(() => target?.stop())
  return () => {
    if (target === undefined) throw new Error('the target is there only inside a case')
    return target
  }
}

export async function startTarget(
  settings: Readonly<Record<string, string>> = {},
  name: Target['name'] = targetName,
): Promise<Target> {
  const target = name === 'kafka' ? await apacheKafka(settings) : await ktsServer(settings)
  await target.start()
  return target
}

/** Where clients find it, if the settings say so: the first of its own listeners. */
const ownBootstrap = ({ listeners }: Readonly<Record<string, string>>): string | undefined =>
  listeners === undefined ? undefined : /:\/\/([^,]+)/.exec(listeners)![1]

async function ktsServer(settings: Readonly<Record<string, string>>): Promise<Target> {
  mkdirSync(`${home}/work`, { recursive: true })
  const dataDir = mkdtempSync(`${home}/work/kts-`)
  const port = await freePort()
  const overrides = Object.entries({ 'group.initial.rebalance.delay.ms': '0', ...settings })
  const own = ownBootstrap(settings)
  const args = [`${root}dist/bin/kts-server.js`, ...(own === undefined ? ['-p', String(port)] : []), '-d', dataDir]
  for (const [key, value] of overrides) args.push('-o', `${key}=${value}`)
  let server: Running | undefined
  return {
    name: 'kts',
    bootstrap: own ?? `127.0.0.1:${port}`,
    dataDir,
    async start() {
      server = new Running(process.execPath, args)
      await server.until('kts-server ready', (lines) => lines.some((line) => line.startsWith('kts-server ready on ')))
    },
    async kill() {
      await server?.end('SIGKILL')
    },
    async stop() {
      await server?.end('SIGTERM')
    },
  }
}

async function apacheKafka(settings: Readonly<Record<string, string>>): Promise<Target> {
  const port = String(await freePort())
  const script = `${root}test/interop/kafka.sh`
  const { listeners } = settings
  const own = listeners && {
    listeners: `${listeners},CONTROLLER://127.0.0.1:${Number(port) + 1000}`,
    'advertised.listeners': listeners,
  }
  const overrides = Object.entries({ ...settings, ...own }).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const folder = `${home}/kafka/run/${port}/0`
  return {
    name: 'kafka',
    bootstrap: ownBootstrap(settings) ?? `127.0.0.1:${port}`,
    dataDir: `${folder}/data`,
    async start() {
      await run('bash', [script, 'start', '--keep', '--port', port, ...overrides])
    },
    async kill() {
      process.kill(Number(readFileSync(`${folder}/pid`, 'utf8')), 'SIGKILL')
    },
    async stop() {
      await run('bash', [script, 'stop', '--port', port])
    },
  }
}

/** A port that is free now. Below the range that outgoing connections take theirs from, so that it stays so. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 9_000)
    const server = createServer()
    const free = await new Promise<boolean>((done) => {
      server.once('error', () => done(false))
      server.listen(port, '127.0.0.1', () => done((server.address() as AddressInfo).port === port))
    })
    server.close()
    if (free) return port
  }
}

const served = new Map<string, Promise<ReadonlySet<string>>>()

/** Skips the case, in the open, when the broker does not say that it serves these APIs. */
export async function needs(context: TestContext, target: Target, ...apis: readonly string[]): Promise<void> {
  let names = served.get(target.bootstrap)
  if (names === undefined) {
    names = servedApis(target.bootstrap)
    served.set(target.bootstrap, names)
  }
  const all = await names
  const missing = apis.filter((api) => !all.has(api))
  if (missing.length > 0) context.skip(`${target.name} does not serve ${missing.join(', ')}`)
}

async function servedApis(bootstrap: string): Promise<ReadonlySet<string>> {
  const { text } = await kafkaTool('kafka-broker-api-versions', `--bootstrap-server ${bootstrap}`)
  const rows = text.matchAll(/^\s+(\w+)\(\d+\): (?!UNSUPPORTED)/gm)
  return new Set([...rows].map((row) => String(row[1])))
}
