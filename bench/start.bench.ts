/** From nothing to the first answered record: the process to its ready line, the embedded broker, memory when idle. */
import { setTimeout as wait } from 'node:timers/promises'
import { EmbeddedKafka } from 'kts-kafka/testing'
import { median, report } from './report.js'
import { startServer } from './server.js'

const ROUNDS = 10
const IDLE_MS = 10_000

export async function main(): Promise<void> {
  const ready: number[] = []
  const embedded: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startServer()
    ready.push(server.readyMs)
    await server.stop()
    const broker = await EmbeddedKafka.start({ topics: [{ name: 'bench', partitions: 3 }] })
    embedded.push(broker.startedInMs)
    await broker.stop()
  }
  const server = await startServer('--topic', 'bench:3')
  const before = server.usage()
  await wait(IDLE_MS)
  const after = server.usage()
  await server.stop()
  report(
    ['start', 'median', 'worst'],
    [
      ['kts-server: process to ready line', `${Math.round(median(ready))} ms`, `${Math.round(Math.max(...ready))} ms`],
      ['EmbeddedKafka', `${Math.round(median(embedded))} ms`, `${Math.round(Math.max(...embedded))} ms`],
    ],
  )
  console.log(`idle: ${after.residentMiB} MiB resident, ${((after.cpuMs - before.cpuMs) / IDLE_MS) * 100} % of a core`)
}
