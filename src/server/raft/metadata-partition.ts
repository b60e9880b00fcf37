/**
 * The log of `__cluster_metadata-0`, led by this node. Each start begins an epoch, which is put down in `quorum-state` and
 * then, as the epoch's first batch, in the log itself. Unlike a topic's, its writes are durable before they count: what the
 * cluster is must not be lost with the power.
 */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { MalformedError } from '../../base/bytes.js'
import { controlBatch, ControlType, leaderChangeMessage } from '../../protocol/records/index.js'
import { ZERO_UUID } from '../../protocol/schema/index.js'
import { replaceFile, type Disk } from '../disk/disk.js'
import { LOG, offsetOfFile } from '../log/file-names.js'
import { LEADER_EPOCH_CHECKPOINT, loadLog, newLog } from '../log/load-log.js'
import { DEFAULT_LOG_CONFIG, type LogConfig } from '../log/log-config.js'
import { PartitionLog } from '../log/partition-log.js'
import { formatPartitionMetadata, PARTITION_METADATA } from '../log/partition-metadata.js'
import { formatEpochs } from '../log/text-checkpoint.js'
import { WriteTurn } from '../log/write-queue.js'
import type { MetadataEvent } from '../metadata/events.js'
import { CLUSTER_METADATA } from '../metadata/internal-topics.js'
import type { Appended, AppendOrigin, StorageError } from '../replica/partitions.js'
import { StartError } from '../running-broker.js'
import type { Quorum } from './quorum.js'
import { readQuorumState, writeQuorumState } from './quorum-state.js'
import {
  formatSnapshot,
  listSnapshots,
  parseSnapshot,
  removeOldSnapshots,
  snapshotFile,
  writeSnapshot,
  type Snapshot,
} from './snapshot-files.js'

/** The topic id that Kafka reserves for it. */
const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const BOOTSTRAP = 'bootstrap.checkpoint'

const CONFIG: LogConfig = {
  ...DEFAULT_LOG_CONFIG,
  compact: false,
  delete: true,
  retentionBytes: -1,
  retentionMs: -1,
  flushMessages: 1,
  maxMessageBytes: Infinity,
}

export interface MetadataPartitionOptions {
  readonly disk: Disk
  /** The log directory that holds it: `metadata.log.dir`, or the first of `log.dirs`. */
  readonly directory: string
  readonly nodeId: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What a new cluster begins with, for `bootstrap.checkpoint`. */
  readonly bootstrap: readonly MetadataEvent[]
  readonly onFailed: (error: StorageError) => void
}

export class MetadataPartition {
  /** Bytes of records that no snapshot stands for. */
  bytesSinceSnapshot = 0

  private constructor(
    private readonly options: MetadataPartitionOptions,
    private readonly folder: string,
    private readonly content: PartitionLog,
    readonly leaderEpoch: number,
    /** What stands for the records before the log's start; undefined: the log has them all. */
    readonly snapshot: Snapshot | undefined,
  ) {}

  /** @throws StartError when its files can't be understood */
  static async open(options: MetadataPartitionOptions): Promise<MetadataPartition> {
    const { disk, directory, nodeId } = options
    const folder = `${directory}/${CLUSTER_METADATA}-0`
    disk.makeDirectory(folder)
    const snapshot = readSnapshot(options, folder)
    const content = await loadOrCreate(options, folder, snapshot)
    const before = Math.max(readQuorumState(disk, folder)?.leaderEpoch ?? 0, content.epochs.latest?.epoch ?? 0)
    const partition = new MetadataPartition(options, folder, content, before + 1, snapshot)
    if (content.logEndOffset === 0) await writeBootstrap(options)
    await writeQuorumState(disk, folder, { leaderId: nodeId, leaderEpoch: partition.leaderEpoch })
    await partition.beginEpoch()
    return partition
  }

  private async beginEpoch(): Promise<void> {
    const { nodeId, clock } = this.options
    const voters = [{ voterId: nodeId }]
    const value = { version: 0, leaderId: nodeId, voters, grantingVoters: voters }
    const place = { baseOffset: this.logEndOffset, leaderEpoch: this.leaderEpoch, timestampMs: clock.now() }
    const { lastOffset } = this.append(
      controlBatch(ControlType.LEADER_CHANGE, leaderChangeMessage, value, place),
      'coordinator',
    )
    await this.committed(lastOffset)
    await this.saveEpochs()
  }

