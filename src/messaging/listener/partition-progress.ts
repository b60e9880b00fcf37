/**
 * How far one assigned partition has come, and when that is committed: after each record, after each delivery, or when the
 * consumer's schedule says so. Always: once gone, nothing of it is committed.
 */
import type { PartitionPosition } from '../../client/port.js'
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import { isManual, isScheduled } from './ack-mode.js'
import { AsyncAcks, CumulativeAcks } from './ack-watermark.js'
import type { AckWatermark } from './ack-watermark.js'
import type { Progress } from './offset-committer.js'
import type { ContainerPosition } from './message-listener-container.js'
import type { WorkerHost } from './worker-host.js'

export class PartitionProgress implements Progress {
  readonly topic: string
  readonly partition: number
  readonly name: string
  acks: AckWatermark | undefined
  /** The next record to be handled, as far as it is known; before the first delivery, where the partition began. */
  current: number | undefined
  committed: number | undefined
  isGone = false
  /** Where its log ended for readers, as what came last told. */
  protected visibleEnd: number | undefined
  private done: number | undefined
  /** Not only at the end of a delivery. */
  private readonly commitsByRecord: boolean

  constructor(
    tp: TopicPartition,
    readonly host: WorkerHost,
  ) {
    this.topic = tp.topic
    this.partition = tp.partition
    this.name = topicPartitionName(tp)
    const { ackMode } = host.listener
    this.commitsByRecord = ackMode === 'RECORD' || ackMode === 'MANUAL_IMMEDIATE' || isScheduled(ackMode)
    this.acks = this.newAcks()
  }

  private newAcks(): AckWatermark | undefined {
    const { ackMode, asyncAcks } = this.host.listener
    if (!isManual(ackMode)) return undefined
    return asyncAcks ? new AsyncAcks() : new CumulativeAcks()
  }

  /** The next offset to commit. */
  get position(): number | undefined {
    return this.acks === undefined ? this.done : this.acks.position
  }

  /** @param told what its driver knows, which hears of the end also when nothing comes */
  progress(told: PartitionPosition | undefined): ContainerPosition {
    const { topic, partition, committed } = this
    const position = this.current ?? told?.position
    const end = told?.position === undefined || told.lag === undefined ? this.visibleEnd : told.position + told.lag
    const lag = position === undefined || end === undefined ? undefined : Math.max(end - position, 0)
    return { topic, partition, position, committed, lag }
  }

  /** Nothing is done yet, but the group begins here. */
  beginAt(offset: number): void {
    if (this.acks === undefined) this.done = offset
    else this.acks.reached(offset)
  }

  /**
   * A record needs no more attention from the container: its handler returned, or it was skipped. In the modes in which
   * the container acknowledges, everything before `position` is done. Gives the commit that the partition waits for.
   */
  advance(position: number, records = 1): Promise<void> | undefined {
    this.current = position
    if (this.acks === undefined) this.done = position
    return this.commitsByRecord ? this.commitAfter(records) : undefined
  }

  private commitAfter(records: number): Promise<void> | undefined {
    const { ackMode, syncCommits } = this.host.listener
    let committed: Promise<void> | undefined
    if (ackMode === 'RECORD') committed = this.host.committer.commit(this)
    else if (ackMode === 'MANUAL_IMMEDIATE') committed = this.isCommitted ? undefined : this.host.committer.commit(this)
    else committed = this.host.schedule?.recordsDone(records)
    return syncCommits ? committed : undefined
  }

  private get isCommitted(): boolean {
    return this.position === undefined || this.position === this.committed
  }

  /** All before `endPosition` is done. Gives the commit that the partition waits for. */
  protected delivered(endPosition: number, isLast: boolean): Promise<void> | undefined {
    const { ackMode, syncCommits } = this.host.listener
    this.current = endPosition
    if (this.acks === undefined) this.done = endPosition
    else this.acks.reached(endPosition)
    let committed: Promise<void> | undefined
    if (!isScheduled(ackMode)) {
      if (syncCommits) committed = this.host.committer.commit(this)
      else this.host.committer.commitSoon(this)
    } else if (isLast) committed = this.host.schedule?.idle()
    return syncCommits ? committed : undefined
  }

  /** It goes on elsewhere: at `current`, where that is known. */
  protected forgetProgress(current: number | undefined): void {
    this.done = undefined
    this.acks = this.newAcks()
    this.current = current
  }
}
