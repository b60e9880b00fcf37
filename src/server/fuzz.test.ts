/**
 * A slice of hostile frames; `KTS_FUZZ_FRAMES=1000000 KTS_FUZZ_SEED=7 npx vitest run src/server/fuzz.test.ts` sends more.
 * No frame may be met by an error that a handler did not expect, and memory stays bounded.
 */
import { expect, it } from 'vitest'
import { fuzz } from '../../test/server/fuzz.js'
import { logTo } from '../base/log.js'
import { seededRandom } from '../base/random.js'
import { memoryTransport } from '../net/index.js'
import { handlers } from './api/index.js'
import { startBroker } from './compose.js'

const frames = Number(process.env['KTS_FUZZ_FRAMES'] ?? 3_000)
const seed = Number(process.env['KTS_FUZZ_SEED'] ?? 1)
const MEMORY_BYTES_MAX = 1.5 * 1024 ** 3
const NAMES = ['t', 'u', 'g', '__consumer_offsets', '1', 'range', 'retention.ms', 'cleanup.policy', 'compact', '']

it(
  `a broker goes on serving after ${frames} hostile frames, and met no error that it did not expect`,
  async () => {
    const unexpected: string[] = []
    const log = logTo(
      (_, line, { error }) => unexpected.push(`${line}: ${error instanceof Error ? error.stack : ''}`),
      'error',
    )
    const transport = memoryTransport()
    const random = seededRandom(seed)
    const configs = { 'offsets.topic.num.partitions': '2', 'transaction.state.log.num.partitions': '2' }
    const topics = [{ name: 't', partitions: 2 }, { name: 'u' }]
    await using broker = await startBroker({ transport, log, configs, topics, port: 0, hooks: true })
    const { cluster, controller } = broker.parts
    await fuzz({
      transport,
      random,
      frames,
      port: broker.listeners[0]!.port,
      apis: handlers.map(({ api }) => api),
      names: NAMES,
      onPause: async () => {
        const made = [...cluster.topics()].filter(({ name, internal }) => !NAMES.includes(name) && !internal)
        await controller.deleteTopics(made.map(({ id }) => id))
        // what was deleted leaves after a while, and members that never came back with it
        await broker.hooks!.advanceClock(100_000)
        broker.hooks!.reset()
      },
    })
    expect([...unexpected]).toEqual([])
    expect(process.memoryUsage().rss).toBeLessThan(MEMORY_BYTES_MAX)
  },
  Math.max(frames * 5, 20_000),
)
