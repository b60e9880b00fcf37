/**
 * The way of a log's bytes to its files. Appends queue bytes; at the end of the turn all that a log has queued goes out
 * in one write a file, and when that has returned the high watermark moves. Writes of one log never overlap.
 *
 * Whoever waits for a commit shares one promise per write. A failed write fails everything behind it, for good: the log
 * takes nothing more, and what it really holds is found out by loading it anew.
 */
import { nextTurn } from '../../base/turn.js'
import type { DiskFile } from '../disk/disk.js'
import { StorageError } from '../replica/partitions.js'

/** Writes of many logs that fall into one turn, done one after another before anyone hears of any. */
export class WriteTurn {
  private due: WriteQueue[] = []

  add(queue: WriteQueue): void {
    if (this.due.push(queue) === 1) void nextTurn().then(() => this.run())
  }

  private run(): void {
    const due = this.due
    this.due = []
    for (const queue of due) queue.write()
  }
}

interface Pending {
  readonly file: DiskFile
  readonly buffers: Uint8Array[]
  bytes: number
  endOffset: number
  /** Set: counts as written only once this has made it durable (`flush.messages`). */
  sync: (() => Promise<void>) | undefined
}

interface Waiter {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: StorageError) => void
}

export interface WriteQueueEvents {
  /** A write returned: everything below `endOffset` is in the files now. */
  written(endOffset: number, bytes: number, synced: boolean): void
  failed(error: StorageError): void
}

const COMMITTED = Promise.resolve()

export class WriteQueue {
  private queued: Pending[] = []
  private queuedWaiter: Waiter | undefined
  private writing: { readonly endOffset: number; waiter: Waiter | undefined } | undefined
  private scheduled = false
  private failure: StorageError | undefined
  private drained: Waiter | undefined

  /** @param writtenEnd everything below it is in the files */
  constructor(
    private writtenEnd: number,
    private readonly turn: WriteTurn,
    private readonly events: WriteQueueEvents,
  ) {}

  get writtenOffset(): number {
    return this.writtenEnd
  }

  get failed(): StorageError | undefined {
    return this.failure
  }

  push(file: DiskFile, bytes: Uint8Array, endOffset: number, sync?: () => Promise<void>): void {
    let last = this.queued.at(-1)
    if (last?.file !== file) this.queued.push((last = { file, buffers: [], bytes: 0, endOffset, sync }))
    last.buffers.push(bytes)
    last.bytes += bytes.length
    last.endOffset = endOffset
    last.sync ??= sync
    this.schedule()
  }

  /** Resolves when `offset` is below the high watermark; rejects when it never will be. */
  committed(offset: number): Promise<void> {
    if (offset < this.writtenEnd) return COMMITTED
    if (this.failure) return Promise.reject(this.failure)
    if (this.writing && offset < this.writing.endOffset) return (this.writing.waiter ??= waiter()).promise
    return (this.queuedWaiter ??= waiter()).promise
  }

  /** Resolves when nothing is queued or being written, or when writing has failed. */
  idle(): Promise<void> {
    if (this.failure || (this.queued.length === 0 && !this.writing)) return COMMITTED
    return (this.drained ??= waiter()).promise
  }

  /** From now on the log takes nothing; what is queued is lost, unanswered. Nobody but those who wait is told. */
  refuse(error: StorageError): void {
    if (this.failure) return
    this.failure = error
    this.queued = []
    this.writing?.waiter?.reject(error)
    this.writing = undefined
    this.queuedWaiter?.reject(error)
    this.queuedWaiter = undefined
    this.drained?.resolve()
  }

  private fail(error: StorageError): void {
    if (this.failure) return
    this.refuse(error)
    this.events.failed(error)
  }

  /** Called at the end of a turn, by `WriteTurn`. */
  write(): void {
    this.scheduled = false
    if (this.writing || this.queued.length === 0) return
    const batch = this.queued
    const last = batch.at(-1)!
    let bytes = 0
    for (const pending of batch) bytes += pending.bytes
    const finish = (): void => this.done(bytes, last.sync !== undefined)
    this.writing = { endOffset: last.endOffset, waiter: this.queuedWaiter }
    this.queued = []
    this.queuedWaiter = undefined
    try {
      const slow = writeAll(batch)
      if (slow === undefined) finish()
      else slow.then(finish, (error: unknown) => this.fail(storageError(error, last.file)))
    } catch (error) {
      this.fail(storageError(error, last.file))
    }
  }

  private schedule(): void {
    if (this.scheduled || this.writing) return
    this.scheduled = true
    this.turn.add(this)
  }

  private done(bytes: number, synced: boolean): void {
    const write = this.writing
    if (write === undefined) return
    this.writing = undefined
    this.writtenEnd = write.endOffset
    if (this.queued.length > 0) this.schedule()
    else {
      this.drained?.resolve()
      this.drained = undefined
    }
    write.waiter?.resolve()
    this.events.written(write.endOffset, bytes, synced)
  }
}

/** A file after another; nothing is awaited as long as the disk is done at once. */
function writeAll(batch: readonly Pending[]): Promise<void> | undefined {
  for (let i = 0; i < batch.length; i++) {
    const { file, buffers, sync } = batch[i]!
    const slow = file.append(buffers)
    if (slow !== undefined || sync !== undefined) {
      return Promise.resolve(slow)
        .then(sync)
        .then(() => writeAll(batch.slice(i + 1)))
    }
  }
  return undefined
}

export function storageError(cause: unknown, file: { readonly path: string }): StorageError {
  const { message } = cause as Error
  return new StorageError(message.includes(file.path) ? message : `${file.path}: ${message}`, { cause })
}

function waiter(): Waiter {
  let resolve!: () => void
  let reject!: (error: StorageError) => void
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
