/**
 * A kts-server that is killed, stopped and frozen, whose connections are cut, whose answers lie or never come, and whose
 * clock jumps; all from a seed. It stands behind a proxy, at which it is told to be.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../../src/base/random.js'
import { allOf, wireAdmin } from '../../src/client/wire/index.js'
import { protocolErrors } from '../../src/protocol/errors.js'
import { ServerProcess } from '../long/server-process.js'
import { Proxy } from './proxy.js'
import type { Weather } from './weather.js'

const COMMON_APIS = (
  'ApiVersions Metadata Produce Fetch ListOffsets OffsetForLeaderEpoch InitProducerId FindCoordinator ' +
  'JoinGroup SyncGroup Heartbeat LeaveGroup OffsetCommit OffsetFetch ConsumerGroupHeartbeat'
).split(' ')
/** By `transaction.version`: since 2 (KIP-890) the broker adds partitions and groups by itself. */
const TRANSACTION_APIS = {
  0: [],
  1: ['AddPartitionsToTxn', 'AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn'],
  2: ['TxnOffsetCommit', 'EndTxn'],
}
export type TransactionVersion = keyof typeof TRANSACTION_APIS

/** Of those that are called all the time: the ones that leave something behind. */
const WRITES = new Set([
  'Produce',
  'OffsetCommit',
  'AddPartitionsToTxn',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
])

/** Every error that may pass. */
export const retriableErrors = protocolErrors.filter(({ retriable }) => retriable).map(({ name }) => name)

/** Clients are asked for this long to run into a fault that was set. */
const HIT_MS = 1_500
const EVERY_HIT_MS = 6_000
const LOST_ANSWERS = 5
/** All of a run together stays within `producer.id.expiration.ms`. */
const CLOCK_JUMP_MS_MAX = 5 * 60_000

type Rule = Readonly<Record<string, unknown>>

export class ServerWeather implements Weather {
  private readonly faults: (readonly [weight: number, strike: () => Promise<string>])[]
  readonly apis: readonly string[]
  /** APIs on which nobody called while an error of `errorOnEvery` waited, and how often. */
  readonly missed = new Map<string, number>()

  private constructor(
    readonly server: ServerProcess,
    private readonly proxy: Proxy,
    private readonly random: Random,
    transactionVersion: TransactionVersion,
  ) {
    this.apis = [...COMMON_APIS, ...TRANSACTION_APIS[transactionVersion]]
    this.faults = [
      [3, () => this.restart('SIGKILL')],
      [1, () => this.restart('SIGTERM')],
      [2, () => this.freeze()],
      [2, () => this.cut()],
      [5, () => this.error()],
      [2, () => this.hook('disconnect', { disconnect: true, when: this.when(), times: 1 + random.below(3) })],
      [1, () => this.hook('black hole', { blackHole: true })],
      [1, () => this.hook('delay', { delayMs: 20 + random.below(2_000), times: 1 + random.below(5) })],
      [1, () => this.jump()],
    ]
  }

  /** @param transactionVersion the feature's; 0: clients have no transactions */
  static async start(random: Random, transactionVersion: TransactionVersion): Promise<ServerWeather> {
    const proxy = await Proxy.start()
    const server = await ServerProcess.start(
      {
        'advertised.listeners': `PLAINTEXT://${proxy.address}`,
        'group.initial.rebalance.delay.ms': '0',
        'group.consumer.min.heartbeat.interval.ms': '100',
        'group.consumer.heartbeat.interval.ms': '300',
        'group.consumer.min.session.timeout.ms': '1000',
        'group.consumer.session.timeout.ms': '6000',
        'offsets.topic.num.partitions': '4',
        'transaction.state.log.num.partitions': '4',
      },
      ['--http-port', '0', '--hooks'],
    )
    proxy.target = server.portNumber
    if (transactionVersion === 1) await beforeKip890(proxy.address)
    return new ServerWeather(server, proxy, random, transactionVersion)
  }

