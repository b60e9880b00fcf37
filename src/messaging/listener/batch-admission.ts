/**
 * What of a delivery a batch handler is to see. What can't be read is dealt with before, record by record, as is one that
 * the filter fails on.
 */
import { decideForRecord } from './failure.js'
import type { AnyRecord } from './partition-runner.js'
import type { PartitionWorker } from './partition-worker.js'
import type { Delivery } from './record-queue.js'
import { Unreadable } from './record-reader.js'
import type { Read, RecordReader } from './record-reader.js'

const ENDED = Symbol('ended')
type Admitted = AnyRecord | undefined | typeof ENDED

export class BatchAdmission {
  constructor(
    private readonly worker: PartitionWorker,
    private readonly reader: RecordReader,
  ) {}

  /** undefined: the worker ended meanwhile. */
  admit({ records: raws }: Delivery): AnyRecord[] | Promise<AnyRecord[] | undefined> {
    const { acks, host } = this.worker
    const { discardIf } = host.listener
    for (let at = 0; at < raws.length; at++) {
      const raw = raws[at]!
      const read = this.reader.read(raw)
      // whatever is not plain goes the long way, and all that follow it
      if (read !== raw || discardIf !== undefined) return this.admitFrom(raws, at, read, raws.slice(0, at))
      acks?.handed(raw.offset)
    }
    // they are read where they are
    return raws as AnyRecord[]
  }

  private async admitFrom(
    raws: Delivery['records'],
    first: number,
    reading: Read | Promise<Read>,
    records: AnyRecord[],
  ): Promise<AnyRecord[] | undefined> {
    for (let at = first; at < raws.length; at++) {
      const raw = raws[at]!
      this.worker.acks?.handed(raw.offset)
      const read = at === first ? reading : this.reader.read(raw)
      const admitted = this.admitOne(read instanceof Promise ? await read : read, 1)
      const record = admitted instanceof Promise ? await admitted : admitted
      if (record === ENDED) return undefined
      if (record !== undefined) records.push(record)
    }
    return records
  }

  /** undefined: dealt with, the handler is not to see it. */
  private admitOne(read: Read, attempt: number): Admitted | Promise<Admitted> {
    if (read instanceof Unreadable) return this.admitFailed(read, read.record, read.error, attempt)
    const { listener, counts } = this.worker.host
    try {
      if (!listener.discardIf?.(read)) return read
    } catch (error) {
      return this.admitFailed(read, read, error, attempt)
    }
    counts.discarded++
    if (listener.ackDiscarded) this.worker.acks?.settle(read.offset)
    return undefined
  }

  private async admitFailed(read: Read, record: AnyRecord, error: unknown, attempt: number): Promise<Admitted> {
    const decision = await decideForRecord(this.worker, record, error, attempt)
    if (decision === 'done') return undefined
    if (decision === 'ended' || !(await this.worker.pause(decision.delayMs))) return ENDED
    return this.admitOne(read, decision.restart ? 1 : attempt + 1)
  }
}
