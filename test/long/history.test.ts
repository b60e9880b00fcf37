/**
 * Nothing lost, doubled, reordered or torn, whatever happens to the broker: recorded runs against a kts-server under a
 * seeded schedule of faults, given to the checker. Answers that are lost come first: a broker that writes a repeated batch
 * again, or a client that gives one up, is found by the shortest run. A slice in `npm test`; `npm run test:long -- history` does
 * KTS_HISTORY_FAULTS faults, and KTS_HISTORY_ERRORS of the retriable errors, each on every API.
 */
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.js'
import { check, summary } from '../history/check.js'
import { run, type RunOptions } from '../history/run.js'
import { retriableErrors, ServerWeather, type TransactionVersion } from '../history/server-weather.js'
import { idempotent, transactional } from '../history/workloads.js'
import { seed, sized } from './sizes.js'

const faults = sized('KTS_HISTORY_FAULTS', 5)
const errors = Math.min(sized('KTS_HISTORY_ERRORS', 0), retriableErrors.length)

const cases: readonly (readonly [name: string, RunOptions['workload'], TransactionVersion])[] = [
  ['idempotent producers, groups of each protocol', idempotent, 0],
  ['transactions, copied by groups of each protocol', transactional, 2],
  ['the same, before KIP-890', transactional, 1],
]

async function judged(
  weather: ServerWeather,
  options: Pick<RunOptions, 'workload' | 'faults' | 'strike'>,
): Promise<void> {
  const { history, figures } = await run({ weather, random: seededRandom(seed + 1), ...options })
  console.log(`seed ${seed}\n${figures}`)
  expect(summary(check(history))).toBe('')
  expect(weather.server.errors).toEqual([])
}

describe(`${faults} faults`, () => {
  for (const [name, workload, transactionVersion] of cases) {
    it(
      `${name}: the checker finds nothing`,
      async () => {
        // randomness of its own, so that the same faults come in the same order
        await using weather = await ServerWeather.start(seededRandom(seed), transactionVersion)
        await judged(weather, {
          workload,
          faults,
          strike: (_, fault) => (fault === 0 ? weather.loseAnswers() : weather.strike()),
        })
      },
      120_000 + faults * 20_000,
    )
  }
})

describe.runIf(errors > 0)(`${errors} of ${retriableErrors.length} retriable errors, on every API`, () => {
  for (const [name, workload, transactionVersion] of cases) {
    it(
      `${name}: the checker finds nothing`,
      async () => {
        await using weather = await ServerWeather.start(seededRandom(seed), transactionVersion)
        const rounds = retriableErrors
          .slice(0, errors)
          .flatMap((error) => (['before', 'after'] as const).map((when) => [error, when] as const))
        await judged(weather, {
          workload,
          faults: rounds.length,
          strike: (_, round) => weather.errorOnEvery(...rounds[round]!),
        })
        const missed = [...weather.missed].map(([api, count]) => `${api} ${count}`)
        console.log(`${rounds.length} rounds, missed: ${missed.join(', ') || 'none'}`)
      },
      120_000 + errors * 60_000,
    )
  }
})
