/**
 * Nothing lost, doubled, reordered or torn, whatever happens to the broker: recorded runs against a kts-server under a
 * seeded schedule of faults, given to the checker. A slice in `npm test`; KTS_HISTORY_FAULTS by `npm run test:long -- history`.
 */
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.js'
import { check, summary } from '../history/check.js'
import { run } from '../history/run.js'
import { ServerWeather } from '../history/server-weather.js'
import { idempotent, transactional } from '../history/workloads.js'
import { seed, sized } from './sizes.js'

const faults = sized('KTS_HISTORY_FAULTS', 6)

describe(`${faults} faults`, () => {
  for (const [name, workload] of Object.entries({ idempotent, transactional })) {
    it(
      `${name} producers, groups of each protocol: the checker finds nothing`,
      async () => {
        // of its own, so that the same faults come in the same order
        await using weather = await ServerWeather.start(seededRandom(seed), workload === transactional)
        const { history, figures } = await run({ weather, workload, random: seededRandom(seed + 1), faults })
        console.log(`${name}, seed ${seed}\n${figures}`)
        expect(summary(check(history))).toBe('')
        expect(weather.server.errors).toEqual([])
      },
      120_000 + faults * 20_000,
    )
  }
})
