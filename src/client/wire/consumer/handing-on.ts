/**
 * Hands on what was fetched, a chunk of one partition after a chunk of another. Whoever gets them may deal with them before
 * the next: what dies young costs the least. Every few milliseconds sockets and timers get their turn.
 */
import type { Clock } from '../../../base/clock.js'
import { MalformedError } from '../../../base/bytes.js'
import { nextTurn } from '../../../base/turn.js'
import type { IncomingRecord } from '../../port.js'
import type { AssignedPartition, Assignment } from './assignment.js'

const CHUNK_RECORDS = 500
/** What one turn of the event loop may take up. */
const TURN_MS = 3

export type HandOver = (
  own: AssignedPartition,
  records: readonly IncomingRecord[],
  nextOffset: number,
  highWatermark: number,
) => void

export interface HandingOnListener {
  readonly records: HandOver
  /** What is at this offset can't be read. */
  corrupt(own: AssignedPartition, offset: number, error: MalformedError): void
  /** All of an answer is handed on. */
  mayAskMore(): void
}

export class HandingOn {
  private readonly due = new Set<AssignedPartition>()
  private isAtWork = false
  private stopped = false

  constructor(
    private readonly clock: Clock,
    private readonly assignment: Assignment,
    private readonly listener: HandingOnListener,
  ) {}

  /** It has something. */
  add(own: AssignedPartition): void {
    this.due.add(own)
  }

  stop(): void {
    this.stopped = true
    this.due.clear()
  }

  goOn(): void {
    if (this.due.size > 0 && !this.isAtWork) void this.all()
  }

  private async all(): Promise<void> {
    this.isAtWork = true
    let untilMs = this.clock.monotonic() + TURN_MS
    try {
      while (this.due.size > 0 && !this.stopped) {
        for (const own of this.due) {
          this.due.delete(own)
          if (this.chunk(own)) this.due.add(own)
          if (this.clock.monotonic() < untilMs) {
            await Promise.resolve()
            continue
          }
          await nextTurn()
          untilMs = this.clock.monotonic() + TURN_MS
        }
      }
    } finally {
      this.isAtWork = false
    }
    this.listener.mayAskMore()
  }

  /** @returns whether there is more that may be handed on */
  private chunk(own: AssignedPartition): boolean {
    const [fetched] = own.fetched
    if (fetched === undefined || own.paused || !this.assignment.has(own) || this.stopped) return false
    let records: IncomingRecord[]
    try {
      records = fetched.take(CHUNK_RECORDS)
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.listener.corrupt(own, fetched.nextOffset, error)
      return false
    }
    const { nextOffset, highWatermark } = fetched
    if (records.length < CHUNK_RECORDS) {
      own.handedOn()
      this.listener.mayAskMore()
    }
    if (nextOffset !== own.position) {
      own.readOn(nextOffset, fetched.leaderEpoch)
      own.handedOnAtMs = this.clock.monotonic()
      this.listener.records(own, records, nextOffset, highWatermark)
    }
    return own.fetched.length > 0
  }
}
