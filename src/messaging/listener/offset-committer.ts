/**
 * Commits for one consumer: one request at a time, whatever came up meanwhile goes with the next. A failure that may pass
 * is tried again, for as long as the partition is ours; one that does not is told in the log, and the offsets go with the
 * next commit. Nothing here rejects.
 */
import type { Clock, Timer } from '../../base/clock.js'
import { sleep } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import { DriverError } from '../../client/port.js'
import type { ConsumerPort } from '../../client/port.js'
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'

/** A partition whose progress is committed. */
export interface Progress extends TopicPartition {
  /** The next offset to commit; undefined: nothing is done yet. */
  readonly position: number | undefined
  committed: number | undefined
  /** Given up: nothing of it may be committed any more. */
  readonly isGone: boolean
}

const RETRY_MS = 100
/** Partitions that are busy all the time commit together, so often: a request for each delivery would cost more than it saves. */
const PACE_MS = 10
/** After a broker could not be reached. */
const LATER_MS = 1_000

export class OffsetCommitter {
  private readonly dirty = new Set<Progress>()
  private current: Promise<void> = Promise.resolve()
  private next: Promise<void> | undefined
  private lastRoundMs = -Infinity
  private pace: Timer | undefined

  constructor(
    private readonly port: Pick<ConsumerPort, 'commit'>,
    private readonly epoch: () => number,
    private readonly retries: number,
    private readonly tools: { clock: Clock; log: Log },
    private readonly counts: { commits: number; commitFailures: number },
  ) {}

  /** Resolves when what is done of this partition by now is committed, or could not be. */
  commit(progress: Progress): Promise<void> {
    if (progress.position === undefined || progress.position === progress.committed) return this.current
    this.dirty.add(progress)
    return this.nextRound()
  }

  private nextRound(): Promise<void> {
    this.next ??= this.current.then(() => {
      this.next = undefined
      this.current = this.round()
      return this.current
    })
    return this.next
  }

  /** As `commit`, at once when the last request is `PACE_MS` ago, else then. */
  commitSoon(progress: Progress): void {
    const waitMs = this.lastRoundMs + PACE_MS - this.tools.clock.monotonic()
    if (waitMs <= 0) {
      void this.commit(progress)
      return
    }
    this.dirty.add(progress)
    this.pace ??= this.tools.clock.after(waitMs, () => this.commitDirty())
  }

  close(): void {
    this.pace?.cancel()
    this.dirty.clear()
  }

  /** Whoever waited for it goes on; the broker may be back before anything else is done. */
  private commitLater(progresses: readonly Progress[]): void {
    for (const progress of progresses) this.dirty.add(progress)
    this.pace ??= this.tools.clock.after(LATER_MS, () => this.commitDirty())
  }

  private commitDirty(): void {
    this.pace = undefined
    if (this.dirty.size > 0) void this.nextRound()
  }

  private async round(): Promise<void> {
    const due = [...this.dirty]
    this.dirty.clear()
    this.lastRoundMs = this.tools.clock.monotonic()
    for (let attempt = 0; ; attempt++) {
      const live = due.filter(
        ({ isGone, position, committed }) => !isGone && position !== undefined && position !== committed,
      )
      if (live.length === 0) return
      // read once: handlers go on while the request is under way
      const offsets = live.map(({ topic, partition, position }) => ({ topic, partition, offset: position! }))
      try {
        await this.port.commit(offsets, this.epoch())
        this.counts.commits++
        for (const [index, progress] of live.entries()) progress.committed = offsets[index]!.offset
        return
      } catch (error) {
        this.counts.commitFailures++
        if (isRetriable(error) && attempt < this.retries) {
          await sleep(this.tools.clock, RETRY_MS * 2 ** attempt)
          continue
        }
        this.tellFailure(error, offsets)
        if (isRetriable(error)) this.commitLater(live)
        return
      }
    }
  }

  private tellFailure(error: unknown, offsets: readonly (TopicPartition & { offset: number })[]): void {
    const what = offsets.map((tp) => `${topicPartitionName(tp)}@${tp.offset}`).join(', ')
    const reason = error instanceof Error ? error.message : String(error)
    if (error instanceof DriverError && error.kind === 'fenced') {
      this.tools.log.warn(`offsets ${what} were not committed, the partitions are another member's by now: ${reason}`)
    } else if (isRetriable(error)) {
      this.tools.log.warn(`offsets ${what} could not be committed yet: ${reason}`)
    } else {
      this.tools.log.error(`offsets ${what} could not be committed: ${reason}`, { error })
    }
  }
}

function isRetriable(error: unknown): boolean {
  return error instanceof DriverError && (error.kind === 'retriable' || error.kind === 'timeout')
}
