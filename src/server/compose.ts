/**
 * Builds every part of a broker, in order, once; nothing else knows how the parts fit together. Addresses are bound before
 * a file is touched, so that a taken port harms nothing; and requests are served only when every part is there.
 *
 *   settings → listeners bound → directories taken → metadata loaded → partitions loaded → groups → serve
 */
import { wallClock, type Clock } from '../base/clock.js'
import { silentLog, type Log } from '../base/log.js'
import { systemRandom, type Random } from '../base/random.js'
import { ListenError, tcpTransport, type ScramCredential, type ScramMechanismName } from '../net/index.js'
import { handlers } from './api/index.js'
import type { Broker } from './broker.js'
import type { ListenerConfig } from './config/listeners.js'
import { SettingError } from './config/setting.js'
import { ClusterController } from './controller/cluster-controller.js'
import { randomId } from './controller/decisions.js'
import { bootstrapEvents } from './controller/start-broker.js'
import { fileDisk } from './disk/file-disk.js'
import { memoryDisk } from './disk/memory-disk.js'
import { Dispatch, type Perform } from './endpoint/dispatch.js'
import { Endpoint } from './endpoint/endpoint.js'
import { startGroupCoordinator } from './group/start-group-coordinator.js'
import { adjustableClock, type AdjustableClock } from './hooks/adjustable-clock.js'
import { Hooks } from './hooks/hooks.js'
import { LogDirectories } from './log/log-directories.js'
import { ClusterView } from './metadata/cluster-view.js'
import { ScramMechanism } from './metadata/scram-credentials.js'
import { MetadataLog } from './metadata/metadata-log.js'
import { RequestMetrics } from './metrics/request-metrics.js'
import { BrokerState, startMonitor } from './monitor.js'
import { MetadataPartition } from './raft/metadata-partition.js'
import { Snapshotter } from './raft/snapshotter.js'
import { LocalPartitions } from './replica/local-partitions.js'
import { withAccess } from './security/access/index.js'
import { authorizerRules, standardAuthorizer } from './security/authorizer.js'
import { listenerSecurity, type ListenerSecurity } from './security/listener-security.js'
import { StartError, type BrokerOptions, type ListenerAddress, type RunningBroker } from './running-broker.js'
import { DEFAULT_HOST, startSettings, wantsFiles, type StartSettings } from './start-settings.js'
import { localMarkers } from './transaction/markers.js'
import { ProducerIds } from './transaction/producer-ids.js'
import { startTransactionCoordinator } from './transaction/start-transaction-coordinator.js'
import { Purgatory } from './wait/purgatory.js'

/** The newest batches kept in memory for consumers that keep up, when files are on a disk. */
const TAIL_CACHE_BYTES = 64 * 1024 * 1024

/** Kafka's "not yet assigned", for partitions whose directory the node picks. */
const UNASSIGNED_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAA'

/**
 * Starts a broker in this process and resolves when it can serve.
 *
 * @throws StartError when a setting is wrong, a port is taken or a data directory can't be used.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  const realClock = options.clock ?? wallClock()
  const adjustable = options.hooks ? adjustableClock(realClock) : undefined
  const clock = adjustable ?? realClock
  const startedMs = clock.monotonic()
  const log = options.log ?? silentLog
  const start = startSettings(options, log)
  const composed = new Composed({
    options,
    start,
    realClock,
    adjustable,
    clock,
    random: options.random ?? systemRandom,
    log,
  })
  try {
    const parts = await composed.build()
    return composed.running(parts, clock.monotonic() - startedMs)
  } catch (error) {
    await composed.stop()
    throw error instanceof ListenError || error instanceof SettingError ? new StartError(error.message) : error
  }
}

/** What everything is built from. */
interface Given {
  readonly options: BrokerOptions
  readonly start: StartSettings
  readonly realClock: Clock
  /** The broker's clock when hooks may move it on. */
  readonly adjustable: AdjustableClock | undefined
  /** The broker's clock. */
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

class Composed {
  /** What undoes the building, last first. */
  private readonly undo: (() => void | Promise<void>)[] = []
  private addresses: ListenerAddress[] = []
  private hooks: Hooks | undefined
  private cluster: ClusterView | undefined
  private httpUrl: string | undefined
  private stopping: Promise<void> | undefined
  private ended!: () => void
  private gaveUp!: (error: Error) => void
  private readonly stopped = new Promise<void>((resolve, reject) => {
    this.ended = resolve
    this.gaveUp = reject
  })

