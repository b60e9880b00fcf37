/**
 * The log of `__cluster_metadata-0`, led by this node. Each start begins an epoch, which is put down in `quorum-state` and
 * then, as the epoch's first batch, in the log itself. Unlike a topic's, its writes are durable before they count: what the
 * cluster is must not be lost with the power.
 */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { BatchBuilder, controlBatch, ControlType } from '../../protocol/records/index.js'
import { leaderChangeMessage, snapshotFooterRecord, snapshotHeaderRecord } from '../../protocol/records/index.js'
import { replaceFile, type Disk } from '../disk/disk.js'
import { LOG, offsetOfFile } from '../log/file-names.js'
import { LEADER_EPOCH_CHECKPOINT, loadLog, newLog } from '../log/load-log.js'
import { DEFAULT_LOG_CONFIG, type LogConfig } from '../log/log-config.js'
import { PartitionLog } from '../log/partition-log.js'
import { formatPartitionMetadata, PARTITION_METADATA } from '../log/partition-metadata.js'
import { formatEpochs } from '../log/text-checkpoint.js'
import { WriteTurn } from '../log/write-queue.js'
import { encodeEvent, type MetadataEvent } from '../metadata/events.js'
import { CLUSTER_METADATA } from '../metadata/internal-topics.js'
import type { Appended, AppendOrigin, StorageError } from '../replica/partitions.js'
import { readQuorumState, writeQuorumState } from './quorum-state.js'

/** The topic id that Kafka reserves for it. */
const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const BOOTSTRAP = 'bootstrap.checkpoint'

const CONFIG: LogConfig = {
  ...DEFAULT_LOG_CONFIG,
  compact: false,
  delete: false,
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
  private constructor(
    private readonly options: MetadataPartitionOptions,
    private readonly folder: string,
    private readonly content: PartitionLog,
    readonly leaderEpoch: number,
  ) {}

  /** @throws StartError when its files can't be understood */
  static async open(options: MetadataPartitionOptions): Promise<MetadataPartition> {
    const { disk, directory, nodeId } = options
    const folder = `${directory}/${CLUSTER_METADATA}-0`
    disk.makeDirectory(folder)
    const content = await loadOrCreate(options, folder)
    const before = Math.max(readQuorumState(disk, folder)?.leaderEpoch ?? 0, content.epochs.latest?.epoch ?? 0)
    const partition = new MetadataPartition(options, folder, content, before + 1)
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

  get logStartOffset(): number {
    return this.content.logStartOffset
  }

  get logEndOffset(): number {
    return this.content.logEndOffset
  }

  append(batches: Buffer, origin: AppendOrigin): Appended {
    return this.content.append(batches, origin, this.leaderEpoch)
  }

  committed(offset: number): Promise<void> {
    return this.content.committed(offset)
  }

  replay(fromOffset: number, onBatches: (batches: Buffer) => void): Promise<void> {
    return this.content.replay(fromOffset, onBatches)
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

async function loadOrCreate(options: MetadataPartitionOptions, folder: string): Promise<PartitionLog> {
  const { disk, clock, random, log, onFailed } = options
  const nowMs = clock.now()
  const isThere = disk.list(folder).some(({ name }) => offsetOfFile(name, LOG) !== undefined)
  if (!isThere) disk.writeFile(`${folder}/${PARTITION_METADATA}`, formatPartitionMetadata(METADATA_TOPIC_ID))
  // never trusted to be clean: it is small, and everything stands on it
  const found = { disk, folder, config: CONFIG, log, nowMs, clean: false, recoveryPoint: 0, logStartOffset: 0 }
  const content = isThere ? await loadLog(found) : newLog(disk, folder, CONFIG, nowMs)
  const environment = { disk, clock, random, turn: new WriteTurn(), cache: undefined }
  return new PartitionLog(environment, folder, CONFIG, content, { committed() {}, failed: onFailed })
}

/** The first records of a cluster, in the form of a snapshot, as `kafka-storage format` leaves them. */
async function writeBootstrap({ disk, directory, clock, bootstrap }: MetadataPartitionOptions): Promise<void> {
  const timestampMs = clock.now()
  const records = new BatchBuilder({ baseOffset: 1, partitionLeaderEpoch: 0 })
  for (const event of bootstrap) records.append({ key: null, value: encodeEvent(event), timestampMs })
  const place = (baseOffset: number) => ({ baseOffset, leaderEpoch: 0, timestampMs })
  const header = { version: 0, lastContainedLogTimestamp: 0 }
  const content = Buffer.concat([
    controlBatch(ControlType.SNAPSHOT_HEADER, snapshotHeaderRecord, header, place(0)),
    records.finish(),
    controlBatch(ControlType.SNAPSHOT_FOOTER, snapshotFooterRecord, { version: 0 }, place(1 + bootstrap.length)),
  ])
  await replaceFile(disk, `${directory}/${BOOTSTRAP}`, content)
}
