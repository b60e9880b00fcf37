/** What starting a broker takes and gives: the one door by which cli, `EmbeddedKafka` and programs start a broker. */
import type { Clock } from '../base/clock.js'
import type { Log } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { Transport } from '../net/index.js'
import type { Broker } from './broker.js'
import type { Disk } from './disk/disk.js'
import type { Hooks } from './hooks/hooks.js'

export interface BrokerOptions {
  /** Where to listen when `listeners` is not among the configs. Default `127.0.0.1`; the default also listens on `::1`. */
  readonly host?: string | undefined
  /** 0 picks a free port. Default 9092. */
  readonly port?: number | undefined
  /** Where logs are kept, created when missing, when `log.dirs` is not among the configs. Left out: in memory only. */
  readonly dataDir?: string | undefined
  /** Where files are kept. Default: the machine's when there is a `dataDir`, else a new one in memory; one that is handed in outlives the broker. */
  readonly disk?: Disk | undefined
  /** Broker settings by Kafka's names, as in `server.properties`. Unknown names are logged and ignored, as Kafka does. */
  readonly configs?: Readonly<Record<string, string>> | undefined
  /** Created, when missing, before the broker says that it is ready. */
  readonly topics?: readonly TopicToCreate[] | undefined
  /** What listeners stand on. Default: TCP. */
  readonly transport?: Transport | undefined
  /** Serves `/metrics`, `/healthz` and `/readyz` by HTTP on this port of `host`, 0 picks one. Left out: no HTTP. */
  readonly httpPort?: number | undefined
  /** Development hooks: faults, waits, a clock that can be moved on, a journal; with `httpPort` also there. Default false. */
  readonly hooks?: boolean | undefined
  /** Default: silent. */
  readonly log?: Log | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
  /** Default: the machine's randomness. */
  readonly random?: Random | undefined
}

export interface TopicToCreate {
  readonly name: string
  /** Default `num.partitions`. */
  readonly partitions?: number | undefined
  /** Topic configs by Kafka's names, e.g. `{ 'cleanup.policy': 'compact' }`. */
  readonly configs?: Readonly<Record<string, string>> | undefined
}

export interface ListenerAddress {
  /** The listener's name, e.g. `PLAINTEXT`. */
  readonly name: string
  readonly securityProtocol: string
  /** As advertised to clients. */
  readonly host: string
  readonly port: number
}

export interface RunningBroker extends AsyncDisposable {
  readonly nodeId: number
  readonly clusterId: string
  /** `host:port` of every client listener, joined by commas: what clients take as `bootstrap.servers`. */
  readonly bootstrapServers: string
  readonly listeners: readonly ListenerAddress[]
  /** Milliseconds from the call of `startBroker` until it could serve. */
  readonly startedInMs: number
  /** The broker's parts, for tests and tools in the same process. */
  readonly parts: Broker
  /** `http://host:port` of metrics and health, when asked for. */
  readonly httpUrl: string | undefined
  /** When asked for. */
  readonly hooks: Hooks | undefined
  /** Resolves when the broker has stopped; rejects when it had to give up, e.g. because its last log directory failed. */
  readonly stopped: Promise<void>
  /** Controlled stop: takes no new requests, ends those that wait, closes logs cleanly. Idempotent. */
  stop(): Promise<void>
}

/** The broker can't start, or can't go on, for a reason that its user can mend; the message says which and how. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