  /** Live: its offsets are those of the moment. */
  quorum(): Quorum {
    const { nodeId } = this.options
    const { content } = this
    return {
      leaderId: nodeId,
      leaderEpoch: this.leaderEpoch,
      get highWatermark() {
        return content.highWatermark
      },
      get voters() {
        return [{ nodeId, directoryId: ZERO_UUID, logEndOffset: content.logEndOffset }]
      },
      observers: [],
    }
  }

  get logStartOffset(): number {
    return this.content.logStartOffset
  }

  get logEndOffset(): number {
    return this.content.logEndOffset
  }

  append(batches: Buffer, origin: AppendOrigin): Appended {
    this.bytesSinceSnapshot += batches.length
    return this.content.append(batches, origin, this.leaderEpoch)
  }

  committed(offset: number): Promise<void> {
    return this.content.committed(offset)
  }

  replay(fromOffset: number, onBatches: (batches: Buffer) => void): Promise<void> {
    return this.content.replay(fromOffset, (batches) => {
      this.bytesSinceSnapshot += batches.length
      onBatches(batches)
    })
  }

  /** Puts down what the records below `endOffset` come to, and lets go of those records. */
  async writeSnapshot(events: readonly MetadataEvent[], endOffset: number): Promise<void> {
    const { disk, clock } = this.options
    const bytesBefore = this.bytesSinceSnapshot
    const id = { endOffset, epoch: this.content.epochs.epochOf(endOffset - 1) ?? this.leaderEpoch }
    const nowMs = clock.now()
    await writeSnapshot(disk, this.folder, id, await formatSnapshot(events, nowMs, nowMs))
    await removeOldSnapshots(disk, this.folder, id)
    this.bytesSinceSnapshot -= bytesBefore
    this.content.moveStart(endOffset)
    this.content.roll()
    for (const path of this.content.retain(nowMs)?.paths ?? []) await disk.remove(path)
    await this.saveEpochs()
  }

  async close(): Promise<void> {
    await this.content.close()
  }

  private async saveEpochs(): Promise<void> {
    const { epochs } = this.content
    if (!epochs.dirty) return
    await replaceFile(this.options.disk, `${this.folder}/${LEADER_EPOCH_CHECKPOINT}`, formatEpochs(epochs.entries))
    epochs.dirty = false
  }
}

async function loadOrCreate(
  options: MetadataPartitionOptions,
  folder: string,
  snapshot: Snapshot | undefined,
): Promise<PartitionLog> {
  const { disk, clock, random, log, onFailed } = options
  const nowMs = clock.now()
  const isThere = snapshot || disk.list(folder).some(({ name }) => offsetOfFile(name, LOG) !== undefined)
  if (!isThere) disk.writeFile(`${folder}/${PARTITION_METADATA}`, formatPartitionMetadata(METADATA_TOPIC_ID))
  const logStartOffset = snapshot?.id.endOffset ?? 0
  // never trusted to be clean: it is small, and everything stands on it
  const found = { disk, folder, config: CONFIG, log, nowMs, clean: false, recoveryPoint: 0, logStartOffset }
  const content = isThere ? await loadLog(found) : newLog(disk, folder, CONFIG, nowMs)
  if (content.logStartOffset > logStartOffset) {
    throw new StartError(
      `${folder} has no records before offset ${content.logStartOffset}, and no snapshot that stands for them. ` +
        'Restore its files, or use another data directory',
    )
  }
  const environment = { disk, clock, random, turn: new WriteTurn(), cache: undefined }
  return new PartitionLog(environment, folder, CONFIG, content, { committed() {}, failed: onFailed })
}

/** The first records of a cluster, in the form of a snapshot, as `kafka-storage format` leaves them. */
async function writeBootstrap({ disk, directory, clock, bootstrap }: MetadataPartitionOptions): Promise<void> {
  await replaceFile(disk, `${directory}/${BOOTSTRAP}`, await formatSnapshot(bootstrap, 0, clock.now()))
}

/** The newest snapshot that can be read. */
function readSnapshot({ disk, log }: MetadataPartitionOptions, folder: string): Snapshot | undefined {
  for (const id of listSnapshots(disk, folder)) {
    const path = `${folder}/${snapshotFile(id)}`
    try {
      return { id, events: parseSnapshot(disk.readFile(path)!) }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      log.warn(`${path} can't be read, and is passed over: ${error.message}`)
    }
  }
  return undefined
}
