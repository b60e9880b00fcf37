// Our clients on three brokers of Apache Kafka whose leaders move, one of which is killed: nothing lost, doubled,
// reordered or torn. KTS_HISTORY_KAFKA_FAULTS sets how many faults (default 3: one of each kind, in turn).
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { check, summary } from '../../history/check.js'
import { KafkaWeather } from '../../history/kafka-weather.js'
import { run } from '../../history/run.js'
import { idempotent, transactional } from '../../history/workloads.js'

const faults = Number(process.env['KTS_HISTORY_KAFKA_FAULTS'] ?? 3)
const seed = Number(process.env['KTS_SEED'] ?? 1)
const PARTITIONS = 3

const cases = {
  idempotent: { workload: idempotent, topics: ['plain'] },
  transactional: { workload: transactional, topics: ['in', 'out-eager', 'out-cooperative', 'out-consumer'] },
}

describe(`${faults} faults of a three-broker Kafka`, () => {
  for (const [name, { workload, topics }] of Object.entries(cases)) {
    test(
      name,
      async () => {
        await using weather = await KafkaWeather.start(seededRandom(seed), topics, PARTITIONS)
        const { history, figures } = await run({
          weather,
          workload,
          random: seededRandom(seed + 1),
          faults,
          partitions: PARTITIONS,
          replicationFactor: 3,
          strike: (_, fault) => [() => weather.moveLeaders(), () => weather.kill()][fault]?.() ?? weather.strike(),
        })
        console.log(`${name}, seed ${seed}\n${figures}`)
        expect(summary(check(history))).toBe('')
      },
      120_000 + faults * 60_000,
    )
  }
})
