/**
 * The partitions that live on this node. At the start their folders are loaded from all log directories; from then on
 * they follow the cluster: a partition's folder is made with its first record, and leaves under a `-delete` name with the
 * topic that goes.
 *
 * A partition whose folder is in a directory that is offline is answered with KAFKA_STORAGE_ERROR, and never made anew
 * elsewhere.
 */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { ErrorCode } from '../../protocol/errors.js'
import type { BrokerSettings } from '../config/broker-settings.js'
import { partitionFolder } from '../log/file-names.js'
import { DelayedRemoval } from '../log/delayed-removal.js'
import { LogCleaner } from '../log/log-cleaner.js'
import type { LogConfig } from '../log/log-config.js'
import type { LogDirectories } from '../log/log-directories.js'
import type { LogDirectory } from '../log/log-directory.js'
import { newLog } from '../log/load-log.js'
import type { LogEnvironment } from '../log/partition-log.js'
import { formatPartitionMetadata, PARTITION_METADATA } from '../log/partition-metadata.js'
import { TailCache } from '../log/tail-cache.js'
import { WriteTurn } from '../log/write-queue.js'
import type { ClusterChange, ClusterState, TopicState } from '../metadata/cluster-state.js'
import type { Purgatory } from '../wait/purgatory.js'
import { DirectoryReplicas } from './directory-replicas.js'
import { LocalPartition } from './local-partition.js'
import { loadDirectory, moveAway, type LoadedFolder } from './partition-folders.js'
import type { Partitions } from './partitions.js'
import type { Replica, ReplicaDirectory, Replicas } from './replicas.js'
import { Upkeep } from './upkeep.js'
import { TopicLogConfigs } from './topic-log-configs.js'

export interface LocalPartitionsOptions {
  readonly nodeId: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly settings: BrokerSettings
  readonly cluster: ClusterState
  readonly purgatory: Purgatory
  readonly directories: LogDirectories
  /** How much of the newest batches is kept in memory, of all partitions together; 0 when the disk is memory itself. */
  readonly cacheBytes: number
}

const OFFLINE = Symbol('offline')

export class LocalPartitions implements Partitions, Replicas {
  readonly directories: readonly ReplicaDirectory[]
  private readonly topics = new Map<string, (LocalPartition | typeof OFFLINE | undefined)[]>()
  private readonly configs: TopicLogConfigs
  private readonly cache: TailCache | undefined
  private readonly turn = new WriteTurn()
  private readonly removals: DelayedRemoval
  readonly upkeep: Upkeep

  private constructor(private readonly options: LocalPartitionsOptions) {
    this.configs = new TopicLogConfigs(options.settings, options.cluster)
    this.cache = options.cacheBytes > 0 ? new TailCache(options.cacheBytes) : undefined
    this.directories = options.directories.all.map(
      (directory) => new DirectoryReplicas(directory, () => this.in(directory)),
    )
    const { clock, log, settings, directories } = options
    this.removals = new DelayedRemoval(clock, log)
    this.upkeep = new Upkeep({
      clock,
      log,
      settings,
      directories,
      partitions: () => this.all(),
      cache: this.cache,
      removals: this.removals,
      cleaner: new LogCleaner({ clock, log, settings, removals: this.removals }),
    })
    for (const directory of options.directories.all) directory.onFailure(() => this.goOffline(directory))
  }

  /** Loads what the cluster says is here, makes what is missing, and follows the cluster from then on. */
  static async start(options: LocalPartitionsOptions): Promise<LocalPartitions> {
    const partitions = new LocalPartitions(options)
    await partitions.load()
    options.cluster.onChange((change) => partitions.follow(change))
    partitions.upkeep.start()
    return partitions
  }

  get(topic: string, partition: number): LocalPartition | undefined {
    const found = this.topics.get(topic)?.[partition]
    return found === OFFLINE ? undefined : found
  }

  *all(): Generator<LocalPartition> {
    for (const partitions of this.topics.values()) {
      for (const partition of partitions) if (partition !== undefined && partition !== OFFLINE) yield partition
    }
  }

  find(topic: string, partition: number): Replica | ErrorCode {
    const found = this.topics.get(topic)?.[partition]
    if (found === OFFLINE) return ErrorCode.KAFKA_STORAGE_ERROR
    if (found !== undefined) return found
    const known = this.options.cluster.topic(topic)?.partitions[partition]
    return known === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.NOT_LEADER_OR_FOLLOWER
  }

  /** Leaves every log in order: written, flushed, and noted in the checkpoints. */
  async close(): Promise<void> {
    this.removals.stop()
    await this.upkeep.stop()
    await Promise.all(this.options.directories.online.map((directory) => this.closeDirectory(directory)))
  }

  private async closeDirectory(directory: LogDirectory): Promise<void> {
    for (const partition of this.in(directory)) await partition.log.close()
    await this.upkeep.saveCheckpoints(directory)
  }

  private in(directory: LogDirectory): LocalPartition[] {
    return [...this.all()].filter((partition) => partition.directory === directory)
  }

