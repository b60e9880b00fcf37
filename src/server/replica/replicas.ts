/**
 * The partitions of this node as clients' requests see them: to be read, searched and cut. Coordinators and machines see
 * the same partitions through `Partitions`, which is all they need.
 */
import type { ErrorCode } from '../../protocol/errors.js'
import type { DiskSpace } from '../disk/disk.js'
import type { FoundRecord } from '../log/find-offset.js'
import type { ProducerSnapshotEntry } from '../log/producer-snapshot.js'
import type { ReadLimits } from '../log/segment-reader.js'
import type { AbortedTransaction } from '../log/transaction-index.js'
import type { Partition } from './partitions.js'

export interface Replicas {
  /** The replica that serves clients, or the error that says why there is none here. */
  find(topic: string, partition: number): Replica | ErrorCode
  readonly directories: readonly ReplicaDirectory[]
}

export interface Replica extends Partition {
  /** Answers what a client claims the leader epoch to be; -1 claims nothing. NONE when it is right. */
  checkLeaderEpoch(claimed: number): ErrorCode
  /** What a reader may see ends here: the last stable offset for read-committed, else the high watermark. */
  endOffsetFor(isolationLevel: number): number
  /**
   * Whole batches from the one that holds `fromOffset`, which must lie within the log; at once when they are in memory.
   * Empty: there is nothing within the limits.
   *
   * @throws StorageError, also by promise, when the files can't be read
   */
  read(fromOffset: number, limits: ReadLimits): Buffer | Promise<Buffer>
  /** Aborted transactions that wrote, or ended, between two offsets; some that lie before `fromOffset` may be among them. */
  abortedTransactions(fromOffset: number, toOffset: number): readonly AbortedTransaction[]
  /** What is known of producers that wrote here. */
  producers(): readonly ProducerSnapshotEntry[]
  findByTimestamp(timestampMs: number): Promise<FoundRecord | undefined>
  findMaxTimestamp(): Promise<FoundRecord | undefined>
  /** The leader epoch that the offset was written in. */
  epochOf(offset: number): number | undefined
  /** The last epoch up to `epoch` that wrote something, and the offset at which it ended. */
  endOfEpoch(epoch: number): { readonly epoch: number; readonly endOffset: number } | undefined
  /** Whether `cleanup.policy` has `delete`: only then clients may delete records. */
  readonly deletesRecords: boolean
  /** Moves the log start up to `offset`, which is at most the high watermark; gives the log start as it is then. */
  deleteRecordsBefore(offset: number): number
}

export interface ReplicaDirectory {
  readonly path: string
  readonly online: boolean
  space(): Promise<DiskSpace>
  replicas(): Iterable<{ readonly topic: string; readonly partition: number; readonly sizeInBytes: number }>
}
