/** A partition of this node over its log: which topic's it is, which leader epoch it is in, and who waits for it. */
import { IsolationLevel } from '../../protocol/constants.js'
import { ErrorCode } from '../../protocol/errors.js'
import { findByTimestamp, findMaxTimestamp, type FoundRecord } from '../log/find-offset.js'
import type { LogConfig } from '../log/log-config.js'
import { isIoError, type LogDirectory } from '../log/log-directory.js'
import { PartitionLog, type LogContent, type LogEnvironment } from '../log/partition-log.js'
import type { ProducerSnapshotEntry } from '../log/producer-snapshot.js'
import type { ReadLimits } from '../log/segment-reader.js'
import type { AbortedTransaction } from '../log/transaction-index.js'
import { storageError } from '../log/write-queue.js'
import { StorageError, type Appended, type AppendOrigin, type FirstWrite, type Verification } from './partitions.js'
import type { Replica } from './replicas.js'

export interface LocalPartitionOptions {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly leaderEpoch: number
  readonly directory: LogDirectory
  readonly folder: string
  /** The topic's settings as they stand. */
  readonly config: () => LogConfig
  /** What loading its files has found. */
  readonly content: LogContent
  readonly environment: LogEnvironment
  readonly firstDirtyOffset?: number | undefined
  /** Told of each move of the high watermark, by how many bytes. */
  readonly committed: (partition: LocalPartition, bytes: number) => void
}

export class LocalPartition implements Replica {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly directory: LogDirectory
  private readonly config: () => LogConfig
  private readonly content: PartitionLog
  private readonly listeners: (() => void)[] = []
  private epoch: number
  /** Set while the cleaner is at work. */
  cleaning = false
  /** Where compaction has got to; undefined = nowhere yet. */
  firstDirtyOffset: number | undefined

  constructor(options: LocalPartitionOptions) {
    const { directory, config, environment } = options
    this.topic = options.topic
    this.partition = options.partition
    this.topicId = options.topicId
    this.directory = directory
    this.config = config
    this.content = new PartitionLog(environment, options.folder, config(), options.content, {
      committed: (bytes) => {
        options.committed(this, bytes)
        for (const listener of this.listeners) listener()
      },
      failed: (error) => directory.fail(error),
    })
    this.epoch = options.leaderEpoch
    this.firstDirtyOffset = options.firstDirtyOffset
    this.becomeLeader(this.epoch)
  }

  get log(): PartitionLog {
    return this.content
  }

  get leaderEpoch(): number {
    return this.epoch
  }

  get key(): string {
    return `${this.topic}-${this.partition}`
  }

  get logStartOffset(): number {
    return this.content.logStartOffset
  }

  get logEndOffset(): number {
    return this.content.logEndOffset
  }

  get highWatermark(): number {
    return this.content.highWatermark
  }

  get lastStableOffset(): number {
    return this.content.lastStableOffset
  }

  becomeLeader(leaderEpoch: number): void {
    this.epoch = leaderEpoch
    if (leaderEpoch >= 0) this.content.epochs.assign(leaderEpoch, this.logEndOffset)
  }

  /** The log with its settings as they stand now. */
  upToDate(): PartitionLog {
    this.content.config = this.config()
    return this.content
  }

  append(batches: Buffer, origin: AppendOrigin): Appended {
    return this.upToDate().append(batches, origin, this.leaderEpoch)
  }

  verification(write: FirstWrite): Verification | undefined {
    return this.content.verification(write)
  }

  checkEndMarker(producerId: number, producerEpoch: number, transactionVersion: number): void {
    this.content.producers.checkEndMarker(producerId, producerEpoch, transactionVersion)
  }

  isVerified(producerId: number, producerEpoch: number, verification: Verification | undefined): boolean {
    return this.content.producers.isVerified(producerId, producerEpoch, verification)
  }

  committed(offset: number): Promise<void> {
    return this.content.committed(offset)
  }

  replay(fromOffset: number, onBatches: (batches: Buffer) => void): Promise<void> {
    return this.guarded(this.content.replay(fromOffset, onBatches))
  }

  onHighWatermark(listener: () => void): void {
    this.listeners.push(listener)
  }

  checkLeaderEpoch(claimed: number): ErrorCode {
    if (claimed < 0 || claimed === this.leaderEpoch) return ErrorCode.NONE
    return claimed < this.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
  }

  endOffsetFor(isolationLevel: number): number {
    return isolationLevel === IsolationLevel.readCommitted ? this.lastStableOffset : this.highWatermark
  }

  read(fromOffset: number, limits: ReadLimits): Buffer | Promise<Buffer> {
    const found = this.content.read(fromOffset, limits)
    return Buffer.isBuffer(found) ? found : this.guarded(found)
  }

  abortedTransactions(fromOffset: number, toOffset: number): readonly AbortedTransaction[] {
    return this.content.abortedTransactions(fromOffset, toOffset)
  }

  producers(): readonly ProducerSnapshotEntry[] {
    return this.content.producers.snapshot()
  }

  findByTimestamp(timestampMs: number): Promise<FoundRecord | undefined> {
    return this.guarded(findByTimestamp(this.content, timestampMs))
  }

  findMaxTimestamp(): Promise<FoundRecord | undefined> {
    return this.guarded(findMaxTimestamp(this.content))
  }

  epochOf(offset: number): number | undefined {
    return this.content.epochs.epochOf(offset)
  }

  endOfEpoch(epoch: number): { epoch: number; endOffset: number } | undefined {
    return this.content.epochs.endOf(epoch, this.logEndOffset)
  }

  get deletesRecords(): boolean {
    return this.config().delete
  }

  deleteRecordsBefore(offset: number): number {
    return this.upToDate().moveStart(offset)
  }

  /** The topic is gone, or its directory is: nobody gets anything from here any more. */
  retire(reason: string): void {
    this.content.refuse(new StorageError(`${this.key}: ${reason}`))
    this.content.release()
  }

  /** An error of the disk takes the directory offline; files that were closed meanwhile belong to what is gone. */
  private async guarded<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (!isIoError(error)) throw error
      const failure = storageError(error, { path: this.content.folder })
      if (error.code !== 'EBADF') this.directory.fail(failure)
      throw failure
    }
  }
}
