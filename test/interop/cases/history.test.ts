// Our clients on three brokers of Apache Kafka whose leaders move, one of which is killed: nothing lost, doubled,
// reordered or torn. KTS_HISTORY_KAFKA_FAULTS sets how many faults (default 2: leaders move, and a broker is killed),
// and adds the clients without transactions.
import { expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { check, summary } from '../../history/check.js'
import { KafkaWeather } from '../../history/kafka-weather.js'
import { run } from '../../history/run.js'
import { both, transactional } from '../../history/workloads.js'

const faults = Number(process.env['KTS_HISTORY_KAFKA_FAULTS'] ?? 2)
const seed = Number(process.env['KTS_SEED'] ?? 1)
const PARTITIONS = 3

const TOPICS = ['plain', 'in', 'out-eager', 'out-cooperative', 'out-consumer']

test(
  `idempotent producers, transactions and groups, through ${faults} faults of a three-broker Kafka`,
  async () => {
    await using weather = await KafkaWeather.start(seededRandom(seed), TOPICS, PARTITIONS)
    const { history, figures } = await run({
      weather,
      workload: process.env['KTS_HISTORY_KAFKA_FAULTS'] === undefined ? transactional : both,
      random: seededRandom(seed + 1),
      faults,
      partitions: PARTITIONS,
      replicationFactor: 3,
      strike: (_, fault) => [() => weather.moveLeaders(), () => weather.kill()][fault]?.() ?? weather.strike(),
    })
    console.log(`seed ${seed}\n${figures}`)
    expect(summary(check(history))).toBe('')
  },
  120_000 + faults * 60_000,
)
