/**
 * Builds every part of a broker, in order, once; nothing else knows how the parts fit together. Addresses are bound before
 * a file is touched, so that a taken port harms nothing; and requests are served only when every part is there.
 *
 *   settings → listeners bound → directories taken → metadata loaded → partitions loaded → groups → serve
 */
import { wallClock, type Clock } from '../base/clock.js'
import { silentLog, type Log } from '../base/log.js'
import { systemRandom, type Random } from '../base/random.js'
import { ListenError, tcpTransport } from '../net/index.js'
import { handlers } from './api/index.js'
import type { Broker } from './broker.js'
import { ClusterController } from './controller/cluster-controller.js'
import { randomId } from './controller/decisions.js'
import { bootstrapEvents } from './controller/start-broker.js'
import { fileDisk } from './disk/file-disk.js'
import { memoryDisk } from './disk/memory-disk.js'
import { Dispatch } from './endpoint/dispatch.js'
import { Endpoint } from './endpoint/endpoint.js'
import { startGroupCoordinator } from './group/start-group-coordinator.js'
import { LogDirectories } from './log/log-directories.js'
import { ClusterView } from './metadata/cluster-view.js'
import { MetadataLog } from './metadata/metadata-log.js'
import { MetadataPartition } from './raft/metadata-partition.js'
import type { Partitions } from './replica/partitions.js'
import { StartError, type BrokerOptions, type ListenerAddress, type RunningBroker } from './running-broker.js'
import { startSettings, wantsFiles, type StartSettings } from './start-settings.js'

/** Kafka's "not yet assigned", for partitions whose directory the node picks. */
const UNASSIGNED_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAA'

/**
 * Starts a broker in this process and resolves when it can serve.
 *
 * @throws StartError when a setting is wrong, a port is taken or a data directory can't be used.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  const clock = options.clock ?? wallClock()
  const startedMs = clock.monotonic()
  const log = options.log ?? silentLog
  const start = startSettings(options, log)
  const composed = new Composed(options, start, clock, options.random ?? systemRandom, log)
  try {
    const parts = await composed.build()
    return composed.running(parts, clock.monotonic() - startedMs)
  } catch (error) {
    await composed.stop()
    throw error instanceof ListenError ? new StartError(error.message) : error
  }
}

class Composed {
  /** What undoes the building, last first. */
  private readonly undo: (() => void | Promise<void>)[] = []
  private addresses: ListenerAddress[] = []
  private stopping: Promise<void> | undefined
  private ended!: () => void
  private gaveUp!: (error: Error) => void
  private readonly stopped = new Promise<void>((resolve, reject) => {
    this.ended = resolve
    this.gaveUp = reject
  })

  constructor(
    private readonly options: BrokerOptions,
    private readonly start: StartSettings,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly log: Log,
  ) {
    // whoever does not ask how the broker ended is not told
    this.stopped.catch(() => {})
  }

  async build(): Promise<Broker> {
    const { options, clock, random, log } = this
    const { settings, listeners } = this.start
    const nodeId = settings.int('node.id')

    const endpoint = new Endpoint(options.transport ?? tcpTransport, settings, clock, log)
    this.addresses = await endpoint.bind(listeners)
    this.undo.push(() => endpoint.stop())

    const disk = options.disk ?? (wantsFiles(options) ? fileDisk() : memoryDisk())
    const directories = await LogDirectories.open({ disk, paths: this.start.logDirs, nodeId, random, log })
    let clean = false
    let brokerEpoch = -1
    this.undo.push(async () => {
      for (const directory of directories.all) await directory.close(clean, brokerEpoch)
    })

    const { clusterId } = directories
    const metadataDirectory = this.metadataDirectory(directories)
    const metadataPartition = await MetadataPartition.open({
      ...{ disk, directory: metadataDirectory.path, nodeId, clock, random, log },
      bootstrap: bootstrapEvents(),
      onFailed: (error) => {
        metadataDirectory.fail(error)
        this.giveUp(error)
      },
    })
    this.undo.push(() => metadataPartition.close())

    const cluster = new ClusterView(clusterId, nodeId, log)
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

    const partitions: Partitions = { get: () => undefined, all: () => [] }
    this.undo.push(() => void (clean = this.stopping !== undefined))

    const shared = { nodeId, clock, random, log, settings, cluster, controller, partitions }
    const groups = startGroupCoordinator(shared)
    this.undo.push(() => groups.close())

    const broker: Broker = { ...shared, groups }
    await this.createTopics(broker)
    endpoint.serve(new Dispatch(handlers, broker, log))
    return broker
  }

  private metadataDirectory(directories: LogDirectories): LogDirectories['all'][number] {
    const { settings } = this.start
    const path = settings.text('metadata.log.dir') ?? this.start.logDirs[0]!
    const directory = directories.online.find((one) => one.path === path)
    if (!directory)
      throw new StartError(`the metadata log is to be in ${path}, which is none of log.dirs that can be used`)
    return directory
  }

  private async createTopics({ controller, cluster }: Broker): Promise<void> {
    const missing = (this.options.topics ?? []).filter(({ name }) => !cluster.topic(name))
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
      stopped: this.stopped,
      stop,
      [Symbol.asyncDispose]: stop,
    }
  }

  /** The broker can't go on: it stops as far as it can, and says why. */
  private giveUp(error: Error): void {
    if (this.stopping) return
    this.log.error('the broker gives up: its metadata log failed', { error })
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
        this.log.error('a part of the broker did not stop in order', { error })
      }
    }
  }
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)
