/** The command as users run it: the bundle, in a process of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RawClient } from '../../test/server/raw-client.js'
import { tcpTransport } from '../net/index.js'
import * as messages from '../protocol/messages/index.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'dist/bin/kts-server.js')
const folder = mkdtempSync(join(tmpdir(), 'kts-server-'))
const started: ChildProcess[] = []

beforeAll(() => promisify(execFile)(process.execPath, [join(root, 'scripts/bundle-bins.mjs')]))
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Running {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly exited: Promise<number | null>
}

function run(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return { child, stdout: () => out, stderr: () => err, exited }
}

/** Runs until the broker serves; gives the port that it names. */
async function ready(...args: readonly string[]): Promise<Running & { port: number }> {
  const running = run(...args)
  const line = /^kts-server ready on PLAINTEXT:\/\/127\.0\.0\.1:(\d+)\n$/
  while (!line.test(running.stdout())) {
    const ended = await Promise.race([
      once(running.child.stdout!, 'data').then(() => false),
      running.exited.then(() => true),
    ])
    if (ended) throw new Error(`it ended: ${running.stdout()}${running.stderr()}`)
  }
  return { ...running, port: Number(line.exec(running.stdout())![1]) }
}

async function topicsOf(port: number, host = '127.0.0.1'): Promise<[name: string | null, partitions: number][]> {
  const client = await RawClient.connect(tcpTransport, port, host)
  const { topics } = await client.call(messages.metadata, 12, { topics: null, includeTopicAuthorizedOperations: false })
  client.connection.destroy()
  return topics.map(({ name, partitions }) => [name, partitions.length])
}

describe('kts-server', () => {
  it('says where it listens, serves there on both families, and stops in order when told to', async () => {
    const { child, port, stdout, stderr, exited } = await ready(
      '-p',
      '0',
      '--ephemeral',
      '--topic',
      'orders:3',
      '--topic',
      'plain',
    )
    expect(await topicsOf(port)).toEqual([
      ['orders', 3],
      ['plain', 1],
    ])
    expect(await topicsOf(port, '::1')).toHaveLength(2)
    child.kill('SIGINT')
    expect(await exited).toBe(0)
    expect(stdout().split('\n')).toHaveLength(2)
    expect(stderr()).toBe('')
  })

  it('keeps its data over kill -9, in a directory that git ignores and no second broker gets', async () => {
    const dir = join(folder, 'kept')
    const first = await ready('-p', '0', '-d', dir, '--topic', 'orders:2')
    expect(readFileSync(join(dir, '.gitignore'), 'utf8')).toBe('*\n')
    const second = run('-p', '0', '-d', dir)
    expect(await second.exited).toBe(1)
    expect(second.stderr()).toMatch(/^kts-server: .*kept is in use.*\n$/)
    first.child.kill('SIGKILL')
    await first.exited
    const third = await ready('-p', '0', '-d', dir)
    expect(await topicsOf(third.port)).toEqual([['orders', 2]])
    third.child.kill('SIGTERM')
    expect(await third.exited).toBe(0)
  })

  it('starts from an old server.properties, with a line for each key that has no effect', async () => {
    const file = join(folder, 'server.properties')
    const keys = {
      'broker.id': '5',
      'delete.topic.enable': 'true',
      listeners: 'PLAINTEXT://:9092',
      'advertised.listeners': 'PLAINTEXT://example.org:9092',
      'num.network.threads': '3',
      'num.io.threads': '8',
      'socket.send.buffer.bytes': '102400',
      'socket.receive.buffer.bytes': '102400',
      'socket.request.max.bytes': '104857600',
      'log.dirs': join(folder, 'old'),
      'num.partitions': '4',
      'num.recovery.threads.per.data.dir': '1',
      'log.flush.interval.messages': '10000',
      'log.flush.interval.ms': '1000',
      'log.retention.hours': '168',
      'log.retention.bytes': '1073741824',
      'log.segment.bytes': '1073741824',
      'log.retention.check.interval.ms': '300000',
      'zookeeper.connect': 'localhost:2181',
      'zookeeper.connection.timeout.ms': '6000',
    }
    writeFileSync(
      file,
      Object.entries(keys)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    )
    const { child, port, stderr, exited } = await ready('-c', file, '-p', '0', '--topic', 't')
    expect(await topicsOf(port)).toEqual([['t', 4]])
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    const named = stderr()
      .trimEnd()
      .split('\n')
      .map((line) => / WARN +(\S+) has no effect: \S/.exec(line)?.[1])
    expect(named).toEqual([
      'num.network.threads',
      'num.io.threads',
      'socket.send.buffer.bytes',
      'socket.receive.buffer.bytes',
      'num.recovery.threads.per.data.dir',
      'zookeeper.connect',
      'zookeeper.connection.timeout.ms',
    ])
  })

  it("refuses what it can't do with one clear line", async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    const cases: [args: string[], line: RegExp][] = [
      [['-p', String(port), '--ephemeral'], /is taken by another process: stop it, or choose another port/],
      [['-p', 'x', '--ephemeral'], /-p, --port <number>.*from 0 to 65535/],
      [['-p', '0', '-d', join(file, 'dir')], /can't write to the data directory/],
      [['-p', '0', '--ephemeral', '-o', 'num.partitions=none'], /num\.partitions/],
      [['-p', '0', '--ephemeral', '-o', 'num.partitions'], /must be key=value/],
      [['-p', '0', '--ephemeral', '--topic', 'a:b'], /orders:3/],
      [['-p', '0', '--ephemeral', '--topic', 'a b'], /'a b'/],
      [['-p', '0', '--ephemeral', '-d', folder], /--ephemeral keeps no data/],
      [['-c', join(folder, 'none.properties')], /can't read the config file/],
      [['--no-such-flag'], /unknown option '--no-such-flag'/],
    ]
    const runs = cases.map(([args]) => run(...args))
    for (const [i, { exited, stdout, stderr }] of runs.entries()) {
      expect(await exited).toBeGreaterThan(0)
      expect(stdout()).toBe('')
      expect(stderr()).toMatch(cases[i]![1])
      expect(stderr().trimEnd().split('\n')).toHaveLength(1)
    }
    taken.close()
  })

  it('logs JSON when asked to', async () => {
    const { child, stderr, exited } = await ready('-p', '0', '--ephemeral', '--json', '-o', 'num.io.threads=3')
    child.kill('SIGTERM')
    await exited
    expect(JSON.parse(stderr())).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/^num.io.threads/) as string,
    })
  })

  it('tells its version and how it is used', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const [asked, help] = [run('--version'), run('--help')]
    expect([await asked.exited, asked.stdout()]).toEqual([0, `${version}\n`])
    expect(await help.exited).toBe(0)
    for (const flag of [
      '--config',
      '--override',
      '--port',
      '--host',
      '--data-dir',
      '--ephemeral',
      '--topic',
      '--log-level',
      '--json',
      '--http-port',
    ]) {
      expect(help.stdout()).toContain(flag)
    }
  })
})