  constructor(private readonly given: Given) {
    // whoever does not ask how the broker ended is not told
    this.stopped.catch(() => {})
  }

  async build(): Promise<Broker> {
    const { options, start, clock, random, log } = this.given
    const { settings, listeners } = start
    const nodeId = settings.int('node.id')

    const turnsAway = (user: string): boolean => this.hooks?.failsAuthentication(user) ?? false
    const securityParts = { settings, clock, log, random, scramUsers: this, readFile: readMachineFile, turnsAway }
    const secure = (config: ListenerConfig): ListenerSecurity => listenerSecurity(config, securityParts)
    const rules = authorizerRules(settings)
    const endpoint = new Endpoint(options.transport ?? tcpTransport, settings, clock, log, secure)
    this.addresses = await endpoint.bind(listeners)
    this.undo.push(() => endpoint.stop())

    const inMemory = options.disk !== undefined || !wantsFiles(options)
    const disk = options.disk ?? (inMemory ? memoryDisk() : fileDisk())
    const directories = await LogDirectories.open({ disk, paths: start.logDirs, nodeId, random, log })
    for (const directory of directories.all) {
      directory.onFailure(() => {
        if (directories.online.length === 0) this.giveUp(new Error('no log directory is left'))
      })
    }
    let clean = false
    let brokerEpoch = -1
    this.undo.push(async () => {
      for (const directory of directories.all) await directory.close(clean, brokerEpoch)
    })

    const { clusterId } = directories
    const metadataDirectory = this.metadataDirectory(directories)
    const metadataPartition = await MetadataPartition.open({
      disk,
      directory: metadataDirectory.path,
      nodeId,
      clock,
      random,
      log,
      bootstrap: bootstrapEvents(),
      onFailed: (error) => {
        metadataDirectory.fail(error)
        this.giveUp(error)
      },
    })
    this.undo.push(() => metadataPartition.close())

    const cluster = new ClusterView(clusterId, nodeId, log)
    this.cluster = cluster
    const authorizer = rules && standardAuthorizer(rules, cluster.acls)
    const directoryIds = directories.all.map(({ meta }) => meta!.directoryId)
    const controller = new ClusterController(
      nodeId,
      new MetadataLog(metadataPartition, clock, cluster),
      { settings, random, directoryId: directoryIds.length === 1 ? directoryIds[0]! : UNASSIGNED_DIRECTORY },
      (error) => this.giveUp(error as Error),
    )
    this.undo.push(() => controller.close())
    await controller.load()
    settings.follow(cluster, nodeId)
    const rack = settings.text('broker.rack') ?? null
    const incarnationId = randomId(random)
    await controller.start({ nodeId, incarnationId, listeners: this.addresses, rack, directoryIds })
    brokerEpoch = cluster.brokers.get(nodeId)!.epoch
    const snapshotter = new Snapshotter({ partition: metadataPartition, cluster, settings, clock, log })
    this.undo.push(() => snapshotter.close())

    const purgatory = new Purgatory(clock)
    const partitions = await LocalPartitions.start({
      nodeId,
      clock,
      random,
      log,
      settings,
      cluster,
      purgatory,
      directories,
      cacheBytes: inMemory ? 0 : TAIL_CACHE_BYTES,
    })
    this.undo.push(async () => {
      await partitions.close()
      clean = true
    })

    const replicas = partitions
    const shared = { nodeId, clock, random, log, settings, cluster, controller, partitions, replicas, purgatory }
    const groups = startGroupCoordinator(shared)
    this.undo.push(() => groups.close())

    const transactionMarkers = localMarkers({ ...shared, groups })
    const producerIds = new ProducerIds(controller)
    const ending = { groups, markers: transactionMarkers, producerIds }
    const transactions = startTransactionCoordinator({ ...shared, ...ending })
    this.undo.push(() => transactions.close())

    const quorum = metadataPartition.quorum()
    const broker: Broker = { ...shared, quorum, authorizer, groups, transactions, transactionMarkers }
    await this.createTopics(broker)
    await this.serve(broker, endpoint)
    return broker
  }

