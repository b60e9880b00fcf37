/**
 * Three brokers of Apache Kafka: leaders and coordinators move, a broker is killed and comes back, or stands still for a
 * while; never two at once.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../../src/base/random.js'
import { wireAdmin, type WireAdmin } from '../../src/client/wire/index.js'
import { home, root, run } from '../interop/commands.js'
import { freePort } from '../interop/target.js'
import type { Weather } from './weather.js'

const BROKERS = 3
/** As kafka.sh makes them. */
const INTERNAL_PARTITIONS = 4
const SCRIPT = `${root}test/interop/kafka.sh`

export class KafkaWeather implements Weather {
  private readonly admin: WireAdmin

  private constructor(
    private readonly port: number,
    private readonly random: Random,
    /** Topics whose leaders move, with how many partitions each has. */
    private readonly topics: ReadonlyMap<string, number>,
  ) {
    this.admin = wireAdmin({ bootstrapServers: this.bootstrapServers.split(','), requestTimeoutMs: 5_000 })
  }

  static async start(random: Random, topics: readonly string[], partitions: number): Promise<KafkaWeather> {
    const port = await freePort()
    const settings = [
      'min.insync.replicas=2',
      // a broker that is gone is noticed soon
      'broker.session.timeout.ms=3000',
      'broker.heartbeat.interval.ms=500',
      'replica.lag.time.max.ms=3000',
      'group.consumer.min.heartbeat.interval.ms=100',
      'group.consumer.heartbeat.interval.ms=300',
      'group.consumer.min.session.timeout.ms=1000',
      'group.consumer.session.timeout.ms=6000',
    ]
    const options = settings.flatMap((setting) => ['-o', setting])
    await run('bash', [SCRIPT, 'start', '--port', String(port), '--brokers', String(BROKERS), ...options], {
      timeoutMs: 120_000,
    })
    return new KafkaWeather(port, random, new Map(topics.map((topic) => [topic, partitions])))
  }

  get bootstrapServers(): string {
    return Array.from({ length: BROKERS }, (_, i) => `127.0.0.1:${this.port + i}`).join(',')
  }

  async strike(): Promise<string> {
    const dice = this.random.below(6)
    if (dice < 3) return this.moveLeaders()
    return dice < 5 ? this.kill() : this.freeze()
  }

  async calm(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.admin.close()
    await run('bash', [SCRIPT, 'stop', '--port', String(this.port)])
  }

  async moveLeaders(): Promise<string> {
    const internal = ['__consumer_offsets', '__transaction_state'].map((name) => [name, INTERNAL_PARTITIONS] as const)
    const all = [...this.topics, ...internal].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition, targetReplicas: this.replicas() })),
    )
    await this.admin.alterPartitionReassignments(all)
    // partitions that have the right leader already, and topics that are not there, are told of as errors
    await this.admin.electLeaders('PREFERRED', all)
    return 'leaders moved'
  }

  /** kill -9, some seconds alone, and back. */
  async kill(): Promise<string> {
    const broker = this.random.below(BROKERS)
    this.signal(broker, 'SIGKILL')
    await wait(1_000 + this.random.below(4_000))
    await run('bash', [SCRIPT, 'revive', '--port', String(this.port), String(broker)])
    return 'broker killed'
  }

  async freeze(): Promise<string> {
    const broker = this.random.below(BROKERS)
    this.signal(broker, 'SIGSTOP')
    // sometimes so long that it loses its leaderships without knowing
    await wait(this.random.below(6_000))
    this.signal(broker, 'SIGCONT')
    return 'broker frozen'
  }

  private signal(broker: number, signal: NodeJS.Signals): void {
    process.kill(Number(readFileSync(`${home}/kafka/run/${this.port}/${broker}/pid`, 'utf8')), signal)
  }

  private replicas(): number[] {
    const first = this.random.below(BROKERS)
    return Array.from({ length: BROKERS }, (_, i) => ((first + i) % BROKERS) + 1)
  }
}
