/**
 * Hostile frames over TCP against a kts-server of its own: it keeps serving, its memory stays bounded, and no frame meets
 * an error that a handler did not expect. (A slice within one process, on virtual sockets: src/server/fuzz.test.ts.)
 */
import { expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.js'
import { tcpTransport } from '../../src/net/index.js'
import { handlers } from '../../src/server/api/index.js'
import { Keeper } from '../fuzz/keeper.js'
import { fuzz } from '../server/fuzz.js'
import { ServerProcess } from './server-process.js'
import { seed, sized } from './sizes.js'

const frames = sized('KTS_FUZZ_FRAMES', 2_000)
const TOPICS = { t: 2, u: 1 }
const NAMES = ['t', 'u', 'g', '__consumer_offsets', '1', 'range', 'retention.ms', 'cleanup.policy', 'compact', '']
/** What a broker of this size may hold with caches full; a leak of 1 KiB a frame would be a gigabyte. */
const RESIDENT_MIB_MAX = 600

it(
  `kts-server outlives ${frames} hostile frames`,
  async () => {
    await using server = await ServerProcess.start({
      // members that frames made up are gone soon
      'group.max.session.timeout.ms': '10000',
      // and so are the files of topics that they made up
      'log.segment.delete.delay.ms': '1000',
      'group.initial.rebalance.delay.ms': '0',
      'offsets.topic.num.partitions': '2',
      'transaction.state.log.num.partitions': '2',
    })
    const transport = tcpTransport
    const port = server.portNumber
    const keeper = new Keeper({ transport, port, topics: TOPICS })
    await keeper.look()
    const resident: number[] = []
    const sinceMs = performance.now()
    await fuzz({
      transport,
      port,
      frames,
      random: seededRandom(seed),
      apis: handlers.map(({ api }) => api),
      names: NAMES,
      onPause: async () => {
        await keeper.look()
        resident.push(server.residentMiB)
      },
    })
    await keeper.look()
    const tookS = (performance.now() - sinceMs) / 1000
    const tenth = Math.max(Math.floor(resident.length / 10), 1)
    const curve = resident.filter((_, i) => i % tenth === tenth - 1).map((mib) => Math.round(mib))
    console.log(
      `${frames} frames of seed ${seed} in ${tookS.toFixed(1)} s; MiB resident: ${curve.join(' ')}, at most ${Math.round(Math.max(...resident))}`,
    )
    expect(server.errors).toEqual([])
    expect(Math.max(...resident)).toBeLessThan(RESIDENT_MIB_MAX)
  },
  60_000 + frames * 5,
)
