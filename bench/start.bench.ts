/** From nothing to the first answered record: the process to its ready line, the embedded broker, memory when idle. */
import { setTimeout as wait } from 'node:timers/promises'
import { EmbeddedKafka } from 'kts-kafka/testing'
import { median, type Table } from './report.js'
import { startServer } from './server.js'

const ROUNDS = 10
const IDLE_MS = 10_000

export async function main(): Promise<Table[]> {
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
  const took = (what: string, figures: readonly number[]): string[] => {
    return [what, `${Math.round(median(figures))} ms`, `${Math.round(Math.max(...figures))} ms`]
  }
  const idle = ((after.cpuMs - before.cpuMs) / IDLE_MS) * 100
  return [
    {
      head: ['start', 'median', 'worst'],
      rows: [took('kts-server: process to ready line', ready), took('EmbeddedKafka', embedded)],
    },
    {
      head: ['doing nothing', 'resident', 'CPU'],
      rows: [['kts-server with one topic', `${after.residentMiB} MiB`, `${idle.toFixed(1)} % of a core`]],
    },
  ]
}
