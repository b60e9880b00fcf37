/**
 * Tails a log file into a topic, and counts its lines by level in a batch listener:
 *
 *     node samples/run.mjs 05 /var/log/syslog
 *
 * Without a file it writes one of its own while it tails. KAFKA_BOOTSTRAP names a Kafka to use; left out, one is started here.
 */
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { kafka, string, topic } from 'kts-kafka'
import { EmbeddedKafka } from 'kts-kafka/testing'
import { tail } from './tail.js'

const Lines = topic('log-lines', { value: string(), partitions: 2 })
const LEVEL = /\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|FAIL(?:ED|URE)?)\b/i

export async function main(path?: string): Promise<void> {
  const folder = path === undefined ? await mkdtemp(join(tmpdir(), 'log-levels-')) : undefined
  const file = path ?? join(folder!, 'app.log')
  const writing = path === undefined ? writeLog(file) : undefined

  const broker = process.env.KAFKA_BOOTSTRAP ? undefined : await EmbeddedKafka.start()
  const k = kafka({
    bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? broker!.bootstrapServers,
    topics: [Lines],
    producer: { lingerMs: 5, compression: 'gzip' },
    consumer: { autoOffsetReset: 'earliest' },
  })
  const counts = new Map<string, number>()
  let counted = 0
  let wanted = Infinity
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => (finish = resolve))
  k.listen(Lines, { groupId: 'log-levels', batch: true }, (records) => {
    for (const { value } of records) {
      const level = (LEVEL.exec(value)?.[1] ?? 'none').toUpperCase()
      counts.set(level, (counts.get(level) ?? 0) + 1)
    }
    counted += records.length
    if (counted >= wanted) finish()
  })
  await k.start()

  let sent = 0
  const sends: Promise<unknown>[] = []
  for await (const line of tail(file, 500)) {
    sent++
    sends.push(k.template.send(Lines, line, { headers: { file: basename(file) } }))
  }
  await Promise.all([...sends, writing])
  wanted = sent
  if (counted < wanted) await finished
  console.log(`${sent} lines of ${basename(file)}`)
  for (const [level, count] of [...counts].toSorted(([, a], [, b]) => b - a)) console.log(`${level.padEnd(8)}${count}`)
  await k.stop()
  await broker?.stop()
  if (folder !== undefined) await rm(folder, { recursive: true })
}

/** A file that grows while it is read. */
async function writeLog(file: string): Promise<void> {
  for (let n = 0; n < 100; n++) {
    const level = n % 25 === 0 ? 'ERROR' : n % 10 === 0 ? 'WARN' : 'INFO'
    await appendFile(file, `${new Date().toISOString()} ${level} [worker-${n % 4}] job ${n}\n`)
  }
}
