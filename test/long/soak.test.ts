/**
 * The soak: nothing lost, nothing reordered within a key, repeats only after a partition was given out anew, memory flat.
 * In slices of seconds against an embedded broker; by the minute (KTS_SOAK_MINUTES) with 50 listeners on 200 partitions
 * against a kts-server that is stopped or killed again and again.
 */
import { expect, it } from 'vitest'
import { EmbeddedKafka } from 'kts-kafka/testing'
import { seededRandom } from '../../src/base/random.js'
import { MemoryCurve } from './memory-curve.js'
import { ServerProcess } from './server-process.js'
import { seed, sized } from './sizes.js'
import { soak, type SoakFigures } from './soak/soak.js'

const minutes = sized('KTS_SOAK_MINUTES', 0.1)
const driver = process.env['KTS_SOAK_DRIVER'] === 'wire' ? 'wire' : 'kafkajs'
const isFull = minutes >= 1
const SAMPLE_EVERY_MS = 5_000

it.runIf(!isFull)(
  'a few seconds of bad weather: nothing lost, nothing out of order',
  async () => {
    await using broker = await EmbeddedKafka.start()
    const figures = await soak({
      bootstrapServers: broker.bootstrapServers,
      bounce: () => broker.restart(),
      random: seededRandom(seed),
      forMs: minutes * 60_000,
      topics: 2,
      partitionsPerTopic: 6,
      listenersPerTopic: 3,
      recordsPerSecond: 400,
      rebalanceEveryMs: 600,
      bounceEveryMs: (minutes * 60_000) / 2,
      heartbeatIntervalMs: 100,
      driver,
    })
    check(figures)
  },
  60_000,
)

it.runIf(isFull)(
  `${minutes} minutes of bad weather: nothing lost, nothing out of order, memory flat`,
  async () => {
    await using server = await ServerProcess.start({
      'group.initial.rebalance.delay.ms': '0',
      'offsets.topic.num.partitions': '4',
    })
    const application = new MemoryCurve('application, heap')
    const broker = new MemoryCurve('kts-server, resident')
    let sampledMs = 0
    let bounces = 0
    const figures = await soak({
      bootstrapServers: server.bootstrapServers,
      async bounce() {
        // in order, then by kill -9
        await server.end(bounces++ % 2 === 0 ? 'SIGTERM' : 'SIGKILL')
        await server.start()
      },
      random: seededRandom(seed),
      forMs: minutes * 60_000,
      topics: 10,
      partitionsPerTopic: 20,
      listenersPerTopic: 5,
      recordsPerSecond: 500,
      rebalanceEveryMs: 3_000,
      bounceEveryMs: 45_000,
      heartbeatIntervalMs: 500,
      driver,
      onTick(elapsedMs) {
        if (elapsedMs - sampledMs < SAMPLE_EVERY_MS) return
        sampledMs = elapsedMs
        globalThis.gc?.()
        application.add(process.memoryUsage().heapUsed / 1024 / 1024)
        if (server.isServing) broker.add(server.residentMiB)
      },
    })
    console.log(`${driver}\n${application.text}\n${broker.text}`)
    check(figures)
    expect(server.errors).toEqual([])
    expect(application.growth).toBeLessThan(1.25)
    expect(broker.growth).toBeLessThan(1.25)
  },
  (minutes + 5) * 60_000,
)

function check({ ledger, ...counts }: SoakFigures): void {
  const { sent, deliveries, repeats, offences, offenceCount } = ledger
  const { rebalances, bounces, retries, recovered } = counts
  console.log(
    `${sent} sent, ${deliveries} deliveries, ${repeats} of them repeats, ${retries} retries, ${recovered} recovered, ` +
      `${rebalances} stops and starts, ${bounces} bounces, ${offenceCount} offences`,
  )
  for (const [line, count] of counts.errorLines) console.log(`${count} × ${line}`)
  expect(counts.sendErrors).toEqual([])
  expect(offences).toEqual([])
  expect(sent).toBeGreaterThan(1_000)
  expect(Math.min(rebalances, bounces, retries, recovered)).toBeGreaterThan(0)
}
