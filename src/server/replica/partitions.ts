/**
 * The partitions that live on this node. On one node every partition has one replica, this one, and the high watermark
 * is what has been written: nothing is answered before its write has returned.
 */
import type { ErrorCode } from '../../protocol/errors.js'

export interface Partitions {
  /** undefined: not on this node, or its log directory is offline (see `errorFor`). */
  get(topic: string, partition: number): Partition | undefined
  all(): Iterable<Partition>
}

export type AppendOrigin = 'client' | 'coordinator'

export interface Appended {
  readonly baseOffset: number
  readonly lastOffset: number
  /** -1 under CreateTime. */
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  /** True when an idempotent producer sent a batch that is in the log already; the offsets are those of the first time. */
  readonly duplicate: boolean
}

export interface Partition {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly leaderEpoch: number
  readonly logStartOffset: number
  /** Next offset to be given out. */
  readonly logEndOffset: number
  /** Everything below is written and may be read. */
  readonly highWatermark: number
  readonly lastStableOffset: number
  /**
   * Validates, gives out offsets and queues the bytes, synchronously; throws `AppendError` when a validator refuses.
   * `batches` is one or more whole record batches; the call takes the buffer over: it may patch headers in place, and
   * serve reads from it for as long as the tail cache holds it, so the caller must not write to it again. Offsets up to `lastOffset` are committed once `committed(lastOffset)` resolves.
   */
  append(batches: Buffer, origin: AppendOrigin): Appended
  /**
   * To be taken before the coordinator is asked whether a write may go into its transaction (KIP-890), and shown to
   * `isVerified` right before the append. undefined: the transaction is open here, and nobody has to be asked.
   *
   * @throws AppendError INVALID_PRODUCER_EPOCH
   */
  verification(write: FirstWrite): Verification | undefined
  /**
   * To be called right before an end marker is appended.
   *
   * @throws AppendError INVALID_PRODUCER_EPOCH for one that does not raise the epoch where it has to (KIP-890)
   */
  checkEndMarker(producerId: number, producerEpoch: number, transactionVersion: number): void
  /** Whether the producer's transaction is open here, or none of its was ended here since `verification` was taken. */
  isVerified(producerId: number, producerEpoch: number, verification: Verification | undefined): boolean
  /** Resolves when the high watermark has passed `offset`; rejects with `StorageError` when the write failed. */
  committed(offset: number): Promise<void>
  /** Every batch from `fromOffset` to the log end, in order, in chunks of whole batches: how machines load. */
  replay(fromOffset: number, onBatches: (batches: Buffer) => void): Promise<void>
  /** Called when the high watermark moved. */
  onHighWatermark(listener: () => void): void
}

/** A write that may be a transaction's first one in a partition. */
export interface FirstWrite {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1 for what a coordinator writes in the producer's name. */
  readonly baseSequence: number
  /** Each transaction has an epoch of its own (`transaction.version` 2). */
  readonly bumpsEpoch: boolean
}

/** Nothing but itself: see `Partition.verification`. */
export interface Verification {
  readonly producerEpoch: number
}

/** A validator refused a batch; `recordErrors` names single records where the validator knows them. */
export class AppendError extends Error {
  override readonly name = 'AppendError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly recordErrors: readonly { readonly batchIndex: number; readonly message: string | null }[] = [],
  ) {
    super(message)
  }
}

/** The log directory failed; it is offline, and what was queued behind the failure is lost with it, unanswered. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
}