  get bootstrapServers(): string {
    return this.proxy.address
  }

  async strike(): Promise<string> {
    let dice = this.random.below(this.faults.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, strike] of this.faults) {
      dice -= weight
      if (dice < 0) return strike()
    }
    throw new Error('no fault')
  }

  async calm(): Promise<void> {
    await this.post('/reset', {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    await this.proxy[Symbol.asyncDispose]()
  }

  /** The rule, until it has hit as often as it says or the time is over; whether it has hit at all. */
  async struckBy(rule: Rule, withinMs: number): Promise<boolean> {
    const { id } = await this.post<{ id: number }>('/faults', rule)
    await this.post(`/faults/${id}/wait`, { hits: Number(rule['times'] ?? 1), timeoutMs: withinMs }).catch(() => {})
    const { hits } = await this.request<{ hits: number }>('DELETE', `/faults/${id}`)
    return hits > 0
  }

  /** Every API of the clients is answered so, once; resolves when all were hit, or the time is over. */
  async errorOnEvery(error: string, when: 'before' | 'after'): Promise<string> {
    const hits = await Promise.all(
      this.apis.map(async (api) => ((await this.struckBy({ api, error, when }, EVERY_HIT_MS)) ? [] : [api])),
    )
    for (const api of hits.flat()) this.missed.set(api, (this.missed.get(api) ?? 0) + 1)
    return `an error on every API, ${when} the work`
  }

  /**
   * What every client must get over, and the few faults of a short run may leave out: what it asked for is done, and the
   * connection is cut before it is told. Several times in a row on every API that writes.
   */
  async loseAnswers(): Promise<string> {
    const writes = this.apis.filter((api) => WRITES.has(api))
    const rule = { disconnect: true, when: 'after', times: LOST_ANSWERS }
    await Promise.all(writes.map((api) => this.struckBy({ api, ...rule }, EVERY_HIT_MS)))
    return 'answers of writes lost'
  }

  private async restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
    await this.server.end(signal)
    await wait(this.random.below(700))
    await this.server.start()
    return signal
  }

  private async freeze(): Promise<string> {
    this.server.pause()
    // sometimes longer than a request's time-out, and a session's
    await wait(this.random.below(5) === 0 ? 3_000 + this.random.below(4_500) : this.random.below(1_200))
    this.server.resume()
    return 'freeze'
  }

  private async cut(): Promise<string> {
    this.proxy.cut(this.random, this.random.below(2) === 0 ? 1 : 0.4)
    return 'cut connections'
  }

  private error(): Promise<string> {
    const error = this.random.below(retriableErrors.length)
    return this.hook('error', {
      error: retriableErrors[error],
      when: this.when(),
      times: 1 + this.random.below(3),
    })
  }

  private when(): 'before' | 'after' {
    return this.random.below(2) === 0 ? 'before' : 'after'
  }

  private async hook(what: string, effect: Rule): Promise<string> {
    const api = this.apis[this.random.below(this.apis.length)]!
    const hasHit = await this.struckBy({ api, ...effect }, HIT_MS)
    return `${what}${hasHit ? '' : ', missed'}`
  }

  private async jump(): Promise<string> {
    await this.post('/clock/advance', { ms: 1_000 + this.random.below(CLOCK_JUMP_MS_MAX) })
    return 'clock jump'
  }

  private post<T>(path: string, body: Rule): Promise<T> {
    return this.request('POST', path, body)
  }

  private async request<T>(method: string, path: string, body?: Rule): Promise<T> {
    const response = await fetch(`${this.server.httpUrl.replace(/\/$/, '')}/hooks${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as T
  }
}

async function beforeKip890(address: string): Promise<void> {
  const admin = wireAdmin({ bootstrapServers: [address] })
  const update = { feature: 'transaction.version', maxVersionLevel: 1, upgradeType: 'SAFE_DOWNGRADE' } as const
  allOf(await admin.updateFeatures([update]).finally(() => admin.close()))
}
