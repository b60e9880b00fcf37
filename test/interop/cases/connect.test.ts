// Java's Connect, standalone, with the file connectors: a file goes in, through a topic, and comes out, byte for byte, while
// Connect and the broker are ended hard and started again.
import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Running, home, kafkaTool, kcat } from '../commands.js'
import { javaLibs, runningJava } from '../java.js'
import { freePort, useTarget } from '../target.js'

describe('Connect with the file connectors', () => {
  const target = useTarget()

  test('a file comes out as it went in, through restarts', { timeout: 150_000 }, async () => {
    const folder = mkdtempSync(`${home}/work/connect-`)
    const file = (name: string) => `${folder}/${name}`
    const settings = (name: string, entries: Readonly<Record<string, string | number>>) => {
      writeFileSync(
        file(name),
        `${Object.entries(entries)
          .map(([key, value]) => `${key}=${value}`)
          .join('\n')}\n`,
      )
      return file(name)
    }
    const worker = settings('worker.properties', {
      'bootstrap.servers': target().bootstrap,
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'offset.storage.file.filename': file('offsets'),
      'offset.flush.interval.ms': 200,
      'plugin.path': javaLibs,
      'plugin.discovery': 'service_load',
      listeners: `http://127.0.0.1:${await freePort()}`,
      // a worker that was killed is missed soon
      'consumer.session.timeout.ms': 6000,
      'consumer.heartbeat.interval.ms': 1000,
    })
    const connectors = [
      settings('source.properties', {
        name: 'source',
        'connector.class': 'FileStreamSource',
        'tasks.max': 1,
        file: file('in'),
        topic: 'lines',
      }),
      settings('sink.properties', {
        name: 'sink',
        'connector.class': 'FileStreamSink',
        'tasks.max': 1,
        file: file('out'),
        topics: 'lines',
      }),
    ]
    let written = 0
    const write = (count: number): void => {
      // ASCII only: the source counts characters where it seeks by bytes, and would read others again
      const lines = Array.from({ length: count }, () => `line ${written++} ${' \t~|'.repeat(written % 5)}`)
      appendFileSync(file('in'), `${lines.join('\n')}\n`)
    }
    const start = (): Running => runningJava('org.apache.kafka.connect.cli.ConnectStandalone', [worker, ...connectors])
    /** Waits until all that was written in has come out, and holds it to that. */
    async function through(connect: Running): Promise<void> {
      const poll = setInterval(() => connect.wake(), 100)
      try {
        await connect.until('the lines to come out', () => outputSize() >= readFileSync(file('in')).length)
      } finally {
        clearInterval(poll)
      }
      expect(readFileSync(file('out')).equals(readFileSync(file('in')))).toBe(true)
    }
    /** What the sink has not committed it writes again when it loses its place. */
    const committed = async (): Promise<void> => {
      const args = `--bootstrap-server ${target().bootstrap} --describe --group connect-sink`
      while (
        !/^connect-sink\s+lines\s+0\s+(\d+)\s+\1\s+0\s/m.test((await kafkaTool('kafka-consumer-groups', args)).text)
      );
    }
    const outputSize = (): number => {
      try {
        return readFileSync(file('out')).length
      } catch {
        return 0 // not there yet
      }
    }

    write(500)
    let connect = start()
    try {
      await through(connect)
      await connect.end('SIGTERM')
      write(500) // while nobody reads
      connect = start()
      await through(connect)
      await committed()
      await target().kill()
      write(500) // while the broker is away
      await target().start()
      await through(connect)
      const { stdout } = await kcat(target().bootstrap, '-C -t lines -o beginning -e -q')
      expect(stdout.equals(readFileSync(file('in')))).toBe(true)
    } finally {
      await connect.end('SIGKILL')
    }
  })
})