  private async load(): Promise<void> {
    const { directories, cluster, nodeId } = this.options
    await Promise.all(directories.all.filter(({ online }) => online).map((directory) => this.loadFrom(directory)))
    const complete = directories.all.every(({ online }) => online) && directories.missing === 0
    for (const topic of cluster.topics()) {
      for (const { partition, replicas } of topic.partitions) {
        if (!replicas.includes(nodeId) || this.topics.get(topic.name)?.[partition] !== undefined) continue
        // what can't be seen may be in the directory that can't be read
        if (complete) this.create(topic, partition)
        else this.put(topic.name, partition, OFFLINE)
      }
    }
  }

  private async loadFrom(directory: LogDirectory): Promise<void> {
    const { cluster, clock, random, log, nodeId } = this.options
    const isHere = (topic: string, partition: number, id: string | undefined): TopicState | undefined => {
      const state = cluster.topic(topic)
      if (!state?.partitions[partition]?.replicas.includes(nodeId)) return undefined
      return id === undefined || id === state.id ? state : undefined
    }
    try {
      await directory.beginUse()
      await loadDirectory(
        directory,
        { clock, random, log, isHere, config: (topic) => this.configs.of(topic) },
        (found) => {
          const { topic, partition, folder } = found
          const other = this.get(topic.name, partition)
          if (other) throw new Error(`${folder} and ${other.log.folder} are the same partition; remove one`)
          this.put(topic.name, partition, this.open(directory, found))
        },
      )
    } catch (error) {
      directory.fail(error as Error)
    }
  }

  private follow(change: ClusterChange): void {
    for (const topic of change.topicsDeleted) this.drop(topic)
    for (const topic of [...change.topicsCreated, ...change.topicsChanged]) this.update(topic)
  }

  private update(topic: TopicState): void {
    for (const { partition, replicas, leaderEpoch } of topic.partitions) {
      if (!replicas.includes(this.options.nodeId)) continue
      const found = this.topics.get(topic.name)?.[partition]
      if (found === undefined) this.create(topic, partition)
      else if (found !== OFFLINE && found.leaderEpoch < leaderEpoch) {
        found.becomeLeader(leaderEpoch)
        // whoever waits has to learn of the new epoch
        this.options.purgatory.notify(found, Infinity)
      }
    }
  }

  /** A new partition, in the directory that has the fewest. */
  private create(topic: TopicState, partition: number): void {
    const directory = this.emptiest()
    if (directory === undefined) return this.put(topic.name, partition, OFFLINE)
    const { disk } = directory
    const folder = `${directory.path}/${partitionFolder(topic.name, partition)}`
    const makeFolder = (): void => {
      disk.makeDirectory(folder)
      disk.writeFile(`${folder}/${PARTITION_METADATA}`, formatPartitionMetadata(topic.id))
    }
    try {
      const content = newLog(disk, folder, this.configs.of(topic.name), this.options.clock.now(), makeFolder)
      this.put(topic.name, partition, this.open(directory, { topic, partition, folder, content }))
    } catch (error) {
      this.put(topic.name, partition, OFFLINE)
      directory.fail(error as Error)
    }
  }

  private emptiest(): LogDirectory | undefined {
    const { online } = this.options.directories
    if (online.length <= 1) return online[0]
    const counts = new Map(online.map((directory) => [directory, 0]))
    for (const { directory } of this.all()) counts.set(directory, (counts.get(directory) ?? 0) + 1)
    return online.reduce((best, one) => (counts.get(one)! < counts.get(best)! ? one : best))
  }

  private open(
    directory: LogDirectory,
    { topic, partition, folder, content, firstDirtyOffset }: LoadedFolder,
  ): LocalPartition {
    const { clock, random, purgatory } = this.options
    const environment: LogEnvironment = {
      disk: directory.disk,
      clock,
      random,
      turn: this.turn,
      // nobody reads these along
      cache: topic.internal ? undefined : this.cache,
    }
    return new LocalPartition({
      topic: topic.name,
      partition,
      topicId: topic.id,
      leaderEpoch: topic.partitions[partition]!.leaderEpoch,
      directory,
      folder,
      config: (): LogConfig => this.configs.of(topic.name),
      content,
      firstDirtyOffset,
      environment,
      committed: (of, bytes) => purgatory.notify(of, bytes),
    })
  }

  private put(topic: string, partition: number, value: LocalPartition | typeof OFFLINE): void {
    let partitions = this.topics.get(topic)
    if (!partitions) this.topics.set(topic, (partitions = []))
    partitions[partition] = value
  }

  private drop(topic: TopicState): void {
    const partitions = this.topics.get(topic.name) ?? []
    this.topics.delete(topic.name)
    const delayMs = this.configs.of(topic.name).fileDeleteDelayMs
    this.configs.forget(topic.name)
    for (const partition of partitions) {
      if (partition === undefined || partition === OFFLINE) continue
      partition.retire('the topic was deleted')
      this.removeLater(partition, delayMs)
      this.options.purgatory.notify(partition, Infinity)
    }
  }

  private removeLater({ topic, partition, directory, log }: LocalPartition, delayMs: number): void {
    if (!log.hasFolder) return
    const doomed = moveAway(directory, log.folder, topic, partition, this.options.random)
    if (doomed !== undefined) this.removals.after(delayMs, directory.disk, [doomed])
  }

  private goOffline(directory: LogDirectory): void {
    for (const partition of this.in(directory)) {
      partition.retire(`log directory ${directory.path} is offline`)
      this.put(partition.topic, partition.partition, OFFLINE)
      this.options.purgatory.notify(partition, Infinity)
    }
  }
}