  /** Asked for by listeners, which are there before the cluster is known. */
  credential(mechanism: ScramMechanismName, user: string): ScramCredential | undefined {
    return this.cluster?.scram.get(user, ScramMechanism[mechanism])
  }

  private async serve(broker: Broker, endpoint: Endpoint): Promise<void> {
    const { options, realClock, adjustable, clock, random, log } = this.given
    const nameOfTopic = (id: string): string | undefined => broker.cluster.topicById(id)?.name
    const requests = new RequestMetrics(clock, nameOfTopic)
    const apis = handlers.map(({ api }) => api)
    if (adjustable) this.hooks = new Hooks(broker, adjustable, realClock, random, apis)
    const { hooks } = this
    if (options.httpPort !== undefined) {
      const state = (): number => (this.stopping ? BrokerState.stopping : BrokerState.running)
      const measured = { ...broker, connectionCount: () => endpoint.connectionCount, state }
      const host = options.host ?? DEFAULT_HOST
      const monitor = await startMonitor({ host, port: options.httpPort, broker: measured, requests, hooks })
      this.httpUrl = `http://${bracketed(monitor.host)}:${monitor.port}`
      this.undo.push(() => monitor.close())
    }
    const around = (perform: Perform): Perform => requests.around(hooks ? hooks.around(perform) : perform)
    endpoint.serve(new Dispatch(withAccess(handlers, broker.authorizer), broker, log, around))
    // before anything that requests stand on: an append to a log that is being closed would be a failed write
    this.undo.push(() => endpoint.stop())
    if (hooks) this.undo.push(() => hooks.reset())
  }

  private metadataDirectory(directories: LogDirectories): LogDirectories['all'][number] {
    const { settings, logDirs } = this.given.start
    const path = settings.text('metadata.log.dir') ?? logDirs[0]!
    const directory = directories.online.find((one) => one.path === path)
    if (!directory)
      throw new StartError(`the metadata log is to be in ${path}, which is none of log.dirs that can be used`)
    return directory
  }

  private async createTopics({ controller, cluster }: Broker): Promise<void> {
    const missing = (this.given.options.topics ?? []).filter(({ name }) => !cluster.topic(name))
    if (missing.length === 0) return
    const requests = missing.map(({ name, partitions = -1, configs = {} }) => ({
      name,
      numPartitions: partitions,
      replicationFactor: -1,
      assignments: [],
      configs: Object.entries(configs).map(([config, value]) => ({ name: config, value })),
    }))
    for (const [name, outcome] of await controller.createTopics(requests, false)) {
      if (outcome.errorCode !== 0) throw new StartError(`topic '${name}' can't be created: ${outcome.errorMessage}`)
    }
  }

  running(parts: Broker, startedInMs: number): RunningBroker {
    const stop = (): Promise<void> => this.stop()
    return {
      nodeId: parts.nodeId,
      clusterId: parts.cluster.clusterId,
      bootstrapServers: this.addresses.map(({ host, port }) => `${bracketed(host)}:${port}`).join(','),
      listeners: this.addresses,
      startedInMs,
      parts,
      httpUrl: this.httpUrl,
      hooks: this.hooks,
      stopped: this.stopped,
      stop,
      [Symbol.asyncDispose]: stop,
    }
  }

  /** The broker can't go on: it stops as far as it can, and says why. */
  private giveUp(error: Error): void {
    if (this.stopping) return
    this.given.log.error('the broker gives up', { error })
    this.gaveUp(error)
    void this.stop()
  }

  stop(): Promise<void> {
    this.stopping ??= this.undoAll().finally(() => this.ended())
    return this.stopping
  }

  private async undoAll(): Promise<void> {
    for (const step of this.undo.splice(0).reverse()) {
      try {
        await step()
      } catch (error) {
        this.given.log.error('a part of the broker did not stop in order', { error })
      }
    }
  }
}

/** Keys and certificates lie on the machine's disk, wherever logs are kept. */
const readMachineFile = (path: string): Buffer | undefined => fileDisk().readFile(path)

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)
